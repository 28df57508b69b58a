"""Programming loops: what they reach, what they cost, and that ngspice agrees."""

import math

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.devices import PcmCell, PcmVariability, PulsedSet
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.programming import (
    CalibratedReadPath,
    CompactWriter,
    ProgrammingCurve,
    PulsedWriter,
    ReadPath,
    SpiceWriter,
    program_and_verify,
    single_shot,
)

CELL = PcmCell.sebastian2017()


@pytest.fixture(scope="module")
def curve():
    return ProgrammingCurve.simulate(CELL)


def generator(seed=1):
    return np.random.default_rng(seed)


def test_the_curve_falls_and_inverts(curve):
    assert np.all(np.diff(curve.conductances) < 0.0)
    assert curve.conductances[0] > 25e-6
    assert curve.conductances[-1] < 0.5e-6
    np.testing.assert_allclose(curve.volt_for(curve.conductances), curve.volts, rtol=1e-12)


@pytest.mark.parametrize("target", [1e-6, 5e-6, 15e-6])
@pytest.mark.parametrize("start", [0.0, 10e-9, 40e-9])
def test_the_inverse_pulse_takes_a_cell_there_from_anywhere(curve, target, start):
    writer = CompactWriter(cell=CELL, thickness=np.array([start]))
    result = single_shot(writer, target, curve=curve, rng=generator())
    assert result.reached[0] == approx(target, rel=0.05)
    assert curve.pulse_for(target).volt == approx(float(curve.volt_for(target)), rel=1e-15)


def test_the_closed_loop_removes_device_variability(curve):
    rng = generator()
    targets = rng.uniform(1e-6, 20e-6, 60)
    blind = CompactWriter.array(
        CELL, 60, rng=generator(2), variability=PcmVariability(pulse=0.0), noisy=False
    )
    looped = CompactWriter.array(
        CELL, 60, rng=generator(2), variability=PcmVariability(pulse=0.0), noisy=False
    )
    once = single_shot(blind, targets, curve=curve, rng=rng)
    path = ReadPath(bits=8)
    result = program_and_verify(
        looped, targets, read_path=path, curve=curve, tolerance_siemens=0.3e-6, rng=rng
    )
    assert result.accepted.all()
    assert np.abs(result.error).max() < 0.3e-6 + 0.5 * path.step_siemens
    assert result.rms_error < 0.1 * once.rms_error
    assert result.accepted_rms_error == approx(result.rms_error, rel=1e-12)
    assert result.pulses.mean() < 10.0
    assert np.all(result.energy_joule > 0.0)
    spent = result.pulses * looped.write_second() + (result.pulses + 1) * path.read_second
    np.testing.assert_allclose(result.second, spent, rtol=1e-12)


def test_a_coarse_converter_ends_further_away(curve):
    errors = []
    for bits in (4, 8):
        writer = CompactWriter.array(CELL, 40, rng=generator(3))
        path = ReadPath(bits=bits, relative_noise=0.01)
        tolerance = max(0.5 * path.step_siemens, 0.3e-6)
        targets = generator(4).uniform(1e-6, 10e-6, 40)
        result = program_and_verify(
            writer, targets, read_path=path, curve=curve, tolerance_siemens=tolerance,
            rng=generator(5), most_pulses=10,
        )  # fmt: skip
        errors.append(result.accepted_rms_error)
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize("target", [2e-6, 12e-6])
@pytest.mark.parametrize("path", [ReadPath(bits=None), ReadPath(bits=10, relative_noise=0.005)])
def test_the_same_loop_in_ngspice_agrees(curve, target, path):
    """Same controller, same strong cell: as many pulses, and the same conductance within 2 %."""
    strength = 1.03
    ours = CompactWriter(cell=CELL, thickness=np.zeros(1), strength=np.array([strength]))
    theirs = SpiceWriter(cell=CELL, strength=strength)
    mine, spice = (
        program_and_verify(
            writer, target, read_path=path, curve=curve, tolerance_siemens=0.02 * target,
            rng=generator(),
        )
        for writer in (ours, theirs)
    )  # fmt: skip
    assert mine.pulses[0] == spice.pulses[0] > 1
    assert mine.reached[0] == approx(spice.reached[0], rel=0.02)
    assert mine.energy_joule[0] == approx(spice.energy_joule[0], rel=0.02)


def test_the_pulse_model_climbs_and_resets():
    targets = generator(6).uniform(1e-6, 9e-6, 500)
    writer = PulsedWriter.array(PulsedSet.nandakumar2018(), 500)
    result = program_and_verify(
        writer, targets, read_path=ReadPath(), tolerance_siemens=0.5e-6, rng=generator(),
        most_pulses=80,
    )  # fmt: skip
    assert result.accepted.mean() > 0.98
    assert np.abs(result.error[result.accepted]).max() < 0.5e-6 + 0.06e-6
    assert writer.conductance.min() >= writer.model.floor_siemens


