"""Every number of the presets by what it makes of a product, from the sources' own figures."""

import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.architecture import (
    Buffer,
    DigitalUnit,
    Interconnect,
    Readout,
    adc_survey,
    cmos45,
    hermes_64,
    hermes_core,
    isaac,
    neurram,
    preset,
    usual_accelerator,
)
from xbar_circuit.architecture.product import tile_areas
from xbar_circuit.peripherals import Sar

OURS = ["hermes", "hermes 64, one phase", "isaac", "own circuits", "survey median", "survey best"]


@pytest.mark.parametrize("name", OURS)
def test_the_digital_rest_is_horowitzs(name):
    found = preset(name)
    assert found.digital == DigitalUnit(
        add_joule=0.1e-12, multiply_joule=3.1e-12, lanes=256, clock_hertz=1e9
    )
    assert found.buffer.byte_joule == approx(1.25e-12)  # 10 pJ for 64 bits
    assert found.interconnect.distance_metre == 1e-3
    assert found.settle_second >= 0.0


def test_the_cores_slots_and_area():
    core = hermes_core()
    assert core.product_second("pulse width", 8, 8) == approx(130e-9)
    assert core.readout.conversion_second == approx(128e-9)
    assert core.pulse_slot_second == approx(0.5e-9)
    assert core.read_second == approx(128e-9)
    areas = tile_areas(usual_accelerator("hermes"), core)
    assert sum(areas.values()) == approx(1.008 / 1.59 * 1e-6)
    wide = usual_accelerator("hermes")
    assert (wide.tile_rows, wide.tile_cols, wide.subtraction) == (256, 512, "analog")
    assert (wide.wires.row_ohm, wide.wires.column_ohm) == (0.35, 0.35)
    assert wide.input_coding == "pulse width"


def test_the_64_core_chips_reads():
    for phases, settle in ((1, 4.94e-9), (4, 9.03e-9)):
        core = hermes_64(phases)
        assert core.settle_second == approx(settle, rel=2e-3)
        assert core.pulse_slot_second * 256 == approx(128e-9)
        assert core.read_second == approx(128e-9)


def test_isaacs_components():
    design = isaac()
    assert design.readout.columns_per_converter == 128
    assert design.readout.area_m2 == approx(0.0012e-6)
    assert design.driver.activation_joule == approx(4e-3 / 1024 * 1e-7)
    assert design.driver.area_m2 == approx(170e-12 / 1024)
    assert design.buffer.byte_m2 == approx(0.083e-6 / 64 / 1024)
    assert design.cell_m2 == approx(25e-12 / 128 / 128)
    assert design.read_second == approx(100e-9)
    assert design.pulse_slot_second == approx(100e-9 / 256)
    assert usual_accelerator("isaac").slice_bits == (2, 2, 2, 2)


@pytest.mark.parametrize(
    ("which", "walden"), [("best", 16.6e-15), ("tenth percentile", 17.7e-15), ("median", 62e-15)]
)
def test_the_surveys_converters(which, walden):
    found = adc_survey(which)
    assert found.readout.joule(8) == approx(walden * 256)
    # 32 columns take turns at 1 GS/s; 2 ns to settle
    assert found.product_second("voltage", 8, 8) == approx(34e-9)
    assert found.read_second == approx(32e-9)
    assert found.pulse_slot_second == approx(0.5e-9)
    # 256 cells of 1 um, 0.2 fF/um, 0.9 V
    assert found.driver.activation_joule == approx(256 * 0.2e-15 * 0.81)


def test_our_own_circuits():
    own = cmos45()
    converter = Sar(bits=8, low_volt=0.1, high_volt=0.6, comparator_joule=71e-15)
    assert own.readout.joule(8) == approx(converter.energy_joule)
    assert own.readout.seconds(8) == approx(12e-9)  # 8 bits, 2 to sample, 2 about them, at 1 GHz
    assert own.readout.amplifier_watt == 1.04e-3
    assert own.driver.activation_joule == approx(256 * 0.2e-15 * 1.21)
    assert own.read_second == approx(14.9e-9)
    assert own.pulse_slot_second == approx(0.5e-9)
    assert (usual_accelerator("own circuits").tile_rows, 256) == (256, 256)


@pytest.mark.parametrize(("bits", "out"), [(1, 3), (4, 6), (6, 8), (8, 10)])
def test_neurrams_widths(bits, out):
    found = neurram(bits)
    assert found.readout.bits == out
    assert found.pulse_slot_second == approx(found.read_second / 2**bits)
    assert found.readout.area_m2 == approx(2540e-12)
    assert found.driver.area_m2 * 256 == approx(0.21 * 1270e-12 * 256 / 0.28)
    assert found.cell_m2 * 65536 == approx(0.12 * 1270e-12 * 256 / 0.28)
    assert found.interconnect == Interconnect(bit_joule_per_metre=0.0, distance_metre=0.0)
    assert found.buffer == Buffer(byte_joule=0.0)
    assert neurram(bits, 9).readout.bits == 9


@pytest.mark.parametrize(("name", "bits"), [("neurram", 6), ("neurram, 1-bit inputs", 1)])
def test_neurrams_tiles(name, bits):
    tiles = usual_accelerator(name)
    assert (tiles.tile_rows, tiles.tile_cols) == (256, 256)
    assert (tiles.input_bits, tiles.output_bits) == (bits, bits + 2)


@pytest.mark.parametrize("change", [{"lanes": 0}, {"clock_hertz": 0.0}, {"add_joule": -1.0}])
def test_units_out_of_range_are_refused(change):
    good = {"add_joule": 0.0, "multiply_joule": 0.0, "lanes": 1, "clock_hertz": 1.0}
    DigitalUnit(**good)
    with pytest.raises(xc.ParameterError, match=next(iter(change))):
        DigitalUnit(**(good | change))
    with pytest.raises(xc.ParameterError, match="bits"):
        Readout(bits=17, conversion_joule=1.0, conversion_second=1.0)
    Readout(bits=16, conversion_joule=1.0, conversion_second=1.0)
