"""The loop of write and verify, with cells so simple that every turn is known beforehand.

A cell's conductance falls along a straight line with the amplitude, each with an error of its own,
and so the error of a turn is ``1 - gain * (1 + error)`` times that of the turn before.
"""

import math

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import PcmCell, PcmVariability, PulsedSet
from xbar_circuit.devices.pcm.dynamics import Pulse
from xbar_circuit.programming import (
    CompactWriter,
    PulsedWriter,
    ReadPath,
    program_and_verify,
    single_shot,
)

TOP, SLOPE = 30e-6, 10e-6  # S at 0 V, S/V
ERRORS = np.array([0.0, 0.2, -0.1, 0.02])
TARGETS = np.array([12e-6, 15e-6, 8e-6, 20e-6])
EXACT = ReadPath(bits=None, read_volt=0.25, read_second=40e-9)


class Line:
    """Both the cells and their nominal curve."""

    read_volt = 0.25

    def __init__(self):
        self.conductance, self.written = np.full(4, TOP), []

    cells = 4

    def write(self, volt, chosen, *, rng):
        self.written.append(np.where(chosen, volt, np.nan))
        reached = TOP - SLOPE * volt * (1.0 + ERRORS)
        self.conductance = np.where(chosen, reached, self.conductance)
        return np.where(chosen, 3e-12, 0.0)

    def write_second(self):
        return 7e-9

    def current(self, read_volt):
        return self.conductance * read_volt

    def observe(self, read_volt, read_second, *, rng):
        return self.current(read_volt)

    def volt_for(self, conductance):
        return (TOP - conductance) / SLOPE


@pytest.mark.parametrize("gain", [1.0, 0.8, 0.3])
@pytest.mark.parametrize("most", [30, 3])
def test_every_turn_takes_back_its_share_of_the_error_and_is_paid(gain, most):
    cells, tolerance = Line(), 0.05e-6
    result = program_and_verify(
        cells, TARGETS, read_path=EXACT, tolerance_siemens=tolerance, rng=np.random.default_rng(0),
        curve=cells, most_pulses=most, gain=gain,
    )  # fmt: skip
    aim = (TOP - TARGETS) / SLOPE
    for k, (error, target) in enumerate(zip(ERRORS, TARGETS, strict=True)):
        # after pulse n the conductance is off by -slope * aim * error * ratio**(n - 1)
        ratio = 1.0 - gain * (1.0 + error)
        left = [-SLOPE * aim[k] * error * ratio**n for n in range(most)]
        reads = [abs(TOP - target), *map(abs, left)]
        turns = next((n for n, off in enumerate(reads) if off <= tolerance), most)
        assert result.pulses[k] == turns
        assert bool(result.accepted[k]) == (reads[turns] <= tolerance)
        assert result.error[k] == approx(left[turns - 1], abs=1e-14)
        seen = TOP + np.array([0.0, *(target + np.array(left[:turns]) - TOP)])
        read = 0.25**2 * 40e-9 * seen.sum()
        assert result.energy_joule[k] == approx(turns * 3e-12 + read)
        assert result.second[k] == approx(turns * 7e-9 + (turns + 1) * 40e-9)
    assert cells.written[0] == approx(aim)
    off = result.error
    assert result.rms_error == approx(math.sqrt(np.mean(off**2)))
    assert result.accepted_rms_error == approx(math.sqrt(np.mean(off[result.accepted] ** 2)))


def test_a_tolerance_holds_at_its_edge_and_for_each_cell():
    off = np.array([1.0, 1.0, 0.5, 0.5]) * 1e-6
    cells = Line()
    result = program_and_verify(
        cells, TOP - off, read_path=EXACT, tolerance_siemens=off * [1.001, 0.999, 1.001, 0.999],
        rng=np.random.default_rng(0), curve=cells, most_pulses=1,
    )  # fmt: skip
    assert result.pulses.tolist() == [0, 1, 0, 1]
    assert result.target == approx(TOP - off)


