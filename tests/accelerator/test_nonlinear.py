"""Networks on nonlinear cells: the correction against Newton, against ngspice, and in accuracy."""

from dataclasses import replace

import numpy as np
import pytest

from xbar_circuit import nodal
from xbar_circuit.accelerator import Accelerator, map_network, spot_check
from xbar_circuit.accelerator.inference import Analog, calibrate, prepare
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.cells import GateInput
from xbar_circuit.devices import Ohmic, PcmCell, Sinh
from xbar_circuit.errors import ParameterError
from xbar_circuit.network import record_vectors
from xbar_circuit.network.execution import Digital
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.wires import Wires

STRONG = Accelerator(
    cell=Sinh(v0_volt=0.15), wires=Wires(row_ohm=3.0, column_ohm=3.0), output_bits=None
)
WIRES = {"row_ohm": 1.0, "column_ohm": 1.0}


def chip(accelerator, rows=96, *, signed=False):
    rng = np.random.default_rng(8)
    weight = rng.normal(size=(rows, 20)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(20, np.float32))
    network = Network(
        nodes=(Node(name="dense", operator=dense, inputs=(INPUT,)),), input_shape=(rows,)
    )
    images = rng.normal(size=(200, rows)).astype(np.float32)
    images = images if signed else np.maximum(images, 0.0)
    mapping = map_network(network, accelerator)
    held = tuple(tuple(tile.target for tile in plan.tiles) for plan in mapping.layers)
    transfers = prepare(mapping, held)
    ranges = calibrate(mapping, transfers, images[:100], conductances=held)
    return mapping, held, transfers, Analog(mapping, transfers, ranges), images[100:]


def products(mapping, analog, images):
    exact = Digital(mapping.network).multiply("dense", images[:, None])
    got = analog.multiply("dense", analog.encode("dense", images)[:, None])
    return exact, got


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("subtraction", ["digital", "analog"])
def test_held_out_inputs_agree_with_newton(signed, subtraction):
    accelerator = replace(STRONG, subtraction=subtraction, input_bits=None)
    mapping, held, transfers, analog, images = chip(accelerator, signed=signed)
    layer = analog.layers["dense"]
    volts = images[:8].astype(np.float64) / layer.inputs.full_scale * accelerator.read_volt
    volts = np.clip(volts, -accelerator.read_volt, accelerator.read_volt)
    newton = nodal.read(mapping.crossbar(held[0][0]), volts).column_current
    full = np.abs(newton).max()
    corrected = layer.correction.read(volts, transfers[0][0])
    error, without = (np.abs(x - newton).max() / full for x in (corrected, volts @ transfers[0][0]))
    assert error < 0.004
    assert error < without / 15
    assert layer.correction.worst < 0.004
    assert layer.correction.held_out == 4
    assert layer.correction.rms < layer.correction.linear_rms / 20
    # and the same through the tile's own arithmetic, pair by pair
    codes = layer.encode(images[:8])
    pairs = (newton[:, 0::2] - newton[:, 1::2]) * mapping.layers[0].tiles[0].weight_per_siemens.T
    wanted = pairs * layer.inputs.full_scale / accelerator.read_volt * layer.correction.gain
    got = layer.products(codes[:, None])[:, 0]
    assert np.abs(got - wanted).max() < 0.01 * np.abs(wanted).max()


def test_a_law_that_depends_on_the_conductance_is_followed():
    _, _, _, analog, _ = chip(replace(STRONG, cell=PcmCell.sebastian2017()), rows=64)
    found = analog.layers["dense"].correction
    assert found.linear_rms > 0.01
    assert found.rms < 0.001
    assert found.worst < 0.004


def test_the_correction_is_nothing_for_nearly_linear_cells():
    _, _, _, analog, _ = chip(replace(STRONG, cell=Sinh(v0_volt=50.0)))
    _, _, _, linear, _ = chip(replace(STRONG, cell=Ohmic()))
    found = analog.layers["dense"].correction
    assert found.linear_rms < 1e-5
    assert found.worst < 1e-5
    assert linear.layers["dense"].correction is None


@pytest.mark.parametrize("coding", ["voltage", "bit serial", "pulse width"])
def test_products_come_out_right_in_every_coding(coding):
    wires = Wires(row_ohm=0.5, column_ohm=0.5)
    accelerator = replace(STRONG, cell=Sinh(v0_volt=0.3), input_coding=coding, wires=wires)
    mapping, _, _, analog, images = chip(accelerator)
    exact, got = products(mapping, analog, images)
    error = np.linalg.norm(got - exact) / np.linalg.norm(exact)
    # voltages are bent by the law itself; single bits and pulse widths always see it whole
    assert error < (0.06 if coding == "voltage" else 0.025)


def test_the_spot_check_tells_engines_and_correction_apart():
    mapping, held, transfers, analog, images = chip(STRONG, rows=40)
    codes = record_vectors(mapping.network, images[:20], analog, vectors=3)
    (found,) = spot_check(mapping, held, transfers, analog, codes)
    assert found.worst_relative_difference < 1e-6
    assert 1e-6 < found.model_relative_difference < 0.005
    assert found.rms_relative_difference < found.model_relative_difference
    assert found.float32_relative_difference < 1e-5


def test_what_cannot_be_meant_is_refused():
    settings = from_dictionary(
        {"accelerator": {"cell": {"kind": "sinh", "v0_volt": 0.3}, "wires": WIRES}}
    )
    assert settings.accelerator.cell == Sinh(v0_volt=0.3)
    with pytest.raises(ParameterError, match="kind"):
        from_dictionary({"accelerator": {"cell": {"kind": "spin"}}})
    with pytest.raises(ParameterError, match="v0_volt"):
        from_dictionary({"accelerator": {"cell": {"kind": "sinh"}}})
    mapping, _, transfers, _, images = chip(STRONG, rows=8)
    with pytest.raises(ParameterError, match="conductances"):
        calibrate(mapping, transfers, images)
    with pytest.raises(ParameterError, match="current comes from its row"):
        replace(STRONG, cell=GateInput(supply_volt=0.2))
