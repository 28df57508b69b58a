"""Settings from TOML."""

import pytest

from xbar_circuit import ModelFileError, ParameterError
from xbar_circuit.accelerator.settings import from_dictionary, read_settings

TEXT = """
[accelerator]
tile_rows = 256
slice_bits = [2, 2]
wires = { row_ohm = 0.5, column_ohm = 1.5 }
terminals = { left_ohm = 10.0 }
[pcm]
preset = "hermes_double"
drift_scale = 0.5
[run]
seconds = [25.0, 3600.0]
seeds = 3
drift_compensation = "column"
wire_aware = true
"""


def test_a_file_says_everything(tmp_path):
    (tmp_path / "a.toml").write_text(TEXT)
    found = read_settings(tmp_path / "a.toml")
    assert found.accelerator.tile_rows == 256
    assert found.accelerator.slice_bits == (2, 2)
    assert found.accelerator.wires.column_ohm == 1.5
    assert found.accelerator.terminals.left_ohm == 10.0
    assert found.accelerator.g_max_siemens == 20.7e-6
    assert found.statistics.drift_scale == 0.5
    assert found.seconds == (25.0, 3600.0)
    assert found.seeds == 3
    assert found.wire_aware


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"acelerator": {}}, "acelerator"),
        ({"accelerator": {"tile_row": 3}}, "tile_row"),
        ({"accelerator": {"wires": {"row_ohm": 1.0}}}, "wires"),
        ({"accelerator": {"wires": {"row_ohm": -1.0, "column_ohm": 1.0}}}, "row_ohm"),
        ({"pcm": {"preset": "unknown"}}, "preset"),
        ({"pcm": {"programing_scale": 1.0}}, "programing_scale"),
        ({"run": {"second": [1.0]}}, "second"),
        ({"run": {"seconds": []}}, "seconds"),
        ({"run": {"drift_compensation": "some"}}, "drift_compensation"),
        ({"pcm": {"preset": "hermes_single"}, "accelerator": {"g_max_siemens": 25e-6}}, "g_max"),
    ],
)
def test_what_is_misspelt_or_out_of_range_is_refused(content, words):
    with pytest.raises(ParameterError, match=words):
        from_dictionary(content)


def test_a_file_that_is_not_toml_is_named(tmp_path):
    (tmp_path / "bad.toml").write_text("[run\n")
    with pytest.raises(ModelFileError, match=r"bad\.toml"):
        read_settings(tmp_path / "bad.toml")
    with pytest.raises(ModelFileError, match=r"none\.toml"):
        read_settings(tmp_path / "none.toml")
