"""Settings from TOML."""

import pytest

from xbar_circuit import ModelFileError, ParameterError
from xbar_circuit.accelerator.settings import from_dictionary, read_settings
from xbar_circuit.cells import BitSlices
from xbar_circuit.devices import Sinh
from xbar_circuit.peripherals import (
    BitSerial,
    IdealConverter,
    PulseWidth,
    Sar,
    TransimpedanceAmplifier,
    WordLineBuffer,
)
from xbar_circuit.resources import device_model

TEXT = """
[accelerator]
rows = 256
synapse = { kind = "bit_slices", slices = 2 }
driver = { kind = "buffer", output_ohm = 30.0, driver = { kind = "pulse_width", bits = 6 } }
thermal_noise = true
wires = { row_ohm = 0.5, column_ohm = 1.5 }
terminals = { left_ohm = 10.0 }
[accelerator.readout]
difference = "digital"
converter = { kind = "ideal", bits = 7, window_second = 1e-7 }
[accelerators.wide]
readout.converter.bits = 10
[accelerators.serial]
driver = { kind = "bit_serial", bits = 4 }
[layers]
conv1 = "wide"
conv2 = "serial"
dense1 = "digital"
dense2 = "int6"
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
    accelerator = found.accelerator
    assert accelerator.rows == 256
    assert accelerator.synapse == BitSlices(
        g_min_siemens=0.1e-6, g_max_siemens=20.7e-6, bits_per_cell=2, slices=2
    )
    assert accelerator.driver == WordLineBuffer(output_ohm=30.0, driver=PulseWidth(bits=6))
    assert accelerator.readout.converter == IdealConverter(bits=7, window_second=1e-7)
    assert accelerator.thermal_noise
    wide, serial = found.elsewhere["conv1"], found.elsewhere["conv2"]
    assert wide.readout.converter == IdealConverter(bits=10, window_second=1e-7)
    assert wide.driver == accelerator.driver
    assert serial.driver == BitSerial(bits=4)
    assert serial.readout == accelerator.readout
    assert found.digital == {"dense1": None, "dense2": 6}
    assert found.accelerator.wires.column_ohm == 1.5
    assert found.accelerator.terminals.left_ohm == 10.0
    assert accelerator.statistics.drift_scale == 0.5
    assert serial.statistics == accelerator.statistics
    assert found.seconds == (25.0, 3600.0)
    assert found.seeds == 3
    assert found.wire_aware


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"acelerator": {}}, "acelerator"),
        ({"accelerator": {"row": 3}}, "row"),
        ({"accelerator": {"driver": {"kind": "magic"}}}, "driver.kind"),
        ({"accelerator": {"driver": {"bit": 8}}}, "bit"),
        ({"accelerator": {"readout": {"converter": {"kind": "sar", "bits": 99}}}}, "bits"),
        ({"accelerator": {"readout": {"chain": "none"}}}, "chain"),
        ({"accelerator": {"synapse": {"kind": "pair", "slices": 2}}}, "slices"),
        ({"accelerator": {"synapse": {"cell": {"kind": "spin"}}}}, "cell.kind"),
        ({"accelerator": {"synapse": {"cell": {"kind": "sinh"}}}}, "v0_volt"),
        ({"layers": {"conv1": "nowhere"}}, "layers.conv1"),
        ({"accelerator": {"wires": {"row_ohm": 1.0}}}, "wires"),
        ({"accelerator": {"wires": {"row_ohm": -1.0, "column_ohm": 1.0}}}, "row_ohm"),
        ({"pcm": {"preset": "unknown"}}, "preset"),
        ({"pcm": {"programing_scale": 1.0}}, "programing_scale"),
        ({"run": {"second": [1.0]}}, "second"),
        ({"run": {"seconds": []}}, "seconds"),
        ({"run": {"drift_compensation": "some"}}, "drift_compensation"),
        (
            {
                "pcm": {"preset": "hermes_single"},
                "accelerator": {"synapse": {"g_max_siemens": 25e-6}},
            },
            "g_max",
        ),
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


def test_ready_read_outs_and_exact_converters_have_names():
    found = from_dictionary(
        {
            "accelerator": {
                "synapse": {"cell": {"kind": "sinh", "v0_volt": 0.3}},
                "driver": {"kind": "exact"},
                "readout": {"chain": "sar", "bits": 6},
            }
        }
    ).accelerator
    assert found.synapse.cell == Sinh(v0_volt=0.3)
    assert found.driver.exact
    assert isinstance(found.readout.converter, Sar)
    assert isinstance(found.readout.amplifier, TransimpedanceAmplifier)
    assert found.readout.converter.bits == 6
    exact = from_dictionary({"accelerator": {"readout": {"converter": {"bits": "exact"}}}})
    assert exact.accelerator.readout.converter.bits is None


def test_a_circuit_of_ones_own_is_named_by_its_file(tmp_path):
    for name in ("two_stage_opamp.lib", "cmos45.lib"):
        (tmp_path / name).write_text(device_model(name).read_text())
    config = tmp_path / "a.toml"
    config.write_text(
        """
[accelerator.readout]
converter = { kind = "sar", bits = 8, low_volt = 0.1, high_volt = 0.6 }
[accelerator.readout.amplifier]
kind = "transimpedance"
feedback_ohm = 6e3
reference_volt = 0.35
[accelerator.readout.amplifier.opamp]
kind = "subcircuit"
file = "two_stage_opamp.lib"
name = "two_stage_opamp"
ports = ["plus", "minus", "out"]
supplies = { vdd = 1.1, vss = 0.0 }
models = "cmos45.lib"
"""
    )
    readout = read_settings(config).accelerator.readout
    assert readout.amplifier.opamp.path == tmp_path / "two_stage_opamp.lib"
    assert readout.circuits
    config.write_text(config.read_text().replace('file = "two_stage_opamp.lib"', ""))
    with pytest.raises(ParameterError, match="no file"):
        read_settings(config)
