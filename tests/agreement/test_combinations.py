"""Combinations of parts that once made ngspice stop, or whose codes lie on thresholds."""

from dataclasses import replace

import numpy as np
import pytest

from xbar_circuit.agreement import _combinations as combinations
from xbar_circuit.spice import persistence
from xbar_circuit.spice._testbench import run_bench


def case(driver, readout, synapse):
    """Return one of the combinations of `xbar agree-tiles --seed 0`."""
    every = combinations.combinations(seed=0)
    return next(
        one for one in every if (one.driver, one.readout, one.synapse) == (driver, readout, synapse)
    )


def test_a_limited_buffer_on_a_resistive_array_does_not_stop_ngspice():
    """Without a capacitor at its output: "Timestep too small" at 11.04 ns, at every rung."""
    stopping = case("weak buffer", "cyclic", "none")
    rng = np.random.default_rng(3)
    reads = stopping.tile.reads(stopping.x, rng=rng)
    bench = stopping.tile.bench(reads[0], noise=stopping.tile.draw_noise(reads, rng)[0])
    assert run_bench(bench).solved == persistence.AS_WRITTEN.name
    assert combinations.check_combination(stopping).passed


def test_a_tie_is_one_step_of_one_converter():
    """Of 64 codes of converters two lie within 1 % of an LSB of a threshold; outputs sum them."""
    tied = case("bits, 2's", "digital", "devices")
    outcome = combinations.check_combination(tied)
    assert (outcome.codes, outcome.allowed) == (64, 1.0)
    assert outcome.passed
    assert 0.0 < 1.0 - outcome.equal < 0.05
    for wrong in ({"spice_apart": 2.0}, {"equal": 0.7}, {"compiled_apart": 1.0}, {"failure": "x"}):
        assert not replace(outcome, **wrong).passed


@pytest.mark.parametrize("wrong", [1, -1])
def test_every_read_is_held_to_its_own_code(monkeypatch, wrong):
    """Two errors that cancel in an output's sum are found."""
    one = case("bits", "ideal", "pair")
    tile_type = type(one.tile)
    plain, count = tile_type.codes_of, []

    def moved(tile, current, noise=None):
        count.append(1)
        shift = {1: 2 * wrong, 2: -wrong}.get(len(count), 0)
        return plain(tile, current, noise) + shift

    monkeypatch.setattr(tile_type, "codes_of", moved)
    outcome = combinations.check_combination(one)
    assert outcome.spice_apart == 2.0
    assert not outcome.passed


@pytest.mark.parametrize(
    "names",
    [
        ("dac", "current", "gates"),
        ("weak buffer", "sar", "gates, 1T1R"),
        ("pulse", "integrator", "gates, 1T1R"),
        ("bits", "sar", "8T4R, 1T1R"),
    ],
)
def test_gates_and_supplies_are_held_about_the_reference_of_the_read_out(names):
    """Held about the deck's ground, each of these has wrong codes: half of them, or all."""
    one = case(*names)
    assert one.tile.readout.reference_volt > 0.2
    outcome = combinations.check_combination(one)
    assert outcome.passed, outcome
    assert outcome.equal >= 0.9


@pytest.mark.parametrize(
    ("coding", "readout"),
    [("bits, 2's", "cyclic"), ("bits", "oscillator"), ("bits, 2's", "oscillator")],
)
def test_gates_and_bits_in_series_get_an_answer(coding, readout):
    """They got none: "Timestep too small" at a word line's source, or no operating point."""
    outcome = combinations.check_combination(case(coding, readout, "gates, 1T1R"))
    assert outcome.passed, outcome
    assert outcome.codes == 32
    assert outcome.equal >= 0.9


def test_what_a_tile_refuses_is_counted_by_its_reason():
    """Pulses need a window, 8T4R has nothing to subtract and drives no gates below 0 V."""
    reasons = {reason.split(": ")[0]: count for reason, count in combinations.refused().items()}
    assert reasons == {"readout": 82, "readout.difference": 72, "synapse": 88}
    fit = combinations.fitting()
    assert len(fit) + 242 == len(set(fit)) + 242 == 8 * 14 * 9
    for synapse in combinations.TRANSISTOR_SYNAPSES:
        assert any(synapse == one[2] for one in fit) == (synapse != "8T4R, gates")
