"""Settings from TOML."""

import tomllib

import numpy as np
import pytest

from closeness import approx
from xbar_circuit import ModelFileError, ParameterError, XbarError
from xbar_circuit.accelerator.settings import from_dictionary, read_settings
from xbar_circuit.cells import BitSlices
from xbar_circuit.devices import PcmStatistics, Sinh, TabulatedCurve
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
    named = config.read_text()
    library = device_model("cmos45_corners.lib")
    for models, sections in (
        (f'"{library}:ss"', ["ss"]),
        (f'["cmos45.lib", "{library}:ff"]', [None, "ff"]),
    ):
        with_sections = named.replace('models = "cmos45.lib"', f"models = {models}")
        config.write_text(with_sections + 'accept = ["scale"]\n')
        opamp = read_settings(config).accelerator.readout.amplifier.opamp
        assert [section for _, section in opamp.models] == sections
        assert opamp.accept == ("scale",)
    config.write_text(named.replace('file = "two_stage_opamp.lib"', ""))
    with pytest.raises(ParameterError, match=r"opamp\.file: got nothing"):
        read_settings(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run.seconds = 25", "run.seconds: got 25, expected a list [s]; write seconds = [25]"),
        ("accelerator.wires = 1.0", "accelerator.wires: got 1.0, expected a table"),
        ('accelerator.synapse.cell = "sinh"', "accelerator.synapse.cell: got 'sinh', expected a"),
        ('pcm = "joshi2020"', "pcm: got 'joshi2020', expected a table"),
        (
            'accelerator.synapse = {kind="bit_slices", slice_bits=4}',
            "accelerator.synapse.slice_bits: got an unknown key",
        ),
        ('run.wire_aware = "yes"', "run.wire_aware: got 'yes', expected true or false"),
        ('run.wire_aware = "false"', "run.wire_aware: got 'false', expected true or false"),
        ("run.memory_bytes = 1e9", "run.memory_bytes: got 1000000000.0, expected a whole number"),
        ("run.seeds = 1000000000000", "run.seeds: got 1000000000000, expected a whole number"),
        ("run.seedss = 3", "did you mean 'seeds'?"),
        ('run.architecture = "isac"', "did you mean 'isaac'?"),
        ('accelerator.driver.kind = "pulse"', "accelerator.driver.kind: got 'pulse', expected one"),
        ("accelerator.driver = [1]", "accelerator.driver: got [1], expected a table"),
        ("accelerator.driver.bits = 40", "accelerator.driver.bits: got 40, expected a whole"),
        ('accelerator.readout.difference = "digtal"', "did you mean 'digital'?"),
        ('accelerator.readout.chain = "sra"', "did you mean 'sar'?"),
        ("accelerators.wide = 3", "accelerators.wide: got 3, expected a table"),
        ("accelerators.wide.row = 3", "accelerators.wide.row: got an unknown key"),
        ("layers.conv1 = 3", "layers.conv1: got 3, expected text"),
        ("layers.conv1 = {rows = 0}", "layers.conv1.rows: got 0, expected a whole number >= 1"),
        ("accelerator.digital.buffer.byte_joule = -1", "accelerator.digital.buffer.byte_joule"),
        ("pcm.read_curve = {x = [0, 1]}", "pcm.read_curve"),
        ('pcm.read_curve = {file = "none.csv"}', "none.csv"),
        ('accelerator.driver.inl_lsb = {file = "none.csv"}', "none.csv"),
        ("pcm.t0_second = nan", "pcm.t0_second: got nan"),
    ],
)
def test_wrong_types_and_values_are_named_by_their_key(text, message):
    with pytest.raises(XbarError) as caught:
        from_dictionary(tomllib.loads(text))
    assert message in str(caught.value)


def test_measured_curves_and_numbers_come_from_files_beside_the_settings(tmp_path):
    (tmp_path / "sigma.csv").write_text("x,sigma\n0,0.01\n0.5,0.03\n1,0.02\n")
    (tmp_path / "inl.csv").write_text("\n".join(["0"] * 7 + ["0.25"] * 8) + "\n")
    (tmp_path / "a.toml").write_text(
        """
[accelerator.driver]
bits = 4
inl_lsb = { file = "inl.csv" }
[pcm]
preset = "hermes_single"
programming_curve = { file = "sigma.csv" }
drift_mean_curve = { kind = "polynomial", coefficients = [0.05, 0.01] }
read_curve.kind = "piecewise"
read_curve.split = 0.5
read_curve.below = { kind = "clipped_log", slope = -0.01, offset = 0.0, low = 0.01, high = 0.04 }
read_curve.above = { x = [0.5, 1.0], y = [0.01, 0.02] }
source = "our own devices"
"""
    )
    found = read_settings(tmp_path / "a.toml").accelerator
    statistics = found.statistics
    assert found.driver.inl_lsb == (0.0,) * 7 + (0.25,) * 8
    assert statistics.programming_curve == TabulatedCurve(x=(0.0, 0.5, 1.0), y=(0.01, 0.03, 0.02))
    assert statistics.g_max_siemens == PcmStatistics.hermes_single().g_max_siemens
    target = 0.25 * statistics.g_max_siemens
    sigma = float(statistics.programming_sigma(target))
    assert sigma == approx(0.02 * statistics.g_max_siemens, rel=1e-12)
    assert float(statistics.drift_mean(target)) == approx(0.0525, rel=1e-12)
    assert statistics.read_curve(np.array([0.75]))[0] == approx(0.015, rel=1e-12)
    assert statistics.source == "our own devices"


def test_a_layer_has_settings_of_its_own_and_the_rest_of_the_first():
    found = from_dictionary(
        {
            "accelerator": {"rows": 64, "readout": {"converter": {"bits": 6}}},
            "layers": {"conv1": {"readout": {"converter": {"bits": 9}}}, "conv2": "int4"},
        }
    )
    own = found.elsewhere["conv1"]
    assert own.rows == 64
    assert own.readout.converter.bits == 9
    assert found.accelerator.readout.converter.bits == 6
    assert found.digital == {"conv2": 4}


def test_none_is_said_by_a_word():
    found = from_dictionary(
        {"accelerator": {"terminals": {"left_ohm": "none", "right_ohm": 5.0}}}
    ).accelerator
    assert found.terminals.left_ohm is None
    assert found.terminals.right_ohm == 5.0


def test_the_synapse_takes_the_range_of_the_statistics_unless_it_says_one():
    found = from_dictionary({"pcm": {"preset": "hermes_single"}}).accelerator.synapse
    assert found.g_max_siemens == 10.35e-6
    assert found.g_min_siemens == 0.1e-6
    said = {"synapse": {"g_max_siemens": 5e-6, "g_min_siemens": 0.0}}
    found = from_dictionary({"pcm": {}, "accelerator": said}).accelerator.synapse
    assert (found.g_min_siemens, found.g_max_siemens) == (0.0, 5e-6)
