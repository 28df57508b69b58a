"""Many samples of a converter: the spread that theory says, whoever does the work, nothing lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Flash, OscillatorCounter, Ramp, Sar
from xbar_circuit.studies import characterize_converter, converter_yield


def test_mismatch_spreads_the_major_transition_as_theory_says():
    found = converter_yield(Sar(bits=6), mismatch={"unit_sigma": 0.01}, samples=150)
    # 32 units against 31: their difference has the variance of 63 units
    expected = 0.01 * np.sqrt(63.0)
    np.testing.assert_allclose(found.dnl_lsb[:, 30].std(), expected, rtol=0.2)
    assert found.failures == {}
    assert 0.0 <= found.yield_share <= 1.0
    json.dumps(found.to_dict(), allow_nan=False)
    enob = np.full_like(found.figures["enob"], np.nan)
    unmeasured = replace(found, figures={**found.figures, "enob": enob}).to_dict()
    assert set(unmeasured["figures"]["enob"]) == {None}


@pytest.mark.parametrize(
    ("converter", "mismatch", "figure", "sigma"),
    [
        (Ramp(bits=5), {"offset_sigma_volt": 0.01}, "offset_lsb", 0.32),
        (Ramp(bits=5), {"slope_sigma": 0.01}, "gain_error", 0.01),
        (
            OscillatorCounter(bits=5, full_scale_ampere=1e-5),
            {"offset_sigma_ampere": 1e-7},
            "offset_lsb",
            0.32,
        ),
        (Flash(bits=4), {"resistor_sigma": 0.0, "offset_sigma_volt": 0.0}, "worst_inl_lsb", 0.0),
    ],
)
def test_drawn_errors_come_back(converter, mismatch, figure, sigma):
    found = converter_yield(converter, mismatch=mismatch, samples=80, seed=3)
    np.testing.assert_allclose(found.figures[figure].std(), sigma, rtol=0.25, atol=1e-9)


def test_any_executor_gives_the_same_samples_and_a_folder_keeps_them(tmp_path):
    settings = {"mismatch": {"unit_sigma": 0.03}, "samples": 6, "seed": 2}
    here = converter_yield(Sar(bits=5), **settings, folder=tmp_path)
    with ThreadPoolExecutor(2) as executor:
        there = converter_yield(Sar(bits=5), **settings, executor=executor)
    np.testing.assert_array_equal(there.inl_lsb, here.inl_lsb)
    again = converter_yield(Sar(bits=5), **settings, folder=tmp_path)
    assert all(outcome.restored for outcome in again.outcomes)
    np.testing.assert_array_equal(again.inl_lsb, here.inl_lsb)


@dataclass(frozen=True)
class Fragile:
    """A design of which some samples cannot be measured."""

    bits: int = 3
    input_unit: str = "V"
    input_low: float = 0.0
    input_high: float = 1.0

    def known_bits(self):
        return self.bits

    def drawn(self, rng):
        if rng.random() < 0.5:
            raise xc.ConvergenceError("no sample today")
        return Sar(bits=3)


def test_a_failed_sample_is_kept_and_counts_against_the_yield(tmp_path):
    found = converter_yield(Fragile(), mismatch={}, samples=12, folder=tmp_path)
    assert 0 < len(found.failures) < 12
    assert "no sample today" in next(iter(found.failures.values()))
    assert found.yield_share == approx(1 - len(found.failures) / 12)
    assert len(list((tmp_path / "samples").glob("*.failed.json"))) == len(found.failures)


def test_the_samples_are_measured_as_a_single_converter_is():
    found = converter_yield(Sar(bits=4), mismatch={"unit_sigma": 0.0}, samples=2, noise=False)
    single = characterize_converter(Sar(bits=4))
    np.testing.assert_array_equal(found.inl_lsb[0], single.inl_lsb)


@pytest.mark.parametrize(
    ("converter", "changes", "words"),
    [
        (Sar(bits=4), {"mismatch": {"sigma": 0.1}}, "mismatch"),
        (object(), {}, "drawn"),
        (Sar(bits=4), {"samples": 1}, "samples"),
    ],
)
def test_what_does_not_fit_is_refused(converter, changes, words):
    with pytest.raises(xc.ParameterError, match=words):
        converter_yield(converter, **({"mismatch": {"unit_sigma": 0.1}} | changes))
