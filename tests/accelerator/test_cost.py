"""Costs against published figures and against sums made by hand."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import usual_accelerator
from xbar_circuit.accelerator._loads import array_joule, count_loads, recorded_vectors, tile_joule
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator._replicas import balanced_replicas
from xbar_circuit.accelerator._tile_peak import tile_peak
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.architecture import (
    PRESETS,
    PUBLISHED,
    Architecture,
    Buffer,
    DigitalUnit,
    Interconnect,
    PublishedDriver,
    PublishedReadout,
    adc_survey,
    hermes_core,
    isaac,
    preset,
)
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.operators import Convolution, Dense, Flatten, Relu
from xbar_circuit.peripherals import (
    BitSerial,
    CurrentConveyor,
    Dac,
    ExactDriver,
    IdealConverter,
    PulseWidth,
    Readout,
)
from xbar_circuit.tile import CHAINS

IDEAL = xc.Wires(row_ohm=0.0, column_ohm=0.0)

ROUND = Architecture(
    name="round numbers",
    source="this test",
    readout=PublishedReadout(
        bits=8,
        conversion_joule=10e-12,
        conversion_second=1e-9,
        columns_per_converter=4,
        square_metre=1e-9,
    ),
    driver=PublishedDriver(activation_joule=1e-12, square_metre=1e-10),
    read_second=10e-9,
    pulse_slot_second=1e-10,
    settle_second=1e-9,
    cell_square_metre=1e-12,
)
UNIT = DigitalUnit(
    add_joule=0.1e-12,
    multiply_joule=3e-12,
    lanes=1,
    clock_hertz=1e9,
    square_metre=5e-9,
    buffer=Buffer(byte_joule=1e-12, byte_square_metre=1e-12),
    interconnect=Interconnect(bit_joule_per_metre=1e-10, distance_metre=2e-3),
)
PLAIN = Accelerator(wires=IDEAL, digital=UNIT, input_percentile=100.0)
PAIRS = Readout(
    converter=IdealConverter(bits=8),
    amplifier=CurrentConveyor(input_ohm=0.0),
    difference="current",
)


def chip_of(network, accelerator, images=None):
    """A chip whose inputs are not negative, so that its first driver has no sign."""
    if images is None:
        images = np.random.default_rng(1).random((4, *network.input_shape)).astype(np.float32)
    return accelerator.program(network, calibration=images)


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


def test_the_hermes_core_comes_out_of_its_preset():
    core = usual_accelerator("hermes")
    found = tile_peak(core, Periphery.of(core, "hermes"), array_joule=1e-9)
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
    power = converters * readout.joule(8) / readout.second(8)
    assert power / 65.8 == approx(0.49, abs=0.005)
    assert isaac().read_period_second(pulses=False, bits=8, output_bits=8) == approx(100e-9)
    assert readout.joule(8) == approx(2e-3 / 1.28e9)
    assert isinstance(usual_accelerator("isaac").driver, BitSerial)


def test_the_survey_gives_energy_by_its_figure_of_merit():
    assert adc_survey("best").readout.joule(8) == approx(4.25e-12, rel=1e-3)
    assert adc_survey("median").readout.joule(6) == approx(62e-15 * 64)
    with pytest.raises(xc.ParameterError, match="which: got 'worst'"):
        adc_survey("worst")


def test_every_preset_says_where_its_numbers_come_from():
    for name in PRESETS:
        assert "20" in preset(name).source
        assert preset(name).assumptions
    assert len(Accelerator().digital.assumptions) == 4
    with pytest.raises(xc.ParameterError, match="architecture: got 'nothing'"):
        preset("nothing")


@pytest.mark.parametrize(("law", "second"), [("counting", 0.25), ("successive", 0.75)])
def test_converters_scale_with_their_width(law, second):
    readout = PublishedReadout(bits=8, conversion_joule=1.0, conversion_second=1.0, law=law)
    assert readout.joule(6) == 0.25
    assert readout.second(6) == second


@pytest.mark.parametrize("driver", [Dac(bits=4), PulseWidth(bits=4), BitSerial(bits=4)])
def test_an_array_without_wires_draws_what_ohms_law_says(driver):
    rng = np.random.default_rng(3)
    conductance = rng.uniform(1e-6, 1e-5, (5, 4))
    codes = rng.integers(-7, 8, (9, 5)).astype(float)
    window = 16e-9 if isinstance(driver, PulseWidth) else None
    readout = Readout(converter=IdealConverter(bits=8, window_second=window))
    tile = PLAIN.changed(driver=driver, readout=readout).tile(conductance)
    found = tile_joule(tile, codes / 7, drive_second=10e-9)
    rows = conductance.sum(axis=1)
    if isinstance(driver, Dac):
        truth = 10e-9 * ((codes / 7 * 0.2) ** 2 @ rows).mean()
    elif isinstance(driver, PulseWidth):
        share = np.abs(codes) * 1e-9 / driver.span_second
        truth = 10e-9 * (0.2**2 * share @ rows).mean()
    else:
        ones = sum((np.abs(codes).astype(int) >> bit) & 1 for bit in range(3))
        truth = 10e-9 * (0.2**2 * ones @ rows).mean()
    assert found == approx(truth, rel=1e-9)


def test_wires_are_in_the_energy_of_the_array():
    wires = xc.Wires(row_ohm=3000.0, column_ohm=4000.0)
    accelerator = PLAIN.changed(wires=wires, synapse=DifferentialPair(g_max_siemens=1e-3))
    tile = accelerator.tile(np.array([[1e-3 / 3, 0.0]]))
    found = tile_joule(tile, np.array([[1.0]]), drive_second=10e-9)
    assert found == approx(10e-9 * 0.2**2 / (3000 + 4000 + 3000), rel=1e-6)


@pytest.mark.parametrize(
    "terminals",
    [xc.Terminals(), xc.Terminals(left_ohm=30.0, right_ohm=70.0, bottom_ohm=20.0)],
)
def test_port_currents_are_those_of_all_cells_of_a_row(terminals):
    """The energy from conductances between ports, against every cell's current."""
    rng = np.random.default_rng(8)
    wires = xc.Wires(row_ohm=3.0, column_ohm=2.0)
    accelerator = PLAIN.changed(wires=wires, terminals=terminals)
    tile = accelerator.tile(rng.uniform(0.0, 25e-6, (24, 10)))
    inputs = rng.uniform(0.0, 1.0, (7, tile.inputs))
    expected = 0.0
    for read in tile.reads(inputs):
        on = 1.0 if read.second is None else np.minimum(read.second / tile.driver.span_second, 1.0)
        current = xc.nodal.read(tile.driven, read.volt * on).device_current.sum(axis=2)
        expected += 5e-9 * float((read.volt * current).sum(axis=1).mean())
    assert tile_joule(tile, inputs, drive_second=5e-9) == approx(expected, rel=1e-12)


