"""Networks on tiles against plain products; one chip, made once."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import ParameterError, Wires, nodal
from xbar_circuit.accelerator import _layer as layer
from xbar_circuit.accelerator import _ranges as ranges
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.cells import BitSlices, DifferentialPair, EightT4R, MultiDevice
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network.execution import run
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Convolution, Dense, Flatten, Relu
from xbar_circuit.peripherals import (
    BitSerial,
    CurrentConveyor,
    Dac,
    ExactDriver,
    IdealConverter,
    PulseWidth,
    Readout,
    WordLineBuffer,
)

tiles_module = importlib.import_module("xbar_circuit.nodal.tiles")
LOW, HIGH = 0.1e-6, 25e-6
EXACT = Readout(converter=IdealConverter(bits=None))
IDEAL = Accelerator(
    rows=20,
    cols=12,
    synapse=DifferentialPair(g_min_siemens=LOW, g_max_siemens=HIGH),
    wires=Wires(row_ohm=0.0, column_ohm=0.0),
    driver=ExactDriver(),
    readout=EXACT,
    input_percentile=100.0,
    output_percentile=100.0,
)
DIFFERENCE = Readout(
    converter=IdealConverter(bits=None),
    amplifier=CurrentConveyor(input_ohm=0.0),
    difference="current",
)


def windowed(bits=None, second=4e-6):
    return Readout(converter=IdealConverter(bits=bits, window_second=second))


def small_network():
    rng = np.random.default_rng(7)
    convolution = Convolution(
        weight=rng.normal(size=(6, 1, 3, 3)),
        bias=rng.normal(size=6),
        stride=(1, 1),
        padding=((1, 1), (1, 1)),
        dilation=(1, 1),
        groups=2,
    )
    return Network(
        nodes=(
            Node(name="conv", operator=convolution, inputs=(INPUT,)),
            Node(name="relu", operator=Relu(), inputs=("conv",)),
            Node(name="flat", operator=Flatten(), inputs=("relu",)),
            Node(
                name="dense",
                operator=Dense(weight=rng.normal(size=(96, 5)), bias=rng.normal(size=5)),
                inputs=("flat",),
            ),
        ),
        input_shape=(2, 4, 4),
    )


def signed_images(count=40):
    return np.random.default_rng(8).normal(size=(count, 2, 4, 4)).astype(np.float32)


def infer(accelerator, images=None, network=None, **options):
    network = network or small_network()
    images = signed_images() if images is None else images
    (outputs,) = accelerator.program(network, calibration=images, **options).run(images)
    return outputs


def error(found):
    exact = run(small_network(), signed_images())
    return np.abs(found - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"readout": DIFFERENCE},
        {"weight_scale": "tile"},
        {"synapse": MultiDevice(g_min_siemens=LOW, g_max_siemens=HIGH, devices_per_sign=3)},
        {"synapse": BitSlices(g_min_siemens=LOW, g_max_siemens=HIGH, bits_per_cell=6, slices=3)},
        {"synapse": EightT4R(g_min_siemens=LOW, g_max_siemens=HIGH)},
        {"driver": WordLineBuffer(driver=ExactDriver(), output_ohm=0.0)},
    ],
)
def test_perfect_hardware_computes_the_network(change):
    assert error(infer(IDEAL.changed(**change))) < 2e-5


@pytest.mark.parametrize(
    ("driver", "readout"),
    [
        (Dac(bits=14), EXACT),
        (PulseWidth(bits=12, clock_hertz=2e9), windowed()),
        (BitSerial(bits=14), EXACT),
        (BitSerial(bits=14, coding="twos-complement"), EXACT),
    ],
)
def test_drivers_differ_only_by_rounding(driver, readout):
    assert error(infer(IDEAL.changed(driver=driver, readout=readout))) < 2e-3


def test_bits_one_by_one_with_exact_converters_equal_voltages():
    volts = infer(IDEAL.changed(driver=Dac(bits=5)))
    serial = infer(IDEAL.changed(driver=BitSerial(bits=5)))
    np.testing.assert_allclose(serial, volts, rtol=1e-4, atol=1e-4)


def test_error_halves_with_each_bit():
    errors = [
        error(
            infer(
                IDEAL.changed(driver=Dac(bits=b), readout=Readout(converter=IdealConverter(bits=b)))
            )
        )
        for b in (6, 8, 10)
    ]
    assert errors[0] < 0.2
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[1] / 2


def test_wires_lower_the_products():
    wires = Wires(row_ohm=20.0, column_ohm=20.0)
    assert 1e-3 < error(infer(IDEAL.changed(wires=wires))) < 0.3


def test_a_product_is_what_the_nodal_engine_reads():
    accelerator = IDEAL.changed(wires=Wires(row_ohm=3.0, column_ohm=5.0))
    rng = np.random.default_rng(9)
    weight = rng.normal(size=(20, 6)).astype(np.float32)
    network = Network(
        nodes=(Node(name="d", operator=Dense(weight=weight, bias=np.zeros(6)), inputs=(INPUT,)),),
        input_shape=(20,),
    )
    images = rng.normal(size=(30, 20)).astype(np.float32)
    chip = accelerator.program(network, calibration=images)
    tile = chip.mapping.layers[0].tiles[0]
    volt_per_unit = accelerator.driver.full_scale_volt / np.abs(images).max()
    array = accelerator.crossbar(tile.target)
    current = nodal.read(array, images * volt_per_unit).column_current
    worth = tile.scale / (accelerator.synapse.siemens_per_weight * volt_per_unit)
    expected = (current[:, 0::2] - current[:, 1::2]) * worth
    found = chip.run({"input": images})[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 1, "cols": 2},
        {"driver": Dac(bits=2), "readout": Readout(converter=IdealConverter(bits=2))},
        {"wires": Wires(row_ohm=1e3, column_ohm=1e3)},
        {"wires": Wires(row_ohm=0.0, column_ohm=5.0)},
    ],
)
def test_extreme_hardware_still_answers(change):
    assert np.isfinite(infer(IDEAL.changed(**change))).all()


def test_a_network_of_one_weight():
    one = Dense(weight=np.array([[2.0]]), bias=np.array([1.0]))
    network = Network(nodes=(Node(name="d", operator=one, inputs=(INPUT,)),), input_shape=(1,))
    readout = Readout(converter=IdealConverter(bits=8))
    accelerator = IDEAL.changed(wires=Wires(row_ohm=1.0, column_ohm=1.0), readout=readout)
    found = infer(accelerator, np.array([[0.5], [1.0], [0.0]], np.float32), network)
    np.testing.assert_allclose(found, [[2.0], [3.0], [1.0]], rtol=1e-2)


def test_calibration_images_of_nothing_are_refused():
    with pytest.raises(ParameterError, match="nothing but zeros"):
        IDEAL.program(small_network(), calibration=np.zeros((3, 2, 4, 4)))


def test_ranges_stand_in_the_parts_of_each_tile():
    """The first layer sees both signs, the second what a ReLU lets through."""
    accelerator = IDEAL.changed(driver=Dac(bits=8), readout=Readout(converter=IdealConverter()))
    chip = accelerator.program(small_network(), calibration=signed_images())
    first, second = (chip.parts[name].accelerators for name in ("conv", "dense"))
    assert first[0].driver.lowest == -127
    assert {own.driver.lowest for own in second} == {0}
    assert {own.driver.highest for own in second} == {255}
    ends = [(own.readout.converter.low, own.readout.converter.high) for own in second]
    assert len(set(ends)) == len(ends) > 1
    codes = chip.layers["dense"].encode(np.abs(signed_images(5).reshape(5, -1, 1)[:, :, 0]))
    assert codes.min() >= 0.0
    assert codes.max() <= 255.0
    # the largest current of the calibration set is the end of the range
    tile = second[0].tile(chip.conductances[1][0])
    assert tile.readout.converter == second[0].readout.converter


def test_a_tile_of_the_network_gives_the_codes_that_the_network_multiplies_with():
    readout = Readout(converter=IdealConverter(bits=6))
    accelerator = IDEAL.changed(
        driver=Dac(bits=5), readout=readout, wires=Wires(row_ohm=2.0, column_ohm=3.0)
    )
    chip = accelerator.program(small_network(), calibration=signed_images())
    plan, own = chip.mapping.layers[1], chip.parts["dense"].accelerators
    drive = np.random.default_rng(2).integers(0, 32, (50, 1, 96)).astype(np.float32)
    for j, part in enumerate(plan.tiles):
        tile = own[j].tile(chip.conductances[1][j])
        inputs = drive[:, 0, slice(*part.rows)] / own[j].driver.highest
        apart = np.abs(tile.mvm(inputs).code - chip.layers["dense"].codes(j, drive))
        assert (apart == 0).mean() > 0.99
        assert apart.max() <= 1


def test_a_chip_is_reduced_once_whatever_is_asked_of_it(monkeypatch):
    calls = []
    inner = layer.transfers_of

    def counted(tiles, **options):
        calls.append(len(tiles))
        return inner(tiles, **options)

    monkeypatch.setattr(ranges, "transfers_of", counted)
    monkeypatch.setattr(layer, "transfers_of", counted)
    monkeypatch.setattr("xbar_circuit.accelerator._working_chip.transfers_of", counted)
    accelerator = xc.Accelerator(rows=20, cols=12)
    chip = accelerator.program(small_network(), calibration=signed_images())
    tiles = chip.mapping.tile_count
    assert sum(calls) == tiles
    images, labels = signed_images(6), np.zeros(6, dtype=int)
    chip.run(images)
    chip.accuracy(images, labels)
    chip.cost(images)
    chip.at(0.0).run(images)
    assert sum(calls) == tiles


def test_a_chip_reduces_its_tiles_on_its_device_at_every_age(monkeypatch):
    accelerator = xc.Accelerator(rows=20, cols=12).changed(statistics=PcmStatistics.joshi2020())
    options = {"calibration": signed_images(), "rng": np.random.default_rng(5)}
    here = accelerator.program(small_network(), **options)
    places = []
    inner = tiles_module.for_tiles
    monkeypatch.setattr(
        tiles_module, "for_tiles", lambda device: places.append(inner(device)) or places[-1]
    )
    options["rng"] = np.random.default_rng(5)
    there = accelerator.program(small_network(), device="torch:cpu", **options)
    assert {place.name for place in places} == {"torch:cpu"}
    for one, other in ((here, there), (here.at(86400.0), there.at(86400.0))):
        places.clear()
        for own, same in zip(other.transfers, one.transfers, strict=True):
            for a, b in zip(own, same, strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * b.max())
    assert {place.name for place in places} == {"torch:cpu", "cpu"}
    found, wanted = (one.at(86400.0).run(signed_images()) for one in (there, here))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())
    with pytest.raises(ParameterError, match="device"):
        accelerator.program(small_network(), device="gpu", **options)


def test_a_chip_ages_without_being_programmed_again():
    statistics = PcmStatistics.joshi2020()
    accelerator = IDEAL.changed(statistics=statistics)
    options = {"calibration": signed_images(), "rng": np.random.default_rng(5)}
    chip = accelerator.program(small_network(), drift_compensation="none", **options)
    young, old = chip.at(25.0), chip.at(3.15e7)
    assert young.programmed is chip.programmed is old.programmed
    means = [np.mean([g.mean() for g in one.conductances[1]]) for one in (chip, young, old)]
    assert means[0] > means[1] > means[2]
    again = chip.at(3.15e7)
    assert np.array_equal(again.run(signed_images(4))[0], old.run(signed_images(4))[0])
    same = accelerator.program(
        small_network(),
        drift_compensation="none",
        calibration=signed_images(),
        rng=np.random.default_rng(5),
    )
    assert np.array_equal(same.conductances[0][0], chip.conductances[0][0])
    other = accelerator.program(
        small_network(), calibration=signed_images(), rng=np.random.default_rng(6)
    )
    assert not np.array_equal(other.conductances[0][0], chip.conductances[0][0])


def test_heat_reaches_the_states_the_more_the_less_they_are_set():
    quiet = replace(PcmStatistics.joshi2020(), programming_scale=0.0, read_scale=0.0)
    accelerator = IDEAL.changed(statistics=replace(quiet, drift_scale=0.0))
    chip = accelerator.program(small_network(), calibration=signed_images())
    warm = chip.at(100.0, celsius=60.0)
    cold, hot = chip.at(100.0).conductances[1][0], warm.conductances[1][0]
    target = chip.mapping.layers[1].tiles[0].target
    ratio = hot / cold
    low, high = ratio[target < 2e-6], ratio[target > 20e-6]
    assert low.mean() > 1.5
    assert low.mean() > high.mean() + 0.3
    state = chip.programmed.states[1][0]
    np.testing.assert_allclose(hot, state.at(100.0, celsius=60.0), rtol=1e-12)
    assert error(warm.run(signed_images())[0]) > error(chip.run(signed_images())[0])


def test_several_devices_average_their_errors():
    statistics = replace(PcmStatistics.joshi2020(), read_scale=0.0)

    def spread(count):
        synapse = MultiDevice(g_min_siemens=LOW, g_max_siemens=HIGH, devices_per_sign=count)
        accelerator = IDEAL.changed(synapse=synapse, cols=12 * count, statistics=statistics)
        chip = accelerator.program(small_network(), calibration=signed_images())
        found = [
            (g - tile.target).reshape(len(g), -1, 2, count).mean(axis=-1).ravel()
            for plan, held in zip(chip.mapping.layers, chip.conductances, strict=True)
            for tile, g in zip(plan.tiles, held, strict=True)
        ]
        return np.concatenate(found).std()

    assert spread(16) == approx(spread(1) / 4.0, rel=0.2)


def test_a_seed_names_all_noise_and_threads_do_not_matter():
    noisy = IDEAL.changed(
        driver=Dac(bits=8), readout=Readout(converter=IdealConverter(bits=8, noise=2e-7))
    )
    chip = noisy.program(small_network(), calibration=signed_images())
    images = signed_images(150)
    (one,), (two,) = chip.run(images, workers=1), chip.run(images, workers=2)
    assert np.array_equal(one, two)
    (quiet,) = chip.run(images, noise=False)
    assert np.abs(one - quiet).max() > 0.0
    twice = chip.run(np.concatenate([images[:1]] * 150))[0]
    assert np.unique(twice, axis=0).shape[0] > 100  # every sample draws its own


def test_noise_of_a_network_is_that_of_its_tile():
    """Products of one tile: the converters' noise, seen through the layer's scale."""
    sigma = 3e-7
    readout = Readout(converter=IdealConverter(bits=None, noise=sigma))
    weight = np.random.default_rng(3).normal(size=(20, 6))
    dense = Dense(weight=weight, bias=np.zeros(6))
    network = Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(20,))
    images = np.random.default_rng(4).normal(size=(4000, 20)).astype(np.float32)
    chip = IDEAL.changed(readout=readout).program(network, calibration=images[:100])
    spread = (chip.run(images)[0] - chip.run(images, noise=False)[0]).std(axis=0)
    tile = chip.mapping.layers[0].tiles[0]
    per_ampere = chip.parts["d"].input_scale / (0.2 * IDEAL.synapse.siemens_per_weight)
    expected = np.sqrt(2.0) * sigma * per_ampere * tile.scale  # two columns a weight
    np.testing.assert_allclose(spread, expected, rtol=0.05)


def test_what_is_no_input_is_refused():
    chip = IDEAL.program(small_network(), calibration={"input": signed_images()})
    with pytest.raises(ParameterError, match="inputs: got the names"):
        chip.run({"x": signed_images()})
    with pytest.raises(xc.ShapeError, match="images"):
        chip.run(np.zeros((2, 3)))
