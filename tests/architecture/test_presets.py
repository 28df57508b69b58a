"""Every number of the presets by what it makes of a product, from the sources' own figures."""

from itertools import pairwise

import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import usual_accelerator
from xbar_circuit.accelerator._periphery import Periphery, input_bits
from xbar_circuit.accelerator._tile_peak import tile_peak
from xbar_circuit.architecture import (
    Buffer,
    DigitalUnit,
    Interconnect,
    PublishedReadout,
    adc_survey,
    cmos45,
    hermes_64,
    hermes_core,
    isaac,
    neurram,
    preset,
)
from xbar_circuit.architecture.logic import NODES, Logic
from xbar_circuit.cells import BitSlices
from xbar_circuit.peripherals import PulseWidth, Sar

OURS = ["hermes", "hermes 64, one phase", "isaac", "own circuits", "survey median", "survey best"]


@pytest.mark.parametrize("name", OURS)
def test_the_digital_rest_is_horowitzs(name):
    found = usual_accelerator(name).digital
    assert (found.add_joule, found.multiply_joule) == (0.1e-12, 3.1e-12)
    assert (found.lanes, found.clock_hertz) == (256, 1e9)
    assert found.mac_joule(None) == approx(0.9e-12 + 3.7e-12)  # float32: an addition, a product
    assert found.mac_joule(8) == approx(0.2e-12 + 0.1e-12)
    assert found.buffer.byte_joule == approx(1.25e-12)  # 10 pJ for 64 bits
    assert found.interconnect.distance_metre == 1e-3
    assert preset(name).settle_second >= 0.0


def test_the_cores_slots_and_area():
    core = hermes_core()
    wide = usual_accelerator("hermes")
    assert Periphery.of(wide, core).product_second == approx(130e-9)
    assert core.readout.conversion_second == approx(128e-9)
    assert core.pulse_slot_second == approx(0.5e-9)
    assert core.read_second == approx(128e-9)
    peak = tile_peak(wide, Periphery.of(wide, core), array_joule=0.0)
    assert peak["tops"] / peak["tops_per_mm2"] == approx(1.008 / 1.59, rel=1e-3)
    assert (wide.rows, wide.cols, wide.readout.difference) == (256, 512, "current")
    assert (wide.wires.row_ohm, wide.wires.column_ohm) == (0.35, 0.35)
    assert isinstance(wide.driver, PulseWidth)


def test_the_64_core_chips_reads():
    for phases, settle in ((1, 4.94e-9), (4, 9.03e-9)):
        core = hermes_64(phases)
        assert core.settle_second == approx(settle, rel=2e-3)
        assert core.pulse_slot_second * 256 == approx(128e-9)
        assert core.read_second == approx(128e-9)


def test_isaacs_components():
    design = isaac()
    assert design.readout.columns_per_converter == 128
    assert design.readout.square_metre == approx(0.0012e-6)
    assert design.driver.activation_joule == approx(4e-3 / 1024 * 1e-7)
    assert design.driver.square_metre == approx(170e-12 / 1024)
    buffer = usual_accelerator("isaac").digital.buffer
    assert buffer.byte_square_metre == approx(0.083e-6 / 64 / 1024)
    assert design.cell_square_metre == approx(25e-12 / 128 / 128)
    assert design.read_second == approx(100e-9)
    assert design.pulse_slot_second == approx(100e-9 / 256)
    synapse = usual_accelerator("isaac").synapse
    assert isinstance(synapse, BitSlices)
    assert (synapse.bits_per_cell, synapse.slices) == (2, 4)


@pytest.mark.parametrize(
    ("which", "walden"), [("best", 16.6e-15), ("tenth percentile", 17.7e-15), ("median", 62e-15)]
)
def test_the_surveys_converters(which, walden):
    found = adc_survey(which)
    assert found.readout.joule(8) == approx(walden * 256)
    # 32 columns take turns at 1 GS/s; 2 ns to settle
    assert Periphery.of(usual_accelerator("survey median"), found).product_second == approx(34e-9)
    assert found.read_second == approx(32e-9)
    assert found.pulse_slot_second == approx(0.5e-9)
    # 256 cells of 1 um, 0.2 fF/um, 0.9 V
    assert found.driver.activation_joule == approx(256 * 0.2e-15 * 0.81)