def test_a_dense_layer_by_hand():
    accelerator = PLAIN.changed(rows=4, cols=4)  # rows 3 + 3, columns 2 + 1 pairs
    chip = chip_of(dense_network(), accelerator)
    (load,) = count_loads(chip.mapping)
    assert load.tiles == ((3, 2), (3, 4), (3, 2), (3, 4))
    assert (load.products, load.macs, load.inputs, load.outputs) == (1, 18, 6, 3)
    assert (load.conversions, load.digital_elements) == (12, 3)
    found = chip.cost(architecture=ROUND)
    expected = {
        "driver": 12 * 1e-12,
        "read-out": 12 * 10e-12,
        "digital": (12 + 3 + 3) * 0.1e-12 + 3 * 3e-12,
        "buffer": (12 + 6) * 1e-12,
        "interconnect": 6 * 8 * 1e-10 * 2e-3,
    }
    assert {name: found.joule[name] for name in expected} == approx(expected, rel=1e-12)
    # inputs of ones: the calibration's largest and beyond, every row at the full scale
    held = sum(float(g.sum()) for g in chip.conductances[0])
    assert found.joule["array"] == approx(10e-9 * 0.2**2 * held, rel=1e-6)
    assert found.total_joule == approx(sum(found.joule.values()))
    # 10 ns of read hide 4 conversions of 1 ns; 21 operations of 1 ns on 4 units take 5.25 ns
    assert found.product_second == approx(11e-9)
    assert found.latency_second == found.interval_second == approx(11e-9)
    area = {
        "driver": 4 * 4 * 1e-10,
        "array": 4 * 16 * 1e-12,
        "read-out": 4 * 1e-9,
        "digital": 4 * 5e-9,
        "buffer": 6 * 1e-12,
    }
    assert found.area_square_metre == approx(area)
    assert found.tops_per_watt == approx(36 / found.total_joule * 1e-12)
    assert found.tops_per_mm2 == approx(36 / 11e-9 * 1e-12 / (sum(area.values()) * 1e6))


def test_a_convolution_by_hand():
    """12 products of a 9 x 4 tile, whose 30 inputs of 12 bits take two bytes each."""
    chip = chip_of(convolution_network(), PLAIN.changed(driver=Dac(bits=12)))
    found = chip.cost(architecture=ROUND)
    expected = {
        "driver": 12 * 9 * 1e-12,
        "read-out": 12 * 4 * 10e-12,
        "digital": (12 * 4 + 24) * 0.1e-12 + 24 * 3e-12,
        "buffer": 2 * (12 * 9 + 30) * 1e-12,
        "interconnect": 2 * 30 * 8 * 1e-10 * 2e-3,
    }
    assert {name: found.joule[name] for name in expected} == approx(expected)
    assert found.area_square_metre["buffer"] == approx(30 * 2 * 1e-12)


