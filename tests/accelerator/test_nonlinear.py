"""Networks on nonlinear cells: the correction against Newton, against ngspice, and in accuracy."""

from dataclasses import replace

import numpy as np
import pytest

from xbar_circuit.accelerator import Accelerator
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.devices import Ohmic, PcmCell, Sinh
from xbar_circuit.network.execution import DigitalMultiplier
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.peripherals import (
    BitSerial,
    CurrentConveyor,
    Dac,
    ExactDriver,
    IdealConverter,
    PulseWidth,
    Readout,
)
from xbar_circuit.wires import Wires

EXACT = Readout(converter=IdealConverter(bits=None))
PAIRS = Readout(
    converter=IdealConverter(bits=None),
    amplifier=CurrentConveyor(input_ohm=0.0),
    difference="current",
)


def cells(cell):
    return DifferentialPair(g_min_siemens=0.1e-6, g_max_siemens=25e-6, cell=cell)


STRONG = Accelerator(
    synapse=cells(Sinh(v0_volt=0.15)), wires=Wires(row_ohm=3.0, column_ohm=3.0), readout=EXACT
)


def chip_of(accelerator, rows=96, *, signed=False):
    rng = np.random.default_rng(8)
    weight = rng.normal(size=(rows, 20)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(20, np.float32))
    network = Network(
        nodes=(Node(name="dense", operator=dense, inputs=(INPUT,)),), input_shape=(rows,)
    )
    images = rng.normal(size=(200, rows)).astype(np.float32)
    images = images if signed else np.maximum(images, 0.0)
    return accelerator.program(network, calibration=images[:100]), images[100:]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("readout", [EXACT, PAIRS])
def test_held_out_inputs_agree_with_newton(signed, readout):
    accelerator = replace(STRONG, readout=readout, driver=ExactDriver())
    chip, images = chip_of(accelerator, signed=signed)
    layer = chip.layers["dense"]
    found = chip.parts["dense"].correction
    assert found.worst < 0.004
    assert found.held_out == 4
    assert found.rms < found.linear_rms / 20
    # the tile's own codes, by Newton for every input
    codes = layer.encode(images[:8])[:, None]
    tile = chip.parts["dense"].accelerators[0].tile(chip.conductances[0][0])
    newton = tile.mvm(codes[:, 0].astype(np.float64)).code
    got = layer.codes(0, codes)
    assert np.abs(got - newton).max() < 0.01 * np.abs(newton).max()


def test_a_law_that_depends_on_the_conductance_is_followed():
    chip, _ = chip_of(replace(STRONG, synapse=cells(PcmCell.sebastian2017())), rows=64)
    found = chip.parts["dense"].correction
    assert found.linear_rms > 0.01
    assert found.rms < 0.001
    assert found.worst < 0.004


def test_the_correction_is_nothing_for_nearly_linear_cells():
    chip, _ = chip_of(replace(STRONG, synapse=cells(Sinh(v0_volt=50.0))))
    found = chip.parts["dense"].correction
    assert found.linear_rms < 1e-5
    assert found.worst < 1e-5
    linear, _ = chip_of(replace(STRONG, synapse=cells(Ohmic())))
    assert linear.parts["dense"].correction is None


@pytest.mark.parametrize(
    ("driver", "readout", "limit"),
    [
        (Dac(bits=8), EXACT, 0.06),  # voltages are bent by the law itself
        (BitSerial(bits=8), EXACT, 0.025),  # single bits and pulse widths always see it whole
        (
            PulseWidth(bits=8, clock_hertz=2e9),
            Readout(converter=IdealConverter(bits=None, window_second=130e-9)),
            0.025,
        ),
    ],
)
def test_products_come_out_right_with_every_driver(driver, readout, limit):
    wires = Wires(row_ohm=0.5, column_ohm=0.5)
    accelerator = replace(
        STRONG, synapse=cells(Sinh(v0_volt=0.3)), driver=driver, readout=readout, wires=wires
    )
    chip, images = chip_of(accelerator)
    exact = DigitalMultiplier(chip.network).multiply("dense", images[:, None])[:, 0]
    (got,) = chip.run(images)
    assert np.linalg.norm(got - exact) / np.linalg.norm(exact) < limit


def test_the_spot_check_tells_engines_and_correction_apart():
    readout = Readout(converter=IdealConverter(bits=8))
    chip, images = chip_of(replace(STRONG, readout=readout), rows=40)
    (found,) = chip.spot_check(images[:20], vectors=3)
    assert found.worst_relative_difference < 1e-6
    assert found.float32_relative_difference < 1e-5
    assert found.codes.within_one == 1.0
    assert found.array == "full"