def test_our_own_circuits():
    own = cmos45()
    converter = Sar(bits=8, low_volt=0.1, high_volt=0.6, comparator_joule=71e-15)
    assert own.readout.joule(8) == approx(converter.energy_joule)
    assert own.readout.second(8) == approx(12e-9)  # 8 bits, 2 to sample, 2 about them, at 1 GHz
    assert own.readout.amplifier_watt == 1.04e-3
    assert own.driver.activation_joule == approx(256 * 0.2e-15 * 1.21)
    assert own.read_second == approx(14.9e-9)
    assert own.pulse_slot_second == approx(0.5e-9)
    tiles = usual_accelerator("own circuits")
    assert (tiles.rows, tiles.cols) == (256, 256)


@pytest.mark.parametrize(("bits", "out"), [(1, 3), (4, 6), (6, 8), (8, 10)])
def test_neurrams_widths(bits, out):
    found = neurram(bits)
    assert found.readout.bits == out
    assert found.pulse_slot_second == approx(found.read_second / 2**bits)
    assert found.readout.square_metre == approx(2540e-12)
    assert found.driver.square_metre * 256 == approx(0.21 * 1270e-12 * 256 / 0.28)
    assert found.cell_square_metre * 65536 == approx(0.12 * 1270e-12 * 256 / 0.28)
    assert neurram(bits, 9).readout.bits == 9


@pytest.mark.parametrize(("name", "bits"), [("neurram", 6), ("neurram, 1-bit inputs", 1)])
def test_neurrams_tiles(name, bits):
    tiles = usual_accelerator(name)
    assert (tiles.rows, tiles.cols) == (256, 256)
    assert tiles.readout.converter.bits == bits + 2
    assert input_bits(tiles.driver) == max(bits, 2)  # a sign, and a magnitude of one bit
    assert tiles.digital.interconnect == Interconnect(bit_joule_per_metre=0.0, distance_metre=0.0)
    assert tiles.digital.buffer == Buffer(byte_joule=0.0)


@pytest.mark.parametrize("change", [{"lanes": 0}, {"clock_hertz": 0.0}, {"add_joule": -1.0}])
def test_units_out_of_range_are_refused(change):
    good = {"add_joule": 0.0, "multiply_joule": 0.0, "lanes": 1, "clock_hertz": 1.0}
    good |= {
        "buffer": Buffer(byte_joule=0.0),
        "interconnect": Interconnect(bit_joule_per_metre=0.0, distance_metre=0.0),
    }
    DigitalUnit(**good)
    with pytest.raises(xc.ParameterError, match=next(iter(change))):
        DigitalUnit(**(good | change))
    with pytest.raises(xc.ParameterError, match="bits"):
        PublishedReadout(bits=17, conversion_joule=1.0, conversion_second=1.0)
    PublishedReadout(bits=16, conversion_joule=1.0, conversion_second=1.0)


def test_a_code_as_a_time_takes_two_to_the_bits_slots():
    core = hermes_core()
    for bits in (1, 6, 8):
        assert core.drive_second(pulses=True, bits=bits) == approx(0.5e-9 * 2**bits)
    assert core.drive_second(pulses=False, bits=6) == approx(128e-9)


def test_logic_is_horowitzs_at_45_nm_and_stillmakers_elsewhere():
    known, small = Logic(nm=45, supply_volt=0.9), Logic(nm=14, supply_volt=0.8)
    # 0.2363 * 0.64 - 0.09675 * 0.8 + 0.02239 over 1.018 * 0.81 - 0.3107 * 0.9 + 0.1539
    scale = 0.096222 / 0.69885
    for logic, share in ((known, 1.0), (small, scale)):
        assert logic.scale == approx(share, rel=1e-6)
        assert logic.affine(3) == approx(3 * 0.3e-12 * share, rel=1e-6)
        assert logic.memory(7) == approx(7 * 1.25e-12 * share, rel=1e-6)
        joule = logic.pulse_generation(256, 8, 255)
        assert joule == approx(256 * 8 * 255 * 3.125e-15 * share, rel=1e-6)
    assert known.clock(10, 5.0) == approx(50 * 1e-15 * 0.81)


def test_logic_takes_less_at_every_smaller_node():
    nodes = sorted(NODES, reverse=True)
    joule = [Logic(nm=nm, supply_volt=0.9).scale for nm in nodes]
    assert all(after < 0.9 * before for before, after in pairwise(joule))