def test_wires_between_tiles_take_a_quarter_of_c_v_squared_for_a_random_bit():
    # half of the bits change, and every second change draws C V**2 from the supply
    wires = Accelerator().digital.interconnect
    assert wires.bit_joule_per_metre == approx(0.2e-9 * 0.9**2 / 4)


def test_inputs_as_pulses_take_two_to_the_bits_slots():
    assert ROUND.drive_second(pulses=True, bits=6) == approx(64e-10)
    assert ROUND.drive_second(pulses=False, bits=6) == approx(10e-9)
    # 64 slots of 0.1 ns are longer than 4 conversions; 16 slots are not
    assert ROUND.read_period_second(pulses=True, bits=6, output_bits=8) == approx(6.4e-9)
    assert ROUND.read_period_second(pulses=True, bits=4, output_bits=8) == approx(4e-9)
    assert hermes_core().drive_second(pulses=True, bits=8) == approx(128e-9)


def test_slow_arithmetic_holds_the_stage():
    slow = PLAIN.changed(digital=replace(UNIT, clock_hertz=1e6))
    found = chip_of(dense_network(), slow).cost(architecture=ROUND)
    assert found.latency_second == approx((6 + 3 + 3 + 3) * 1e-6)


@pytest.mark.parametrize(
    ("changes", "conversions"),
    [
        ({}, 64 * 8 + 20),
        ({"readout": PAIRS}, 64 * 4 + 10),
        ({"rows": 128}, 64 * 8 + 2 * 20),
        ({"driver": BitSerial(bits=6)}, 6 * (64 * 8) + 5 * 20),  # the second layer's has a sign
    ],
)
def test_conversions_are_counted_and_parts_change_them(changes, conversions):
    accelerator = PLAIN.changed(**{"rows": 256, "cols": 256} | changes)
    found = chip_of(two_layers(), accelerator).cost(architecture=ROUND)
    assert found.joule["read-out"] == approx(conversions * 10e-12, rel=1e-12)


def test_bits_one_by_one_cost_one_product_each():
    at_once = chip_of(dense_network(), PLAIN).cost(architecture=ROUND)
    serial = chip_of(dense_network(), PLAIN.changed(driver=BitSerial(bits=8)))
    found = serial.cost(architecture=ROUND)
    assert found.joule["read-out"] == approx(8 * at_once.joule["read-out"])
    assert found.joule["driver"] == approx(8 * at_once.joule["driver"])
    assert found.layers[0].second == approx(8 * 10e-9 + 1e-9)


def test_a_convolution_is_replicated_and_its_energy_stays():
    chip = chip_of(convolution_network(), PLAIN.changed(digital=replace(UNIT, lanes=1000)))
    (load,) = count_loads(chip.mapping)
    assert (load.products, load.macs) == (12, 12 * 9 * 2)
    once = chip.cost(architecture=ROUND)
    copies = balanced_replicas(chip.mapping, architecture=ROUND, tiles=5)
    assert copies == {"conv": 5}
    many = chip.cost(architecture=ROUND, replicas=copies)
    assert once.latency_second == approx(12 * 11e-9)
    assert many.latency_second == approx(3 * 11e-9)
    assert many.total_joule == approx(once.total_joule)
    area = many.area_square_metre["read-out"]
    assert area == approx(5 * once.area_square_metre["read-out"])
    assert balanced_replicas(chip.mapping, architecture=ROUND, tiles=100) == {"conv": 12}


def test_replicas_go_where_the_pipeline_waits():
    mapping = map_network(fashion_mnist_lenet5(), Accelerator())
    copies = balanced_replicas(mapping, architecture=ROUND, tiles=mapping.tile_count + 7)
    assert copies["conv1"] == 8  # 784 products against 100: still the slowest with 7
    with pytest.raises(xc.ParameterError, match="tiles: got 3"):
        balanced_replicas(mapping, architecture=ROUND, tiles=3)


def test_the_arrays_of_a_network_draw_what_its_inputs_ask():
    images = np.array([[0.0, 0.5, 1.0, 1.0, 0.25, 0.75]], dtype=np.float32)
    chip = chip_of(dense_network(), PLAIN, images)
    numbers = {"dense": Periphery.of(PLAIN, ROUND)}
    found = array_joule(chip, numbers, recorded_vectors(chip, images))
    volts = np.rint(images[0].astype(float) * 255) / 255 * 0.2
    truth = 10e-9 * volts**2 @ chip.conductances[0][0].sum(axis=1)
    assert found["dense"] == approx(truth, rel=1e-6)
    with pytest.raises(xc.ParameterError, match="inputs: got none"):
        recorded_vectors(chip, images[:0])


