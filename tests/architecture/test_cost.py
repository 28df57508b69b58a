"""Costs against published figures and against sums made by hand."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator.converters import Converter
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.inference import Analog, calibrate, prepare
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.architecture import (
    PRESETS,
    PUBLISHED,
    Architecture,
    Buffer,
    DigitalUnit,
    Driver,
    Interconnect,
    Readout,
    adc_survey,
    array_joules,
    balanced_replicas,
    cost,
    count_loads,
    hermes_core,
    isaac,
    preset,
    tile_peak,
    usual_accelerator,
)
from xbar_circuit.architecture.workload import tile_joule
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.operators import Convolution, Dense, Flatten, Relu

IDEAL = xc.Wires(row_ohm=0.0, column_ohm=0.0)

ROUND = Architecture(
    name="round numbers",
    source="this test",
    readout=Readout(
        bits=8,
        conversion_joule=10e-12,
        conversion_second=1e-9,
        columns_per_converter=4,
        area_m2=1e-9,
    ),
    driver=Driver(activation_joule=1e-12, area_m2=1e-10),
    digital=DigitalUnit(
        add_joule=0.1e-12, multiply_joule=3e-12, lanes=1, clock_hertz=1e9, area_m2=5e-9
    ),
    buffer=Buffer(byte_joule=1e-12, byte_m2=1e-12),
    interconnect=Interconnect(bit_joule_per_metre=1e-10, distance_metre=2e-3),
    read_second=10e-9,
    pulse_slot_second=1e-10,
    settle_second=1e-9,
    cell_m2=1e-12,
)


def dense_network(rows=6, cols=3):
    weight = np.linspace(-1.0, 1.0, rows * cols).reshape(rows, cols)
    operator = Dense(weight=weight, bias=np.zeros(cols))
    return Network(
        nodes=(
            Node(name="dense", operator=operator, inputs=(INPUT,)),
            Node(name="relu", operator=Relu(), inputs=("dense",)),
        ),
        input_shape=(rows,),
    )


def convolution_network():
    operator = Convolution(
        weight=np.ones((2, 1, 3, 3)),
        bias=np.zeros(2),
        stride=(1, 1),
        padding=((0, 0), (0, 0)),
        dilation=(1, 1),
    )
    return Network(
        nodes=(Node(name="conv", operator=operator, inputs=(INPUT,)),), input_shape=(1, 6, 5)
    )


def test_the_hermes_core_comes_out_of_its_preset():
    found = tile_peak(usual_accelerator("hermes"), hermes_core(), array_joule=1e-9)
    assert found["product_joule"] == approx(12.5e-9, rel=1e-12)
    assert found["product_second"] == approx(130e-9, rel=1e-12)
    assert found["macs"] == 256 * 256
    chip = next(chip for chip in PUBLISHED if chip.name == "HERMES core")
    assert found["tops"] == approx(chip.tops, rel=1e-3)
    assert round(found["tops_per_watt"], 1) == chip.tops_per_watt == 10.5
    assert round(found["tops_per_mm2"], 2) == chip.tops_per_mm2 == 1.59
    assert found["product_joule"] / found["macs"] == approx(190e-15, rel=0.01)


def test_the_converters_of_isaac_take_half_of_its_power():
    readout = isaac().readout
    converters = 168 * 12 * 8  # tiles, units of a tile, converters of a unit; 65.8 W in all
    power = converters * readout.joule(8) / readout.seconds(8)
    assert power / 65.8 == approx(0.49, abs=0.005)
    accelerator = usual_accelerator("isaac")
    assert isaac().product_second("bit serial", 1, 8) == approx(100e-9)
    assert readout.joule(8) == approx(2e-3 / 1.28e9)
    assert accelerator.input_coding == "bit serial"


def test_the_survey_gives_energy_by_its_figure_of_merit():
    assert adc_survey("best").readout.joule(8) == approx(4.25e-12, rel=1e-3)
    assert adc_survey("median").readout.joule(6) == approx(62e-15 * 64)
    with pytest.raises(xc.ParameterError, match="which: got 'worst'"):
        adc_survey("worst")


def test_every_preset_says_where_its_numbers_come_from():
    for name in PRESETS:
        assert "20" in preset(name).source
        assert len(preset(name).assumptions) >= 5
    with pytest.raises(xc.ParameterError, match="architecture: got 'nothing'"):
        preset("nothing")


@pytest.mark.parametrize(("law", "seconds"), [("counting", 0.25), ("successive", 0.75)])
def test_converters_scale_with_their_width(law, seconds):
    readout = Readout(bits=8, conversion_joule=1.0, conversion_second=1.0, law=law)
    assert readout.joule(6) == 0.25
    assert readout.seconds(6) == seconds


def _whole():
    return Converter(bits=4, full_scale=1.0, signed=True)  # codes -7 to 7


@pytest.mark.parametrize("coding", ["voltage", "pulse width", "bit serial"])
def test_an_array_without_wires_draws_what_ohms_law_says(coding):
    rng = np.random.default_rng(3)
    conductance = rng.uniform(1e-6, 1e-5, (5, 4))
    codes = rng.integers(-7, 8, (9, 5)).astype(float)
    accelerator = Accelerator(input_coding=coding, input_bits=4, read_volt=0.2, wires=IDEAL)
    found = tile_joule(
        xc.Crossbar(conductance=conductance, wires=IDEAL), codes, _whole(), accelerator, ROUND
    )
    rows = conductance.sum(axis=1)
    if coding == "voltage":
        truth = 10e-9 * ((codes / 7 * 0.2) ** 2 @ rows).mean()
    elif coding == "pulse width":
        truth = 16 * 1e-10 * (0.2**2 * np.abs(codes / 7) @ rows).mean()
    else:
        ones = sum((np.abs(codes).astype(int) >> bit) & 1 for bit in range(3))
        truth = 10e-9 * (0.2**2 * ones @ rows).mean()
    assert found == approx(truth, rel=1e-9)


def test_wires_are_in_the_energy_of_the_array():
    wires = xc.Wires(row_ohm=3000.0, column_ohm=4000.0)
    found = tile_joule(
        xc.Crossbar(conductance=[[1e-3 / 3]], wires=wires),
        np.array([[7.0]]),
        _whole(),
        Accelerator(read_volt=0.2, wires=wires),
        ROUND,
    )
    assert found == approx(10e-9 * 0.2**2 / (3000 + 4000 + 3000), rel=1e-9)


def test_a_dense_layer_by_hand():
    accelerator = Accelerator(tile_rows=4, tile_cols=4, wires=IDEAL, input_bits=8, output_bits=8)
    mapping = map_network(dense_network(), accelerator)  # rows 3 + 3, columns 2 + 1 pairs
    (load,) = count_loads(mapping)
    assert load.tiles == ((3, 2), (3, 4), (3, 2), (3, 4))
    assert (load.products, load.macs, load.inputs, load.outputs) == (1, 18, 6, 3)
    assert (load.conversions, load.digital_elements) == (12, 3)
    found = cost(mapping, ROUND, {"dense": 7e-12})
    expected = {
        "driver": 12 * 1e-12,
        "array": 7e-12,
        "read-out": 12 * 10e-12,
        "digital": (12 + 3 + 3) * 0.1e-12 + 3 * 3e-12,
        "buffer": (12 + 6) * 1e-12,
        "interconnect": 6 * 8 * 1e-10 * 2e-3,
    }
    assert found.joule == approx(expected, rel=1e-12)
    assert found.total_joule == approx(sum(expected.values()))
    # 10 ns of read hide 4 conversions of 1 ns; 21 operations of 1 ns on 4 units take 5.25 ns
    assert found.product_second == approx(11e-9)
    assert found.latency_seconds == found.interval_seconds == approx(11e-9)
    area = {
        "driver": 4 * 4 * 1e-10,
        "array": 4 * 16 * 1e-12,
        "read-out": 4 * 1e-9,
        "digital": 4 * 5e-9,
        "buffer": 6 * 1e-12,
    }
    assert found.area_m2 == approx(area)
    assert found.tops_per_watt == approx(36 / found.total_joule * 1e-12)
    assert found.tops_per_mm2 == approx(36 / 11e-9 * 1e-12 / (sum(area.values()) * 1e6))


def test_a_convolution_by_hand():
    """12 products of a 9 x 4 tile, whose 30 inputs of 12 bits take two bytes each."""
    accelerator = Accelerator(wires=IDEAL, input_bits=12)
    found = cost(map_network(convolution_network(), accelerator), ROUND, {"conv": 5e-12})
    assert found.joule == approx(
        {
            "driver": 12 * 9 * 1e-12,
            "array": 12 * 5e-12,
            "read-out": 12 * 4 * 10e-12,
            "digital": (12 * 4 + 24) * 0.1e-12 + 24 * 3e-12,
            "buffer": 2 * (12 * 9 + 30) * 1e-12,
            "interconnect": 2 * 30 * 8 * 1e-10 * 2e-3,
        }
    )
    assert found.area_m2["buffer"] == approx(30 * 2 * 1e-12)


def test_wires_between_tiles_take_a_quarter_of_c_v_squared_for_a_random_bit():
    # half of the bits change, and every second change draws C V**2 from the supply
    for name in PRESETS:
        if name.startswith("neurram"):  # nothing between its cores is counted
            continue
        assert preset(name).interconnect.bit_joule_per_metre == approx(0.2e-9 * 0.9**2 / 4)


def test_inputs_as_pulses_take_two_to_the_bits_slots():
    assert ROUND.drive_second("pulse width", 6) == approx(64e-10)
    assert ROUND.drive_second("voltage", 6) == approx(10e-9)
    # 64 slots of 0.1 ns are longer than 4 conversions; 16 slots are not
    assert ROUND.product_second("pulse width", 6, 8) == approx(7.4e-9)
    assert ROUND.product_second("pulse width", 4, 8) == approx(5e-9)
    assert hermes_core().drive_second("pulse width", 8) == approx(128e-9)


def test_slow_arithmetic_holds_the_stage():
    mapping = map_network(dense_network(), Accelerator(wires=IDEAL))
    slow = replace(ROUND, digital=replace(ROUND.digital, clock_hertz=1e6))
    found = cost(mapping, slow, {"dense": 0.0})
    assert found.latency_seconds == approx((6 + 3 + 3 + 3) * 1e-6)


def test_copies_share_slow_arithmetic():
    mapping = map_network(convolution_network(), Accelerator(wires=IDEAL))
    slow = replace(ROUND, digital=replace(ROUND.digital, clock_hertz=1e6))
    # 12 products of 4 columns are added, 24 outputs scaled and stored
    for copies in (1, 5):
        found = cost(mapping, slow, {"conv": 0.0}, replicas={"conv": copies})
        assert found.latency_seconds == approx((12 * 4 + 24 + 24) * 1e-6 / copies)


def test_analog_subtraction_and_accumulation_save_conversions():
    network = dense_network()
    digital = Accelerator(tile_rows=4, tile_cols=4, wires=IDEAL)

    def conversions(**changes):
        (load,) = count_loads(map_network(network, replace(digital, **changes)))
        return load.conversions

    assert conversions() == 12
    assert conversions(subtraction="analog") == 6
    assert conversions(accumulation="analog") == 6
    assert conversions(subtraction="analog", accumulation="analog") == 3


def two_layers():
    rng = np.random.default_rng(3)
    convolution = Convolution(
        weight=rng.normal(size=(4, 1, 3, 3)),
        bias=np.zeros(4),
        stride=(1, 1),
        padding=((1, 1), (1, 1)),
        dilation=(1, 1),
    )
    dense = Dense(weight=rng.normal(size=(256, 10)), bias=np.zeros(10))
    return Network(
        nodes=(
            Node(name="c", operator=convolution, inputs=(INPUT,)),
            Node(name="f", operator=Flatten(), inputs=("c",)),
            Node(name="d", operator=dense, inputs=("f",)),
        ),
        input_shape=(1, 8, 8),
    )


@pytest.mark.parametrize(
    ("changes", "conversions"),
    [
        ({}, 64 * 8 + 20),
        ({"subtraction": "analog"}, 64 * 4 + 10),
        ({"tile_rows": 128}, 64 * 8 + 2 * 20),
        ({"tile_rows": 128, "accumulation": "analog"}, 64 * 8 + 20),
        ({"input_coding": "bit serial", "input_bits": 6}, 6 * (64 * 8 + 20)),
    ],
)
def test_conversions_are_counted_and_options_change_them(changes, conversions):
    accelerator = replace(Accelerator(tile_rows=256, tile_cols=256, wires=IDEAL), **changes)
    found = cost(map_network(two_layers(), accelerator), ROUND, {"c": 0.0, "d": 0.0})
    assert found.joule["read-out"] == approx(conversions * 10e-12, rel=1e-12)


def test_bits_one_by_one_cost_one_product_each():
    network = dense_network()
    at_once = cost(map_network(network, Accelerator(wires=IDEAL)), ROUND, {"dense": 0.0})
    serial = cost(
        map_network(network, Accelerator(wires=IDEAL, input_coding="bit serial")),
        ROUND,
        {"dense": 0.0},
    )
    assert serial.joule["read-out"] == approx(8 * at_once.joule["read-out"])
    assert serial.joule["driver"] == approx(8 * at_once.joule["driver"])
    assert serial.product_second == approx(8 * 10e-9 + 1e-9)


def test_a_convolution_is_replicated_and_its_energy_stays():
    mapping = map_network(convolution_network(), Accelerator(wires=IDEAL))
    (load,) = count_loads(mapping)
    assert (load.products, load.macs) == (12, 12 * 9 * 2)
    fast = replace(ROUND, digital=replace(ROUND.digital, lanes=1000))
    once = cost(mapping, fast, {"conv": 1e-12})
    copies = balanced_replicas(mapping, fast, tiles=5)
    assert copies == {"conv": 5}
    many = cost(mapping, fast, {"conv": 1e-12}, replicas=copies)
    assert once.latency_seconds == approx(12 * 11e-9)
    assert many.latency_seconds == approx(3 * 11e-9)
    assert many.total_joule == approx(once.total_joule)
    assert many.area_m2["read-out"] == approx(5 * once.area_m2["read-out"])
    assert balanced_replicas(mapping, fast, tiles=100) == {"conv": 12}


def test_replicas_go_where_the_pipeline_waits():
    mapping = map_network(fashion_mnist_lenet5(), Accelerator())
    copies = balanced_replicas(mapping, ROUND, tiles=mapping.tile_count + 7)
    assert copies["conv1"] == 8  # 784 products against 100: still the slowest with 7
    with pytest.raises(xc.ParameterError, match="tiles: got 3"):
        balanced_replicas(mapping, ROUND, tiles=3)


def programmed(network, accelerator, images):
    mapping = map_network(network, accelerator)
    conductances = tuple(tuple(tile.target for tile in plan.tiles) for plan in mapping.layers)
    transfers = prepare(mapping, conductances)
    analog = Analog(mapping, transfers, calibrate(mapping, transfers, images))
    return mapping, conductances, analog


def test_the_arrays_of_a_network_draw_what_its_inputs_ask():
    network = dense_network()
    images = np.array([[0.0, 0.5, 1.0, 1.0, 0.25, 0.75]], dtype=np.float32)
    accelerator = Accelerator(wires=IDEAL, input_percentile=100.0)
    mapping, conductances, analog = programmed(network, accelerator, images)
    found = array_joules(mapping, conductances, analog, ROUND, images)
    volts = np.rint(images[0].astype(float) * 255) / 255 * 0.2
    truth = 10e-9 * volts**2 @ conductances[0][0].sum(axis=1)
    assert found["dense"] == approx(truth, rel=1e-6)
    doubled = array_joules(mapping, conductances, analog, replace(ROUND, read_second=20e-9), images)
    assert doubled["dense"] == approx(2 * truth, rel=1e-6)
    with pytest.raises(xc.ParameterError, match="images: got none"):
        array_joules(mapping, conductances, analog, ROUND, images[:0])


def test_a_layer_of_many_tiles_is_sampled_within_a_few_percent():
    rng = np.random.default_rng(5)
    operator = Dense(weight=rng.normal(size=(64, 24)), bias=np.zeros(24))
    network = Network(
        nodes=(Node(name="dense", operator=operator, inputs=(INPUT,)),), input_shape=(64,)
    )
    images = rng.uniform(0.0, 1.0, (12, 64)).astype(np.float32)
    accelerator = Accelerator(tile_rows=16, tile_cols=16, wires=IDEAL)
    mapping, conductances, analog = programmed(network, accelerator, images)
    assert mapping.tile_count == 12
    found = array_joules(mapping, conductances, analog, ROUND, images)["dense"]
    step = analog.layers["dense"].inputs.step
    codes = np.clip(np.rint(images.astype(float) / step), 0, 255)
    rows = np.zeros(64)
    for plan, conductance in zip(mapping.layers[0].tiles, conductances[0], strict=True):
        rows[slice(*plan.rows)] += conductance.sum(axis=1)
    truth = 10e-9 * ((codes / 255 * 0.2) ** 2 @ rows).mean()
    assert found == approx(truth, rel=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_bits": None}, "input_bits, output_bits: got None, 8"),
        ({"output_bits": None}, "input_bits, output_bits: got 8, None"),
    ],
)
def test_exact_converters_have_no_cost(change, message):
    mapping = map_network(dense_network(), Accelerator(wires=IDEAL, **change))
    with pytest.raises(xc.ParameterError, match=message):
        cost(mapping, ROUND, {"dense": 0.0})


def test_a_whole_is_never_less_than_its_array():
    accelerator = replace(usual_accelerator("hermes"), output_bits=4)
    plain = tile_peak(accelerator, hermes_core(), array_joule=0.1e-9)
    assert plain["product_joule"] == approx(12.5e-9 / 16)
    loaded = tile_peak(accelerator, hermes_core(), array_joule=2e-9)
    assert loaded["product_joule"] == 2e-9


def test_numbers_of_another_coding_carry_a_caution():
    for coding, cautious in (("voltage", True), ("bit serial", False)):
        mapping = map_network(dense_network(), Accelerator(wires=IDEAL, input_coding=coding))
        found = cost(mapping, isaac(), {"dense": 0.0})
        assert any(line.startswith("Caution") for line in found.assumptions) == cautious
        assert not cost(mapping, ROUND, {"dense": 0.0}).assumptions[0].startswith("Caution")


def test_unknown_layers_are_refused():
    mapping = map_network(dense_network(), Accelerator(wires=IDEAL))
    with pytest.raises(xc.ParameterError, match=r"replicas: got unknown layers \['conv9'\]"):
        cost(mapping, ROUND, {"dense": 0.0}, replicas={"conv9": 2})


@pytest.mark.parametrize(
    "build",
    [
        lambda: Readout(bits=8, conversion_joule=float("nan"), conversion_second=1.0),
        lambda: Readout(bits=8, conversion_joule=1.0, conversion_second=0.0),
        lambda: Readout(bits=8, conversion_joule=1.0, conversion_second=1.0, law="none"),
        lambda: Driver(activation_joule=-1.0),
        lambda: replace(ROUND, name=""),
        lambda: replace(ROUND, read_second=0.0),
    ],
)
def test_numbers_out_of_range_are_refused(build):
    with pytest.raises(xc.ParameterError):
        build()
