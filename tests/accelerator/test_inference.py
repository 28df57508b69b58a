"""Tiles and converters against plain products."""

from dataclasses import replace

import numpy as np
import pytest

from closeness import approx
from xbar_circuit import ParameterError, Wires, nodal
from xbar_circuit.accelerator.converters import Converter, calibrated
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.inference import Analog, calibrate, prepare
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.programming import program
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network.execution import run
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Convolution, Dense, Flatten, Relu
from xbar_circuit.network.recording import record_vectors

IDEAL = Accelerator(
    tile_rows=20,
    tile_cols=12,
    wires=Wires(row_ohm=0.0, column_ohm=0.0),
    input_bits=None,
    output_bits=None,
    input_percentile=100.0,
    output_percentile=100.0,
)


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


def infer(accelerator, images=None, network=None):
    network = network or small_network()
    images = signed_images() if images is None else images
    mapping = map_network(network, accelerator)
    transfers = prepare(mapping, program(mapping).conductances())
    ranges = calibrate(mapping, transfers, images)
    return run(network, images, Analog(mapping, transfers, ranges))


def error(found):
    exact = run(small_network(), signed_images())
    return np.abs(found - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"subtraction": "analog"},
        {"accumulation": "analog"},
        {"weight_scale": "tile"},
        {"devices_per_cell": 4},
        {"slice_bits": (6, 6, 6), "tile_cols": 18},
    ],
)
def test_perfect_hardware_computes_the_network(change):
    assert error(infer(replace(IDEAL, **change))) < 2e-5


@pytest.mark.parametrize("coding", ["voltage", "pulse width", "bit serial"])
def test_codings_differ_only_by_rounding(coding):
    fine = replace(IDEAL, input_bits=14, output_bits=None, input_coding=coding)
    assert error(infer(fine)) < 1e-3


def test_bit_serial_with_exact_converters_equals_voltages():
    volts = infer(replace(IDEAL, input_bits=5))
    serial = infer(replace(IDEAL, input_bits=5, input_coding="bit serial"))
    np.testing.assert_allclose(serial, volts, rtol=1e-4, atol=1e-4)


def test_error_halves_with_each_bit():
    errors = [error(infer(replace(IDEAL, input_bits=b, output_bits=b))) for b in (6, 8, 10)]
    assert errors[0] < 0.2
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[1] / 2


def test_wires_lower_the_products():
    wires = Wires(row_ohm=20.0, column_ohm=20.0)
    assert 1e-3 < error(infer(replace(IDEAL, wires=wires))) < 0.3


def test_a_product_is_what_the_nodal_engine_reads():
    accelerator = replace(IDEAL, wires=Wires(row_ohm=3.0, column_ohm=5.0))
    rng = np.random.default_rng(9)
    weight = rng.normal(size=(20, 6)).astype(np.float32)
    network = Network(
        nodes=(Node(name="d", operator=Dense(weight=weight, bias=np.zeros(6)), inputs=(INPUT,)),),
        input_shape=(20,),
    )
    images = rng.normal(size=(30, 20)).astype(np.float32)
    found = infer(accelerator, images, network)
    tile = map_network(network, accelerator).layers[0].tiles[0]
    volt_per_unit = accelerator.read_volt / np.abs(images).max()
    mapping = map_network(network, accelerator)
    current = nodal.read(mapping.crossbar(tile.target), images * volt_per_unit).column_current
    expected = (current[:, 0::2] - current[:, 1::2]) * tile.weight_per_siemens[:, 0] / volt_per_unit
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_converters_clip_round_and_keep_zero():
    unsigned = Converter(bits=2, full_scale=3.0, signed=False)
    x = np.array([-1.0, 0.0, 0.4, 1.6, 9.0], dtype=np.float32)
    assert unsigned.round(x.copy()).tolist() == [0.0, 0.0, 0.0, 2.0, 3.0]
    signed = Converter(bits=3, full_scale=3.0, signed=True)
    assert signed.round(-x).tolist() == [1.0, 0.0, 0.0, -2.0, -3.0]
    assert calibrated(8, np.array([0.0, 0.0, 2.0]), 100.0).full_scale == 2.0
    assert calibrated(8, np.zeros(3), 99.0).full_scale == 1.0