def test_one_pulse_for_each_cell_is_what_a_single_shot_costs():
    cells = Line()
    result = single_shot(cells, TARGETS, curve=cells, rng=np.random.default_rng(0))
    aim = (TOP - TARGETS) / SLOPE
    assert result.reached == approx(TOP - SLOPE * aim * (1.0 + ERRORS))
    assert result.pulses.tolist() == [1, 1, 1, 1]
    assert result.accepted.all()
    assert result.energy_joule == approx(np.full(4, 3e-12))
    assert result.second == approx(np.full(4, 7e-9))


@pytest.mark.parametrize("gain", [0.0, 1.0 + 1e-9, -0.1])
def test_a_gain_is_above_nothing_and_at_most_one(gain):
    cells = Line()
    with pytest.raises(xc.ParameterError, match="gain"):
        program_and_verify(
            cells, TARGETS, read_path=EXACT, tolerance_siemens=1e-6,
            rng=np.random.default_rng(0), curve=cells, gain=gain,
        )  # fmt: skip


def test_the_pulse_models_pulses_cost_what_their_currents_say():
    """90 uA at 1 V for 50 ns, 440 uA at 1.7 V for 1 us (currents of Sebastian et al. 2017)."""
    writer = PulsedWriter.array(PulsedSet.nandakumar2018(), 3)
    writer.conductance, writer.memory = np.full(3, 4e-6), np.full(3, 0.4)
    before = writer.conductance.copy()
    chosen = np.array([True, True, False])
    joule = writer.write(np.array([1.0, 0.0, 1.0]), chosen, rng=np.random.default_rng(1))
    assert joule.tolist() == [approx(90e-6 * 50e-9), approx(440e-6 * 1.7e-6), 0.0]
    assert writer.conductance[0] != before[0]
    assert writer.conductance[1:].tolist() == [writer.model.floor_siemens, before[2]]
    assert writer.memory.tolist() == [
        approx(0.4 * math.exp(-1 / writer.model.decay_pulses)),
        1,
        0.4,
    ]
    assert writer.write_second() == approx(100e-9)
    assert writer.current(0.3) == approx(writer.conductance * 0.3)


def test_a_compact_writer_scales_its_pulses_and_leaves_the_others_alone():
    cell, pulse = PcmCell(), Pulse(volt=4.0, width_second=3e-8, load_ohm=8e3)
    start, volts = np.array([5e-9, 5e-9, 5e-9]), np.array([3.0, 1.5, 3.0])
    writer = CompactWriter(
        cell=cell, thickness=start, pulse=pulse, strength=np.array([1.0, 2.0, 1.0])
    )
    joule = writer.write(volts, np.array([True, True, False]), rng=np.random.default_rng(0))
    assert writer.thickness[0] == writer.thickness[1]  # 1.5 V twice as strong is 3 V
    assert abs(writer.thickness[0] - 5e-9) > 0.5e-9
    assert writer.thickness[2] == 5e-9
    assert joule[0] == joule[1] > 0.0
    assert joule[2] == 0.0
    assert writer.write_second() == approx(5e-9 + 3e-8 + 5e-9 + 5e-8)
    spread = PcmVariability(pulse=0.05)
    drawn = CompactWriter.array(cell, 200, rng=np.random.default_rng(1), variability=spread)
    assert (drawn.pulse_sigma, drawn.noisy, drawn.cells) == (0.05, True, 200)
    assert not drawn.thickness.any()


def test_a_noisy_writer_is_seen_with_its_own_noise():
    cell = PcmCell().aged(80.0)
    writer = CompactWriter(cell=cell, thickness=np.full(20_000, 5e-9), noisy=True)
    seen = writer.observe(0.2, 1e-3, rng=np.random.default_rng(3))
    root = math.sqrt(math.log((100.0 + 1e-3) / 2e-3))  # 80 s and the 20 s of the drift's origin
    sigma = float(cell.noise_amplitude(5e-9)) * root
    assert 0.01 < sigma < 0.2
    assert (seen / writer.current(0.2)).std() == approx(sigma, rel=0.02)
    quiet = CompactWriter(cell=cell, thickness=np.full(2, 40e-9))
    np.testing.assert_array_equal(
        quiet.observe(0.2, 1e-6, rng=np.random.default_rng(3)), quiet.current(0.2)
    )
