"""Converters that differ: drawn for every tile of every chip, the same in both engines."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.accelerator import Accelerator
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense, Relu
from xbar_circuit.peripherals import Dac, OscillatorCounter, Readout
from xbar_circuit.tile import CHAINS

SAR = Accelerator(
    rows=8,
    cols=8,
    wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
    readout=CHAINS["sar"](bits=8)[0],
    mismatch={"unit_sigma": 0.08},
)


def network():
    weight = np.random.default_rng(3).normal(size=(8, 8))
    dense = Dense(weight=weight, bias=np.zeros(8))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(8,))


def inputs(count=40):
    return np.random.default_rng(4).normal(size=(count, 8)).astype(np.float32)


def made(seed, accelerator=SAR):
    return accelerator.program(network(), calibration=inputs(), rng=np.random.default_rng(seed))


def test_chips_differ_by_their_converters_and_a_seed_names_them():
    first, again, other = made(1), made(1), made(2)
    assert np.array_equal(first.run(inputs())[0], again.run(inputs())[0])
    assert not np.array_equal(first.run(inputs())[0], other.run(inputs())[0])
    drawn = first.parts["d"].converters
    assert len(drawn) == len(first.mapping.layer("d").tiles) == 2
    assert len(drawn[0]) == 8  # one for each column of the tile
    assert len({one for tile in drawn for one in tile}) == 16
    alike, same = (made(seed, SAR.changed(mismatch=())) for seed in (1, 2))
    quiet = [chip.run(inputs(), noise=False)[0] for chip in (alike, same)]
    assert np.array_equal(*quiet)  # nothing else of these chips is drawn


def test_their_spread_is_what_was_asked_for():
    """An offset of every counter moves its products by that current, whatever flows."""
    counter = OscillatorCounter(bits=12, full_scale_ampere=1e-4, low_ampere=-5e-5)
    plain = SAR.changed(readout=Readout(converter=counter), mismatch=())
    sigma = 0.4e-6
    own = plain.changed(mismatch={"offset_sigma_ampere": sigma})
    apart = []
    alike = made(0, plain)
    other = alike.layers["d"].parts.tile(0, alike.conductances[0][0])
    for seed in range(20):
        chip = made(seed, own)
        tile = chip.layers["d"].parts.tile(0, chip.conductances[0][0])
        x = np.zeros((1, 8))
        apart.append((tile.mvm(x).code - other.mvm(x).code) * other.readout.converter.lsb)
    spread = np.concatenate(apart, axis=None).std()
    np.testing.assert_allclose(spread, np.sqrt(2.0) * sigma, rtol=0.2)  # two columns a weight


def test_ngspice_gets_the_same_converters():
    chip = made(5)
    for check in chip.spot_check(inputs(8), vectors=3):
        assert check.codes.within_one == 1.0
        assert np.ptp(check.spice_code) > 40
    plain = chip.parts["d"].accelerators[0].tile(chip.conductances[0][0])
    drawn = chip.parts["d"].tile(0, chip.conductances[0][0])
    x = np.random.default_rng(6).uniform(-1.0, 1.0, (40, 8))
    assert np.abs(drawn.mvm(x).code - plain.mvm(x).code).max() >= 2  # or nobody would notice


def test_the_budget_names_it_and_files_say_it():
    budget = made(1).budget(inputs())
    ratio = dict(zip(budget.effects, budget.ratio_db, strict=True))
    assert ratio["converter mismatch"][0] < ratio["read-outs"][0] - 1.0
    found = from_dictionary(
        {
            "accelerator": {
                "readout": {"chain": "sar", "bits": 8},
                "mismatch": {"unit_sigma": 0.02},
            }
        }
    ).accelerator
    assert dict(found.mismatch) == {"unit_sigma": 0.02}
    assert replace(found) == found
    assert hash(found.mismatch)


def test_a_converter_that_cannot_draw_it_is_named():
    with pytest.raises(xc.ParameterError, match=r"Sar\.drawn"):
        SAR.changed(mismatch={"nonsense": 0.1})
    with pytest.raises(xc.ParameterError, match=r"a converter with a method drawn"):
        Accelerator(mismatch={"unit_sigma": 0.1})


def test_a_drawn_dac_drives_layers_of_both_signs_in_every_engine():
    """After the rectifier the inputs have one sign; the same string drives both layers."""
    rng = np.random.default_rng(3)
    first, second = (Dense(weight=rng.normal(size=(8, 8)), bias=np.zeros(8)) for _ in "ab")
    nodes = (
        Node(name="a", operator=first, inputs=(INPUT,)),
        Node(name="r", operator=Relu(), inputs=("a",)),
        Node(name="b", operator=second, inputs=("r",)),
    )
    dac = Dac(bits=5).drawn(rng, dnl_sigma_lsb=0.3)
    own = SAR.changed(driver=dac, mismatch=())
    network_of_two = Network(nodes=nodes, input_shape=(8,))
    chip, plain = (
        one.program(network_of_two, calibration=inputs(), rng=np.random.default_rng(1))
        for one in (own, own.changed(driver=Dac(bits=5)))
    )
    drivers = {name: chip.layers[name].parts.accelerators[0].driver for name in "ab"}
    assert (drivers["a"].signed, drivers["b"].signed) == (True, False)
    assert drivers["a"].inl_lsb == dac.inl_lsb
    assert drivers["b"].inl_lsb == (0.0, *dac.inl_lsb)
    assert not np.array_equal(chip.run(inputs())[0], plain.run(inputs())[0])
    for check in chip.spot_check(inputs(8), vectors=3):
        assert check.codes.within_one == 1.0
        assert np.ptp(check.spice_code) > 40