def test_a_layer_of_many_tiles_is_sampled_within_a_few_percent():
    rng = np.random.default_rng(5)
    operator = Dense(weight=rng.normal(size=(64, 24)), bias=np.zeros(24))
    network = Network(
        nodes=(Node(name="dense", operator=operator, inputs=(INPUT,)),), input_shape=(64,)
    )
    images = rng.uniform(0.0, 1.0, (12, 64)).astype(np.float32)
    chip = chip_of(network, PLAIN.changed(rows=16, cols=16), images)
    assert chip.mapping.tile_count == 12
    found = array_joule(
        chip, {"dense": Periphery.of(PLAIN, ROUND)}, recorded_vectors(chip, images)
    )["dense"]
    codes = np.rint(images.astype(float) / images.max() * 255)
    rows = np.zeros(64)
    for plan, held in zip(chip.mapping.layers[0].tiles, chip.conductances[0], strict=True):
        rows[slice(*plan.rows)] += held.sum(axis=1)
    truth = 10e-9 * ((codes / 255 * 0.2) ** 2 @ rows).mean()
    assert found == approx(truth, rel=0.1)


@pytest.mark.parametrize(
    "change",
    [{"driver": ExactDriver()}, {"readout": Readout(converter=IdealConverter(bits=None))}],
)
def test_exact_parts_have_no_cost(change):
    chip = chip_of(dense_network(), PLAIN.changed(**change))
    with pytest.raises(xc.ParameterError, match="expected one with a width"):
        chip.cost(architecture=ROUND)


def test_energy_and_time_come_from_the_parts_themselves():
    """An op-amp, a SAR: what one tile of the same accelerator says of itself."""
    accelerator = PLAIN.changed(readout=CHAINS["sar"](bits=8)[0])
    own = Periphery.of(accelerator)
    tile = accelerator.tile(np.full((1, 2), 25e-6))
    assert own.name == "its own parts"
    assert own.product_second == tile.period_second
    assert own.conversion_joule == approx(tile.readout_joule())
    found = chip_of(dense_network(), accelerator).cost()
    assert found.periphery.name == "its own parts"
    assert found.joule["read-out"] > 0.0
    # ideal parts know nothing of themselves: the survey's numbers stand for them, and it is said
    ideal = chip_of(dense_network(), PLAIN).cost()
    assert "survey" in ideal.periphery.name
    assert any("instead of the parts'" in line for line in ideal.assumptions)


def test_a_whole_is_never_less_than_its_array():
    core = usual_accelerator("hermes")
    coarse = IdealConverter(bits=4, window_second=128e-9)
    core = core.changed(
        readout=Readout(converter=coarse, amplifier=core.readout.amplifier, difference="current")
    )
    numbers = Periphery.of(core, "hermes")
    assert tile_peak(core, numbers, array_joule=0.1e-9)["product_joule"] == approx(12.5e-9 / 16)
    assert tile_peak(core, numbers, array_joule=2e-9)["product_joule"] == 2e-9


def test_numbers_of_another_driver_carry_a_caution():
    for driver, cautious in ((Dac(bits=8), True), (BitSerial(bits=8), False)):
        found = chip_of(dense_network(), PLAIN.changed(driver=driver)).cost(architecture="isaac")
        assert any(line.startswith("Caution") for line in found.assumptions) == cautious
    found = chip_of(dense_network(), PLAIN).cost(architecture=ROUND)
    assert not any(line.startswith("Caution") for line in found.assumptions)


def test_unknown_layers_are_refused():
    with pytest.raises(xc.ParameterError, match=r"replicas: got unknown layers \['conv9'\]"):
        chip_of(dense_network(), PLAIN).cost(architecture=ROUND, replicas={"conv9": 2})


@pytest.mark.parametrize(
    "build",
    [
        lambda: PublishedReadout(bits=8, conversion_joule=float("nan"), conversion_second=1.0),
        lambda: PublishedReadout(bits=8, conversion_joule=1.0, conversion_second=0.0),
        lambda: PublishedReadout(bits=8, conversion_joule=1.0, conversion_second=1.0, law="none"),
        lambda: PublishedDriver(activation_joule=-1.0),
        lambda: replace(ROUND, name=""),
        lambda: replace(ROUND, read_second=0.0),
    ],
)
def test_numbers_out_of_range_are_refused(build):
    with pytest.raises(xc.ParameterError):
        build()