def test_the_read_path_rounds_clips_and_makes_noise():
    path = ReadPath(read_volt=0.2, full_scale_siemens=25.5e-6, bits=8)
    g = path.measure(np.array([0.0, 1.04e-6, 60e-6]) * 0.2, rng=generator())
    np.testing.assert_allclose(g, [0.0, 1.0e-6, 25.5e-6], atol=1e-15)
    noisy = ReadPath(bits=None, noise_ampere=1e-8, relative_noise=0.01)
    sample = noisy.measure(np.full(100_000, 2e-6), rng=generator())
    expected = math.hypot(1e-8, 0.01 * 2e-6) / 0.2
    assert sample.std() == approx(expected, rel=0.01)
    assert path.measure(np.array([1e-6]), rng=generator(1)) == path.measure(
        np.array([1e-6]), rng=generator(2)
    )


def calibrated(gain=0.9, noise=0.0, bits=7):
    """A read-out with offset and compression, as a calibration against ngspice would give."""
    return ReadoutModel(
        input_ohm=50.0, input_volt=0.0, scale_ampere=6e-6, noise=noise,
        coefficients=(0.5 - 0.45 * np.sign(gain), gain, -0.1 * gain),
        thresholds=tuple(np.arange(1, 2**bits) / 2**bits), product_second=1e-7,
    )  # fmt: skip


@pytest.mark.parametrize("gain", [0.9, -0.9])
def test_a_calibrated_read_out_is_read_by_its_own_curve_and_codes(gain):
    path = CalibratedReadPath(model=calibrated(gain))
    g = np.linspace(0.0, 25e-6, 101)
    believed = path.measure(g * path.read_volt, rng=generator())
    assert np.unique(believed).size < 110
    code = 6e-6 / (0.9 * 0.8) / 2**7 / path.read_volt  # the widest, where the curve is flattest
    assert np.abs(believed - g).max() < 0.5 * code * 1.2
    assert path.read_second == 1e-7
    noisy = CalibratedReadPath(model=calibrated(gain, noise=0.02))
    spread = noisy.measure(np.full(4000, 2e-6), rng=generator()).std()
    assert spread == approx(0.02 / 2**-7 * code, rel=0.25)


def test_the_loop_closes_through_a_calibrated_read_out(curve):
    path = CalibratedReadPath(model=calibrated(noise=0.002), relative_noise=0.005)
    writer = CompactWriter.array(
        CELL, 30, rng=generator(2), variability=PcmVariability(pulse=0.0), noisy=False
    )
    targets = generator(4).uniform(2e-6, 10e-6, 30)
    result = program_and_verify(
        writer, targets, read_path=path, curve=curve, tolerance_siemens=0.4e-6, rng=generator(3)
    )
    assert result.accepted.mean() > 0.95
    assert result.accepted_rms_error < 0.4e-6


def test_a_formula_or_a_curve_that_turns_around_is_no_read_path():
    with pytest.raises(ParameterError, match="thresholds"):
        CalibratedReadPath(
            model=ReadoutModel(
                input_ohm=0.0, input_volt=0.0, scale_ampere=1e-6, coefficients=(0.0, 1.0)
            )
        )
    with pytest.raises(ParameterError, match="turns around"):
        CalibratedReadPath(model=calibrated(), largest_siemens=1e-3)


def test_a_target_within_reach_needs_no_pulse(curve):
    writer = CompactWriter(cell=CELL, thickness=CELL.thickness(5e-6, read_volt=0.2))
    result = program_and_verify(
        writer, 5e-6, read_path=ReadPath(bits=None), curve=curve, tolerance_siemens=1e-9,
        rng=generator(),
    )  # fmt: skip
    assert result.pulses[0] == 0
    assert result.accepted[0]


def test_refusals(curve):
    writer = CompactWriter(cell=CELL, thickness=np.zeros(3))
    with pytest.raises(ShapeError, match="target"):
        single_shot(writer, [1e-6, 2e-6], curve=curve, rng=generator())
    with pytest.raises(ParameterError, match="gain"):
        program_and_verify(
            writer, 1e-6, read_path=ReadPath(), curve=curve, tolerance_siemens=1e-7,
            rng=generator(), gain=2.0,
        )  # fmt: skip
    with pytest.raises(ParameterError, match="lowest_volt"):
        ProgrammingCurve.simulate(CELL, lowest_volt=0.1, highest_volt=0.5, points=9)
    with pytest.raises(ParameterError, match="bits"):
        ReadPath(bits=0)
