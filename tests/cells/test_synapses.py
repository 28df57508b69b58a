"""Synapses: a crossbar of groups computes the signed product, in both engines."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.cells import (
    BitSlices,
    DifferentialPair,
    EightT4R,
    MultiDevice,
    OneT1R,
    SelectionCounter,
)
from xbar_circuit.devices import Transistor

IDEAL = xc.Wires(row_ohm=0.0, column_ohm=0.0)
REAL = xc.Wires(row_ohm=2.0, column_ohm=3.0)
KINDS = [
    DifferentialPair(g_max_siemens=20e-6, g_min_siemens=1e-6),
    MultiDevice(devices_per_sign=3),
    BitSlices(bits_per_cell=2, slices=3, g_min_siemens=0.5e-6),
    EightT4R(g_min_siemens=0.1e-6),
]


def weights_and_inputs(seed=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (6, 4)), rng.uniform(-0.2, 0.2, (3, 6))


@pytest.mark.parametrize("synapse", KINDS, ids=lambda kind: type(kind).__name__)
def test_ideal_wires_give_the_signed_product(synapse):
    weights, inputs = weights_and_inputs()
    if isinstance(synapse, BitSlices):
        weights = np.rint(weights * synapse.levels) / synapse.levels
    xbar = synapse.crossbar(weights, wires=IDEAL)
    assert xbar.conductance.size == synapse.devices * weights.size
    for read in (xc.nodal.read, xc.spice.read):
        got = synapse.combine(read(xbar, synapse.volts(inputs)).column_current)
        expected = inputs @ weights * synapse.siemens_per_weight
        assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("synapse", KINDS, ids=lambda kind: type(kind).__name__)
def test_both_engines_read_real_arrays_of_groups(synapse):
    weights, inputs = weights_and_inputs()
    xbar, volts = synapse.crossbar(weights, wires=REAL), synapse.volts(inputs)
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-9 * scale


def test_a_read_out_subtracts_columns_of_equal_significance():
    class Halves(DifferentialPair):
        significance = (0.5, -0.5)

    for synapse in [*KINDS, Halves()]:
        digits = synapse.significance
        signed = [(digits[plus], digits[minus]) for plus, minus in synapse.pairs]
        assert all(plus == -minus > 0.0 for plus, minus in signed)
        assert len(signed) == sum(digit < 0.0 for digit in digits)
        assert len(signed) in (0, len(digits) // 2)


def test_digits_put_together_are_the_weight():
    synapse = BitSlices(bits_per_cell=2, slices=4)
    weights, _ = weights_and_inputs()
    shares = synapse.shares(weights)[:, :, 0]
    assert set(np.unique(np.rint(shares * 3))) == {0, 1, 2, 3}
    back = shares @ np.array(synapse.significance) * 3 / synapse.levels
    assert np.abs(back - weights).max() <= 0.5 / synapse.levels * (1 + 1e-12)


def test_the_global_counter_walks_through_the_devices_of_all_synapses():
    synapse, counter = MultiDevice(devices_per_sign=3), SelectionCounter(length=3)
    change = np.array([[1.0, -1.0], [0.0, 2.0]])
    pulses = np.zeros((2, 12), dtype=int)
    for step in range(6):
        chosen = synapse.selected(change, counter.advanced(step))
        assert chosen.sum() == 3  # one device of each synapse that wants a change
        pulses += chosen
    assert pulses.tolist() == [[2] * 3 + [0] * 3 + [0] * 3 + [2] * 3, [0] * 6 + [2] * 3 + [0] * 3]


def test_eight_transistors_and_four_devices_take_signed_inputs(tmp_path):
    transistor = Transistor(
        model="nmos45",
        width_metre=2.5e-7,
        length_metre=5e-8,
        library=Transistor.nmos45().library,
        parallel=2,
    )
    cell = xc.calibration.tabulate(
        OneT1R(transistor=transistor, common_volt=0.4, gate_volt=1.4),
        volts=(-0.2, 0.2),
        conductances=(1e-6, 10e-6),
        folder=tmp_path,
    )
    synapse = EightT4R(g_min_siemens=1e-6, g_max_siemens=10e-6, cell=cell)
    weights, inputs = weights_and_inputs()
    xbar, volts = synapse.crossbar(weights, wires=REAL), synapse.volts(inputs)
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-4 * scale
    expected = inputs @ weights * synapse.siemens_per_weight
    got = synapse.combine(fast.column_current)
    assert np.abs(got - expected).max() < 0.05 * np.abs(expected).max()
    assert (np.sign(got) == np.sign(expected)).all()


def test_a_synapse_is_a_subcircuit_for_a_deck_of_ones_own():
    synapse = DifferentialPair(g_max_siemens=20e-6, g_min_siemens=1e-6)
    deck = "\n".join(
        ["a pair", synapse.subcircuit(-0.5), "Vin row 0 DC 0.2", "X1 row plus minus synapse",
         "Vplus plus 0 DC 0", "Vminus minus 0 DC 0"]
    )  # fmt: skip
    answer = xc.spice.run(deck, xc.spice.Op())
    current = synapse.combine([[answer["i(vplus)"][0], answer["i(vminus)"][0]]])[0, 0]
    assert current == approx(-0.5 * 0.2 * synapse.siemens_per_weight, rel=1e-9)


def test_a_synapse_is_no_cell_and_says_what_to_do():
    with pytest.raises(xc.ParameterError, match=r"synapse\.crossbar\(weights"):
        xc.Crossbar(conductance=[[1e-6]], wires=REAL, cell=EightT4R())


@pytest.mark.parametrize("wrong", [[[1.5]], [[np.nan]], [[-np.inf]]])
def test_weights_beyond_one_are_refused(wrong):
    with pytest.raises(xc.ParameterError, match="weights"):
        DifferentialPair().conductance(wrong)


def test_shapes_and_ranges_are_checked():
    with pytest.raises(xc.ShapeError, match="weights"):
        DifferentialPair().conductance([0.5])
    with pytest.raises(xc.ShapeError, match="multiple of 2"):
        DifferentialPair().combine([[1.0, 2.0, 3.0]])
    with pytest.raises(xc.ParameterError, match="g_min_siemens"):
        DifferentialPair(g_min_siemens=30e-6)
    with pytest.raises(xc.ParameterError, match="devices_per_sign"):
        MultiDevice(devices_per_sign=0)
    with pytest.raises(xc.ParameterError, match="slices"):
        BitSlices(bits_per_cell=8, slices=5)


def test_a_weight_of_one_and_a_rounding_is_one():
    pair = DifferentialPair(g_max_siemens=20e-6, g_min_siemens=1e-6)
    found = pair.conductance([[1.0 + 5e-10, -1.0 - 5e-10]])
    np.testing.assert_array_equal(found, pair.conductance([[1.0, -1.0]]))
    with pytest.raises(xc.ParameterError, match="weights"):
        pair.conductance([[1.0 + 1e-8]])
