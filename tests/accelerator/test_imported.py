"""Configurations of aihwkit and CrossSim: what is taken, what is left, and that nothing is run."""

import enum
import json
import tomllib
from dataclasses import dataclass, field

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import ModelFileError, ParameterError
from xbar_circuit.accelerator import Accelerator, from_aihwkit, from_crosssim
from xbar_circuit.accelerator._reference import settings_toml
from xbar_circuit.accelerator.settings import InferenceSettings, from_dictionary, read_settings
from xbar_circuit.cells import BitSlices, DifferentialPair
from xbar_circuit.cli import main
from xbar_circuit.peripherals import BitSerial, Dac, ExactDriver


class Management(enum.Enum):
    ABS_MAX = "AbsMax"


class PCMLikeNoiseModel:
    """As aihwkit's: no dataclass, with a converter inside."""

    def __init__(self):
        self.g_max, self.prog_noise_scale, self.drift_scale = 20.0, 0.5, 0.0
        self.g_converter = type("SinglePairConductanceConverter", (), {})()
        self.g_converter.g_min = 0.2


@dataclass
class Forward:
    inp_res: float = 1 / (2**8 - 2)
    out_res: float = 254.0
    out_noise: float = 0.04
    ir_drop: float = 1.0
    ir_drop_g_ratio: float = 1 / 0.35 / 20e-6
    noise_management: Management = Management.ABS_MAX


@dataclass
class Config:
    forward: Forward = field(default_factory=Forward)
    noise_model: PCMLikeNoiseModel = field(default_factory=PCMLikeNoiseModel)
    mapping: dict = field(default_factory=lambda: {"max_input_size": 256, "max_output_size": 128})


def test_a_configuration_of_aihwkit_becomes_an_accelerator():
    made = from_aihwkit(Config())
    a = made.accelerator
    assert (a.rows, a.cols, a.weight_scale) == (256, 256, "tile")
    assert isinstance(a.driver, Dac)
    assert (a.driver.bits, a.readout.converter.bits) == (8, 8)
    assert a.wires.row_ohm == 0.0
    assert a.wires.column_ohm == approx(0.35, rel=1e-12)
    assert a.synapse.g_max_siemens == approx(20e-6, rel=1e-12)
    assert a.synapse.g_min_siemens == approx(0.2e-6, rel=1e-12)
    s = a.statistics
    assert (s.programming_scale, s.drift_scale, s.read_scale) == (0.5, 0.0, 1.0)
    assert made.settings.drift_compensation == "none"
    assert made.left == {
        "class": "Config",
        "forward.class": "Forward",
        "forward.out_noise": 0.04,
        "forward.noise_management": "ABS_MAX",
        "noise_model.g_converter.class": "SinglePairConductanceConverter",
    }


def test_no_limit_on_outputs_is_that_of_independent_columns():
    """As in aihwkit's preset for inference, ``StandardHWATrainingPreset``."""
    made = from_aihwkit({"mapping": {"max_input_size": 512, "max_output_size": 0}})
    assert (made.accelerator.rows, made.accelerator.cols) == (512, 1024)
    assert made.accelerator.wires.row_ohm == 0.0
    assert "no limit becomes 512 outputs" in made.taken["mapping.max_output_size"]


def test_what_is_made_of_aihwkit_computes_the_product():
    """Perfect input and output: the array is the matrix product, without wires and noise."""
    chip_of = from_aihwkit({"forward": {"is_perfect": True}}).accelerator
    assert isinstance(chip_of.driver, ExactDriver)
    rng = np.random.default_rng(2)
    dense = xc.network.operators.Dense(weight=rng.normal(size=(30, 7)), bias=np.zeros(7))
    node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    network = xc.network.Network(nodes=(node,), input_shape=(30,))
    x = rng.random((5, 30), dtype=np.float32)
    found = chip_of.program(network, calibration=x).run(x)[0]
    exact = x @ dense.weight
    assert np.abs(found - exact).max() < 2e-6 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("kind", "expected"), [("GlobalDriftCompensation", "global"), ("Other", "none")]
)
def test_drift_compensation_by_its_class(kind, expected):
    made = from_aihwkit({"drift_compensation": {"class": kind}})
    assert made.settings.drift_compensation == expected
    assert ("drift_compensation.class" in made.left) == (kind == "Other")