def test_noise_of_a_uniform_converter_follows_the_textbook():
    """SNR = 6.02 N + 1.76 dB for a full-scale sine."""
    wave = np.sin(np.linspace(0.0, 200.0 * np.pi, 200_001)).astype(np.float32)
    for bits in (6, 8, 10):
        converter = Converter(bits=bits, full_scale=1.0, signed=True)
        found = converter.round(wave / np.float32(converter.step)) * converter.step
        snr = 10.0 * np.log10(np.mean(wave**2) / np.mean((found - wave) ** 2))
        assert snr == approx(6.02 * bits + 1.76, abs=0.4)


def test_rounding_does_not_make_a_converter_signed():
    assert not calibrated(8, np.array([-1e-12, 1.0]), 100.0).signed
    assert calibrated(8, np.array([-1e-3, 1.0]), 100.0).signed
    with pytest.raises(ParameterError, match="bits"):
        calibrated(1, np.array([-1.0, 1.0]), 100.0)


@pytest.mark.parametrize(
    "change",
    [
        {"tile_rows": 1, "tile_cols": 2},
        {"tile_rows": 1, "tile_cols": 2, "accumulation": "analog"},
        {"input_bits": 2, "output_bits": 2},
        {"g_min_siemens": 0.0, "wires": Wires(row_ohm=1e3, column_ohm=1e3)},
        {"wires": Wires(row_ohm=0.0, column_ohm=5.0)},
    ],
)
def test_extreme_hardware_still_answers(change):
    assert np.isfinite(infer(replace(IDEAL, **change))).all()


def test_a_network_of_one_weight_and_images_of_nothing():
    one = Dense(weight=np.array([[2.0]]), bias=np.array([1.0]))
    network = Network(nodes=(Node(name="d", operator=one, inputs=(INPUT,)),), input_shape=(1,))
    accelerator = replace(IDEAL, wires=Wires(row_ohm=1.0, column_ohm=1.0), output_bits=8)
    assert infer(accelerator, np.zeros((3, 1), np.float32), network).tolist() == [[1.0]] * 3
    found = infer(accelerator, np.array([[0.5], [1.0]], np.float32), network)
    np.testing.assert_allclose(found, [[2.0], [3.0]], rtol=1e-2)


def test_memory_limits_the_calibration_too():
    network, images = small_network(), signed_images(40)
    mapping = map_network(network, IDEAL)
    transfers = prepare(mapping, program(mapping).conductances())
    few = calibrate(mapping, transfers, images, memory_bytes=100_000)
    many = calibrate(mapping, transfers, images)
    assert few["conv"].inputs.full_scale <= many["conv"].inputs.full_scale


def test_a_seed_gives_the_same_devices_and_another_seed_others():
    mapping = map_network(small_network(), IDEAL)
    statistics = PcmStatistics.joshi2020()
    first, again, other = (
        program(mapping, statistics=statistics, seed=seed).conductances(100.0) for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first[1], again[1], strict=True))
    assert not np.array_equal(first[0][0], other[0][0])


def test_several_devices_in_a_cell_average_their_errors():
    statistics = replace(PcmStatistics.joshi2020(), read_scale=0.0)

    def spread(count):
        mapping = map_network(small_network(), replace(IDEAL, devices_per_cell=count))
        found = program(mapping, statistics=statistics, seed=3).conductances()
        wanted = [tile.target for plan in mapping.layers for tile in plan.tiles]
        reached = [g for layer in found for g in layer]
        difference = np.concatenate([(a - b).ravel() for a, b in zip(reached, wanted, strict=True)])
        return difference.std() / count

    assert spread(16) == approx(spread(1) / 4.0, rel=0.2)


def test_recorded_vectors_are_inputs_of_the_layer():
    network, images = small_network(), signed_images(4)
    mapping = map_network(network, IDEAL)
    transfers = prepare(mapping, program(mapping).conductances())
    analog = Analog(mapping, transfers, calibrate(mapping, transfers, images))
    kept = record_vectors(network, images, analog, vectors=8)
    assert kept["conv"].shape == (8, 2, 9)
    assert kept["dense"].shape == (4, 1, 96)
    volts = analog.layers["conv"].volts(kept["conv"], mapping.layers[0].tiles[0])
    assert 0.5 * IDEAL.read_volt < np.abs(volts).max() <= IDEAL.read_volt * (1 + 1e-6)
