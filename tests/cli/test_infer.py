"""``xbar infer`` on networks and data of unknown origin: metrics, intervals, what is left out."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer

from closeness import approx
from onnx_graphs import content_of, node
from xbar_circuit import ParameterError, cli
from xbar_circuit.cli import main
from xbar_circuit.cli._words import bytes_of
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.intervals import proportion
from xbar_circuit.network.operators import Dense
from xbar_circuit.network.storage import save

RNG = np.random.default_rng(4)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A dense layer of 12 inputs and 5 outputs, inputs that it gets mostly right, and files."""
    weight = RNG.normal(size=(12, 5)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(5, np.float32))
    network = Network(
        nodes=(Node(name="dense", operator=dense, inputs=(INPUT,)),), input_shape=(12,)
    )
    save(network, tmp_path / "net.npz")
    x = RNG.normal(size=(120, 12)).astype(np.float32)
    y = (x @ weight).argmax(axis=1)
    y[::7] = (y[::7] + 1) % 5
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "numbers.npy", x @ weight + 0.25)
    np.save(tmp_path / "known.npy", RNG.normal(size=(40, 12)).astype(np.float32))
    (tmp_path / "a.toml").write_text("[run]\nseconds = [25.0, 3600.0]\n[pcm]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(*more):
    return ["infer", "net.npz", "--data", "x.npy", "--calibration", "known.npy", "--divide", "1",
            "--config", "a.toml", "--out", "out", *more]  # fmt: skip


QUICK = ("--no-budget", "--no-cost", "--no-spot-check")


def summary():
    return json.loads(Path("out/summary.json").read_text(encoding="utf-8"))


def run(*more, code=0):
    with pytest.raises(SystemExit) as left:
        main(words(*more))
    assert left.value.code == code
    return summary() if code == 0 else None


def test_without_labels_the_outputs_are_compared_with_the_digital_run(files, capsys):
    found = run(*QUICK)
    assert list(found["metrics"]) == ["snr"]
    assert found["complete"]
    assert 5.0 < found["metrics"]["snr"]["mean"][0] < 60.0
    low, high = found["metrics"]["snr"]["confidence_95_over_samples"][0]
    assert low < found["metrics"]["snr"]["mean"][0] < high
    assert "accuracy" not in capsys.readouterr().out
    digital, chip = (
        np.load(files / "out/outputs" / f"{name}.npy") for name in ("digital", "chip_0_at_25_s")
    )
    wide = digital.astype(float)
    snr = 10 * np.log10((wide**2).sum() / ((chip - wide) ** 2).sum())
    assert found["metrics"]["snr"]["mean"][0] == approx(snr, rel=1e-6)


def test_one_chip_has_an_interval_over_the_samples_and_none_over_chips(files, capsys):
    found = run(*QUICK, "--labels", "y.npy", "--images", "50")
    own = found["metrics"]["accuracy"]
    assert found["images"] == 50
    assert own["confidence_95_half_width_over_chips"] == [None, None]
    labels = np.load("y.npy")[:50]
    digital = np.load("out/outputs/digital.npy").argmax(axis=1)
    truth = proportion(digital == labels)
    assert own["digital"]["value"] == truth.value == found["digital_accuracy"]
    assert own["digital"]["confidence_95"] == [truth.low, truth.high]
    assert own["confidence_95_over_samples"][0][0] < own["mean"][0]
    assert "one chip" in capsys.readouterr().out
    with Path("out/outputs/predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["digital"]) for row in rows] == digital.tolist()
    assert [int(row["label"]) for row in rows] == labels.tolist()
    assert {"sample", "chip 0 at 25 s", "chip 0 at 3600 s"} <= set(rows[0])


def test_metrics_that_are_asked_for_also_ones_own_and_numbers(files):
    (files / "my_measure_of_infer.py").write_text(
        "def largest(outputs, targets):\n    return abs(outputs).max()\n"
    )
    found = run(*QUICK, "--labels", "y.npy", "--metric", "top-2", "--metric",
                "my_measure_of_infer:largest")  # fmt: skip
    assert list(found["metrics"]) == ["top-2", "my_measure_of_infer:largest"]
    largest = np.abs(np.load("out/outputs/chip_0_at_25_s.npy")).max()
    assert found["metrics"]["my_measure_of_infer:largest"]["mean"][0] == float(largest)
    found = run(*QUICK, "--labels", "numbers.npy")
    assert list(found["metrics"]) == ["mse", "snr"]
    assert abs(found["metrics"]["mse"]["digital"]["value"] - 0.0625) < 1e-5
    sys.modules.pop("my_measure_of_infer")


def test_a_budget_on_some_of_the_samples_has_intervals(files):
    found = run("--labels", "y.npy", "--no-cost", "--no-spot-check", "--budget-images", "30")
    budget = found["error_budget"]
    assert budget["samples"] == 30
    for effect, share in budget["accuracy"].items():
        low, high = budget["accuracy_confidence_95"][effect]
        assert low < share < high or share in {low, high, 1.0}
        low, high = budget["change_confidence_95"][effect]
        assert low <= budget["change_of_accuracy"][effect] <= high
        assert low < high
    assert found["cost"] is None
    assert "spice_vectors" not in found


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--metric", "acuracy"], 2, "metric: got 'acuracy'"),
        (["--metric", "accuracy"], 2, "accuracy without targets"),
        (["--memory", "1MB"], 2, "--memory 0.4GB"),
        (["--memory", "much"], 2, "--memory: got 'much'"),
        (["--shape", "3,x"], 2, "--shape: got"),
        (["--shape", "3,5"], 2, "expected the network's (3, 5)"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_work(files, capsys, more, code, message):
    run(*more, code=code)
    assert message in capsys.readouterr().err


def test_siemens_that_look_like_microsiemens_are_named(files, capsys):
    Path("a.toml").write_text("[accelerator]\nsynapse = {kind = 'pair', g_max_siemens = 0.025}\n")
    run(*QUICK)
    assert "accelerator.synapse.g_max_siemens of 25 mS" in capsys.readouterr().err
    Path("a.toml").write_text("[accelerator]\nsynapse = {kind = 'pair', g_max_siemens = 25e-6}\n")
    run(*QUICK, "--out", "other")
    assert "warning" not in capsys.readouterr().err


JUDGING = ("infer", "cost", "design", "wire-aware", "placement", "temperature", "fine-tune",
           "compare-readouts")  # fmt: skip


@pytest.mark.parametrize("verb", JUDGING)
def test_a_foreign_network_is_never_judged_by_our_own_images(files, capsys, verb):
    with pytest.raises(SystemExit) as left:
        main([verb, "net.npz", "--out", "out"])
    assert left.value.code == 2
    assert "data: got nothing for net.npz" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:  # nor are pixels divided by what nobody said
        main([verb, "net.npz", "--data", "x.npy", "--out", "out"])
    assert left.value.code == 2
    assert "normalisation: got nothing" in capsys.readouterr().err


def test_verbs_that_judge_are_all_tried():
    group = typer.main.get_command(cli.app)
    with_data = {
        name
        for name in cli.verbs()
        if "--data" in {p.opts[0] for p in group.get_command(None, name).params}
    }
    assert with_data == set(JUDGING)


@pytest.fixture
def module_of_ones_own(files, request):
    """Write a network of two outputs, a size that is open and an input that is a rate; a module."""
    weight = np.load("x.npy")[:12, :5]
    nodes = [
        node("Mul", ["x", "rate"], "louder"),
        node("MatMul", ["louder", "w"], "scores"),
        node("MatMul", ["louder", "v"], "other"),
    ]
    content = content_of(
        nodes,
        {"w": weight, "v": weight[:, :2]},
        {"x": ("n", "size"), "rate": ()},
        ["scores", "other"],
    )
    Path("two.onnx").write_bytes(content)
    name = "my_net_of_" + "".join(filter(str.isalnum, request.node.name))
    Path(f"{name}.py").write_text(
        "import numpy as np, torch\n"
        "def net():\n"
        "    made = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 5))\n"
        "    made[1].weight.data = torch.from_numpy(np.load('x.npy')[:5])\n"
        "    return made\n"
    )
    yield f"{name}:net"
    sys.modules.pop(name, None)


SMALL = {
    "infer": [*QUICK],
    "cost": [],
    "design": ["--tile", "16", "--bits", "6", "--devices-per-sign", "1", "--workers", "1"],
    "wire-aware": ["--segment-ohm", "1", "--seeds", "1", "--workers", "1", "--tile", "16"],
    "placement": ["--seeds", "1", "--lost", "1"],
    "temperature": ["--celsius", "60", "--seeds", "1"],
}


def test_too_little_memory_is_told_before_anything_is_mapped_or_run(files, monkeypatch, capsys):
    def never(*_, **__):
        raise AssertionError("work that comes after the check")

    for verb in ("inference", "temperature", "placement", "point"):
        monkeypatch.setattr(f"xbar_circuit.studies.network.{verb}.make_chip", never)
    monkeypatch.setattr("xbar_circuit.studies.network.chips.map_network", never)
    monkeypatch.setattr("xbar_circuit.studies.network.inference.run", never)
    run("--memory", "300MB", "--labels", "y.npy", code=2)
    told = capsys.readouterr().err
    assert "got 300,000,000" in told
    assert "--memory 0.4GB" in told
    with pytest.raises(AssertionError, match="after the check"):
        main(words("--memory", "400MB", "--labels", "y.npy"))


@pytest.mark.parametrize("verb", SMALL)
def test_every_verb_takes_outputs_constants_and_modules(module_of_ones_own, verb, capsys):
    own = [] if verb == "cost" else ["--labels", "y.npy", "--calibration", "known.npy"]
    shared = ["--data", "x.npy", "--divide", "1", "--images", "40", *own, *SMALL[verb]]
    for words_of_it in (
        ["two.onnx", "--output", "scores", "--constant", "rate=2", "--shape", "12"],
        [module_of_ones_own, "--shape", "12"],
    ):
        with pytest.raises(SystemExit) as left:
            main([verb, *words_of_it, *shared, "--out", f"out/{verb}"])
        told = capsys.readouterr()
        assert left.value.code == 0, told.err
        assert Path(f"out/{verb}/summary.json").exists()
    with pytest.raises(SystemExit) as left:
        main([verb, "two.onnx", "--constant", "rate=2", *shared, "--out", f"out/{verb}"])
    assert left.value.code == 2
    assert "--output" in capsys.readouterr().err


def test_progress_that_nobody_sees_is_a_line_a_step(files):
    done = subprocess.run(
        [sys.executable, "-m", "xbar_circuit", *words(*QUICK, "--labels", "y.npy")],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["digital inference", "analog inference"]
    assert lines[0].startswith("digital inference: 120 of 120, ")
    assert not {"\x1b", "━", "\r"} & set(done.stderr)


def test_a_run_that_is_killed_keeps_what_was_known(files):
    """The metric waits once the digital run is known: the chip is never finished."""
    (files / "my_slow_measure.py").write_text(
        "import os, time\n"
        "def slow(outputs, targets):\n"
        "    if os.path.exists('out/summary.json'):\n"
        "        time.sleep(600)\n"
        "    return (outputs.argmax(axis=1) == targets).mean()\n"
    )
    job = subprocess.Popen(
        [sys.executable, "-m", "xbar_circuit",
         *words(*QUICK, "--labels", "y.npy", "--metric", "accuracy", "--metric",
                "my_slow_measure:slow")],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    place = files / "out/summary.json"
    try:
        for _ in range(1200):
            if place.exists() or job.poll() is not None:
                break
            time.sleep(0.1)
        assert job.poll() is None, job.stderr.read()
    finally:
        os.kill(job.pid, signal.SIGKILL)
        job.communicate()
    found = json.loads(place.read_text(encoding="utf-8"))
    assert not found["complete"]
    labels = np.load("y.npy")
    right = (np.load("out/outputs/digital.npy").argmax(axis=1) == labels).mean()
    assert found["digital"]["accuracy"]["value"] == right


def test_a_file_that_leaves_its_batch_open_runs_and_is_kept(files):
    """Such a network remembers its file, which is no part of what it computes."""
    weight = np.load("x.npy")[:12, :5]
    content = content_of([node("MatMul", ["x", "w"])], {"w": weight}, {"x": ("n", 12)})
    Path("open.onnx").write_bytes(content)
    words_of_it = ["open.onnx" if word == "net.npz" else word for word in words(*QUICK)]
    found = []
    for _ in range(2):  # the second time from what was kept
        with pytest.raises(SystemExit) as left:
            main(words_of_it)
        assert left.value.code == 0
        found.append(summary()["metrics"])
    assert found[0] == found[1]


def test_amounts_of_memory():
    assert bytes_of("--memory", "500 MB") == 500_000_000
    assert bytes_of("--memory", "1GiB") == 2**30
    for text in ("0GB", "-1", "3XB", ""):
        with pytest.raises(ParameterError, match="an amount of memory"):
            bytes_of("--memory", text)