CROSSSIM = {
    "core": {"style": 1, "rows_max": 64, "cols_max": 32, "offset": {"style": 1}},
    "xbar": {
        "device": {
            "Rmin": 4e4,
            "Rmax": 4e6,
            "Vread": 0.1,
            "programming_error": {"enable": True, "model": "PCMJoshi", "magnitude": 0},
            "read_noise": {"enable": False, "model": "IdealDevice", "magnitude": 0},
        },
        "array": {"Icol_max": 1e6, "parasitics": {"enable": True, "Rp_row": 5e-5, "Rp_col": 1e-4}},
        "adc": {"mvm": {"model": "SarADC", "bits": 7}},
        "dac": {"mvm": {"bits": 8, "input_bitslicing": True}},
    },
}


def test_a_configuration_of_crosssim_becomes_an_accelerator(tmp_path):
    path = tmp_path / "params.json"
    path.write_text(json.dumps(CROSSSIM), encoding="utf-8")
    made = from_crosssim(path)
    a = made.accelerator
    assert (a.rows, a.cols) == (64, 64)
    assert isinstance(a.synapse, DifferentialPair)
    assert a.synapse.g_max_siemens == approx(25e-6, rel=1e-12)
    assert a.synapse.g_min_siemens == approx(0.25e-6, rel=1e-12)
    assert (a.wires.row_ohm, a.wires.column_ohm) == approx((2.0, 4.0), rel=1e-12)
    assert isinstance(a.driver, BitSerial)
    assert (a.driver.bits, a.driver.full_scale_volt) == (8, 0.1)
    assert (a.readout.converter.bits, a.readout.difference) == (7, "current")
    s = a.statistics
    assert (s.programming_scale, s.read_scale, s.drift_scale) == (1.0, 0.0, 0.0)
    assert made.left == {
        "core.offset.style": 1,
        "xbar.device.programming_error.magnitude": 0,
        "xbar.array.Icol_max": 1e6,
        "xbar.adc.mvm.model": "SarADC",
    }


def test_bit_slices_of_crosssim():
    core = {"style": "BITSLICED", "weight_bits": 9, "bit_sliced": {"num_slices": 4}}
    synapse = from_crosssim({"core": core}).accelerator.synapse
    assert isinstance(synapse, BitSlices)
    assert (synapse.bits_per_cell, synapse.slices) == (2, 4)


@pytest.mark.parametrize(
    ("read", "config", "word"),
    [
        (from_crosssim, {"core": {"style": 3}}, "core.style"),
        (from_crosssim, {"xbar": {"device": {"Rmin": 2e4, "Rmax": 1e4}}}, "Rmin"),
        (from_crosssim, {"xbar": {"adc": {"mvm": {"bits": 40}}}}, "xbar.adc.mvm.bits"),
        (from_aihwkit, {"mapping": {"max_input_size": 0}}, "mapping.max_input_size"),
        (from_aihwkit, {"forward": {"ir_drop": "much"}}, "forward.ir_drop"),
        (from_aihwkit, 7, "config"),
    ],
)
def test_what_has_no_meaning_is_refused_by_its_key(read, config, word):
    with pytest.raises(ParameterError, match=word):
        read(config)


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_file_that_is_no_configuration(text, tmp_path):
    path = tmp_path / "params.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ModelFileError, ParameterError)):
        from_crosssim(path)


@pytest.mark.parametrize("simulator", ["crosssim", "aihwkit"])
def test_the_verb_writes_a_file_that_reads_as_the_same_settings(tmp_path, simulator):
    config, made = {
        "crosssim": (
            {
                "core": {"rows_max": 32, "cols_max": 16},
                "xbar": {
                    "device": {"Rmin": 4e4, "Rmax": 4e6},
                    "adc": {"mvm": {"bits": 6}},
                    "array": {"Icol_max": 1e6},
                },
            },
            from_crosssim,
        ),
        "aihwkit": (
            {
                "mapping": {"max_input_size": 64},
                "noise_model": {"class": "PCMLikeNoiseModel", "g_max": 20.0},
                "drift_compensation": {"class": "GlobalDriftCompensation"},
            },
            from_aihwkit,
        ),
    }[simulator]
    (tmp_path / "own.json").write_text(json.dumps(config))
    words = ["import-settings", str(tmp_path / "own.json"), "--simulator", simulator]
    with pytest.raises(SystemExit) as left:
        main([*words, "--out", str(tmp_path / "out")])
    assert left.value.code == 0
    wanted = made(config)
    assert read_settings(tmp_path / "out" / "accelerator.toml") == wanted.settings
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert content["left"] == dict(wanted.left)
    assert set(content["taken"]) == set(wanted.taken)


def test_settings_of_layers_are_written_too():
    usual = Accelerator()
    settings = InferenceSettings(
        digital={"head": None, "a.b": 8}, elsewhere={"conv[0]": usual.changed(rows=32)}
    )
    assert from_dictionary(tomllib.loads(settings_toml(settings))) == settings
