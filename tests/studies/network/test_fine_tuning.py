"""Training through 20 ohm per segment recovers what the wires took, without labels."""

import json

import pytest

from xbar_circuit.cli import main


def test_a_few_steps_recover_much_of_what_wires_take(tmp_path):
    """300 images: one standard error of an accuracy is 2.7 points at most."""
    options = ["--images", "300", "--steps", "15", "--seeds", "1", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as done:
        main(["fine-tune", *options])
    assert done.value.code == 0
    found = json.loads((tmp_path / "summary.json").read_text())
    mean = found["mean_accuracy"]
    assert mean["untouched"] < found["digital_accuracy"] - 0.15
    assert mean["fine-tuned"] > mean["untouched"] + 0.10
    assert mean["wire-aware programming"] > mean["untouched"] + 0.15
    assert len(found["losses"]) == 15
    assert (tmp_path / "fine_tuning.png").stat().st_size > 0
    assert (tmp_path / "index.html").stat().st_size > 0


@pytest.mark.parametrize("verb", ["fine-tune", "language"])
def test_an_unknown_preset_is_named(verb, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--pcm", "joshi", "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert "--pcm" in capsys.readouterr().err
