"""Cells whose gates the inputs drive, from one product to a network, when cool and when warm."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import Accelerator, InferenceSettings
from xbar_circuit.cells import DifferentialPair, GateInput
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.peripherals import BitSerial, IdealConverter, PulseWidth, Readout
from xbar_circuit.tile import compile_tile

LOW, HIGH = 4e-6, 25e-6
WARM = 85.0


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    return xc.calibration.tabulate(
        GateInput(supply_volt=0.2),
        volts=(0.0, 1.0),
        conductances=(LOW, HIGH),
        celsius=(WARM,),
        tolerance=4e-3,
        folder=tmp_path_factory.mktemp("tables"),
    )


def tiles_of(cell, driver=None):
    pulses = PulseWidth(bits=6, full_scale_volt=1.0, signed=False, clock_hertz=1e9)
    return Accelerator(
        rows=6,
        cols=4,
        synapse=DifferentialPair(g_min_siemens=LOW, g_max_siemens=HIGH, cell=cell),
        wires=xc.Wires(row_ohm=2.0, column_ohm=20.0),
        driver=driver or pulses,
        readout=Readout(converter=IdealConverter(bits=7, low=0.0, high=12e-6, window_second=64e-9)),
    )


def network():
    weight = np.random.default_rng(3).normal(size=(6, 2))
    dense = Dense(weight=weight, bias=np.zeros(2))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(6,))


def inputs(count=40):
    return np.random.default_rng(4).uniform(0.0, 1.0, (count, 6)).astype(np.float32)


@pytest.mark.parametrize("celsius", [None, WARM])
@pytest.mark.parametrize("kind", ["pulses", "bits"])
def test_all_three_engines_give_the_same_codes(cell, kind, celsius):
    bits = BitSerial(bits=4, full_scale_volt=1.0, signed=False)
    own = tiles_of(cell, None if kind == "pulses" else bits)
    if kind == "bits":
        own = own.changed(readout=Readout(converter=IdealConverter(bits=7, low=0.0, high=30e-6)))
    rng = np.random.default_rng(1)
    tile = own.tile(own.synapse.conductance(rng.uniform(-1.0, 1.0, (6, 2))), celsius=celsius)
    x = rng.uniform(0.0, 1.0, (4, 6))
    fast, exact = tile.mvm(x), tile.mvm(x, engine="spice")
    form = compile_tile(tile)
    assert np.ptp(fast.code) > 10
    assert np.array_equal(form.codes(form.encode(x)), fast.code)
    # the table's 4e-3 is half a code of the largest current; of bits, what each one weighs
    most = max(abs(weight) for weight in form.weights)
    assert np.abs(exact.code - fast.code).max() <= most
    assert (exact.code == fast.code).mean() >= 0.6


def test_a_network_runs_on_them_and_ngspice_says_the_same(cell):
    chip = tiles_of(cell).program(network(), calibration=inputs())
    (found,), (exact,) = chip.run(inputs()), network().run({"input": inputs()})
    assert np.abs(found - exact).max() < 0.03 * np.abs(exact).max()
    for check in chip.spot_check(inputs(8), vectors=2):
        assert check.codes.within_one == 1.0
        assert np.ptp(check.spice_code) > 20
        assert check.worst_relative_difference < 1e-8


def test_heat_reaches_their_transistors_and_one_factor_takes_it_away(cell):
    """At 0.5 V the gates are weak: ngspice's warm array draws a little less, and so does ours."""
    pulses = PulseWidth(bits=6, full_scale_volt=0.5, signed=False, clock_hertz=1e9)
    exact = IdealConverter(bits=None, window_second=64e-9)
    own = tiles_of(cell, pulses).changed(readout=Readout(converter=exact))
    one, full = np.ones((1, 6)), np.full((1, 6), 0.5)
    tiles = [own.tile(np.full((6, 4), 20e-6), celsius=celsius) for celsius in (None, WARM)]
    fast = [tile.column_current(tile.one_read(one)).sum() for tile in tiles]
    slow = [xc.spice.read(tile.loaded, full).column_current.sum() for tile in tiles]
    change = slow[1] / slow[0] - 1.0
    assert change < -2e-3
    assert fast[1] / fast[0] - 1.0 == approx(change, rel=1e-2)
    chip = own.program(network(), calibration=inputs(), drift_compensation="none")
    (before,) = chip.run(inputs())

    def shrunk(kind):
        (found,) = replace(chip, drift_compensation=kind).at(0.0, celsius=WARM).run(inputs())
        return float((found * before).sum() / (before * before).sum()) - 1.0

    assert shrunk("none") < -1e-3
    assert abs(shrunk("global")) < 0.5 * abs(shrunk("none"))


def test_another_temperature_is_refused_by_name(cell):
    own = tiles_of(cell)
    with pytest.raises(xc.ParameterError, match="50 degrees for cells tabulated at 27, 85"):
        own.tile(np.full((6, 4), 20e-6), celsius=50.0)
    with pytest.raises(xc.ParameterError, match=r"celsius=\(27, 85, 50\)"):
        own.program(network(), calibration=inputs()).at(0.0, celsius=50.0)
    with pytest.raises(xc.ParameterError, match="tabulated at 27, 85"):
        InferenceSettings(accelerator=own, celsius=(27.0, 50.0))
    with pytest.raises(xc.ParameterError, match="50 degrees for cells whose transistors are at 27"):
        replace(own.tile(np.full((6, 4), 20e-6)), celsius=50.0)
