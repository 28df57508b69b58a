"""The converters' fast models against closed forms and refusals."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import (
    Cyclic,
    Flash,
    IdealConverter,
    OscillatorCounter,
    Ramp,
    Sar,
    SenseAmplifier,
)
from xbar_circuit.peripherals.converters.kinds import CONVERTERS

IDEAL = [
    Sar(bits=5, low_volt=-0.4, high_volt=0.8),
    Ramp(bits=5, low_volt=-0.4, high_volt=0.8),
    Flash(bits=5, low_volt=-0.4, high_volt=0.8),
    OscillatorCounter(bits=5, full_scale_ampere=3e-6),
]


@pytest.mark.parametrize("converter", IDEAL, ids=lambda c: type(c).__name__)
def test_ideal_converter_is_a_uniform_staircase(converter):
    span = converter.input_high - converter.input_low
    middles = converter.input_low + span * (np.arange(32) + 0.5) / 32
    np.testing.assert_array_equal(converter.convert(middles), np.arange(32))
    beyond = [converter.input_low - span, converter.input_high + span]
    np.testing.assert_array_equal(converter.convert(beyond), [0, 31])


@given(
    value=st.floats(-0.2, 1.2),
    more=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**31),
)
def test_without_noise_a_larger_input_never_gives_a_smaller_code(value, more, seed):
    rng = np.random.default_rng(seed)
    for converter in (
        Sar(bits=6).drawn(rng, unit_sigma=0.1),
        Flash(bits=4).drawn(rng, resistor_sigma=0.1, offset_sigma_volt=0.05),
        Ramp(bits=6, droop=0.5),
    ):
        low, high = converter.convert([value, value + more])
        assert high >= low


def test_switching_energy_is_that_of_the_conventional_array_written_out():
    # two bits, C = 2, 1, 1 units, reference 1 V, code 3: V_top goes 0, 1/2, 3/4
    sar = Sar(bits=2, unit_farad=1.0)
    first = 2.0 * (1.0 - 0.5)
    second = 1.0 * (1.0 - 0.25) - 2.0 * 0.25
    energy = sar.switching_energy(np.array([3]))
    np.testing.assert_allclose(energy, first + second)


@pytest.mark.parametrize("bits", [1, 2, 5, 10])
def test_average_switching_energy_is_the_textbooks(bits):
    # C. C. Liu et al., IEEE J. Solid-State Circuits 45, 731 (2010), eq. 1, of one array, not a pair
    i = np.arange(1, bits + 1)
    average = np.sum(2.0 ** (bits - 2 * i) * (2.0**i - 1.0)) * 3e-15 * 0.8**2
    converter = Sar(bits=bits, unit_farad=3e-15, low_volt=0.1, high_volt=0.9)
    codes = np.arange(2**bits)
    assert converter.switching_energy(codes).mean() == approx(average, rel=1e-12)
    apart = replace(converter, switching="two-step").switching_energy(codes).mean()
    assert apart <= average
    if bits == 10:
        assert apart / average == approx(7 / 8, rel=1e-3)
    # 4 cycles beside the bits, 30 fJ a decision, 20 fJ a cycle
    cycles = bits + 2 + 2
    assert converter.energy_joule == approx(average + bits * 30e-15 + cycles * 20e-15)


def _charges(bits, code, *, two_steps):
    """Return what the reference gives, by charge conservation on the top plate at every step."""
    farad = np.append(2.0 ** np.arange(bits - 1, -1, -1), 1.0)
    plates = np.zeros(bits + 1)
    top, given = 0.0, 0.0

    def switch(after):
        nonlocal plates, top, given
        charge = np.sum(farad * (top - plates))
        new = (charge + np.sum(farad * after)) / farad.sum()
        moved = farad * ((after - new) - (plates - top))
        given += np.sum(moved[after == 1.0])
        plates, top = after, new

    for k in range(bits):
        after = plates.copy()
        if k and not (code >> (bits - k)) & 1:
            after[k - 1] = 0.0
            if two_steps:
                switch(after.copy())
        after[k] = 1.0
        switch(after)
    return given


@pytest.mark.parametrize("switching", ["conventional", "two-step"])
def test_switching_energy_of_every_code_is_the_charge_that_flows(switching):
    sar = Sar(bits=4, unit_farad=1.0, switching=switching)
    expected = [_charges(4, code, two_steps=switching == "two-step") for code in range(16)]
    np.testing.assert_allclose(sar.switching_energy(np.arange(16)), expected, rtol=1e-12)


def test_counting_converters_take_half_a_count_of_ticks():
    ramp = Ramp(bits=6, low_volt=0.1, high_volt=0.7, ramp_farad=80e-15, comparator_watt=3e-6)
    waiting = 3e-6 * (64 + 4) * 1e-9
    assert ramp.energy_joule == approx(80e-15 * 0.6**2 + waiting + 32 * 2e-15)
    assert ramp.circuit_joule == approx(80e-15 * 0.6**2 + waiting)
    counter = OscillatorCounter(
        bits=6, full_scale_ampere=1e-5, window_second=50e-9, cycle_joule=7e-15, bias_watt=4e-6
    )
    assert counter.energy_joule == approx(32 * 7e-15 + 4e-6 * 52e-9)
    assert counter.hertz_per_ampere == approx(64 / (50e-9 * 1e-5))


def test_the_assumed_energies_are_those_of_the_docstrings():
    assert Sar(bits=4).comparator_joule == approx(30e-15)
    assert Sar(bits=4).logic_joule == approx(20e-15)
    assert Ramp(bits=4).comparator_watt == approx(20e-6)
    assert Ramp(bits=4).tick_joule == approx(2e-15)
    counter = OscillatorCounter(bits=4, full_scale_ampere=1e-5)
    assert (counter.cycle_joule, counter.bias_watt) == (approx(5e-15), approx(20e-6))
    assert counter.conversion_second == approx(130e-9)


def test_a_flash_is_its_string_of_resistors():
    errors = (0.1, -0.2, 0.0, 0.3)
    flash = Flash(
        bits=2,
        low_volt=0.2,
        high_volt=1.0,
        string_ohm=8e3,
        resistor_errors=errors,
        comparator_offsets_volt=(0.01, -0.02, 0.03),
        clock_hertz=2e9,
        comparator_joule=40e-15,
    )
    ohm = 2e3 * np.array([1.1, 0.8, 1.0, 1.3])
    np.testing.assert_allclose(flash.resistors, ohm, rtol=1e-12)
    # a current through the string, taps from below
    taps = 0.2 + 0.8 * np.cumsum(ohm)[:3] / ohm.sum()
    np.testing.assert_allclose(flash.thresholds, taps + np.array([0.01, -0.02, 0.03]), rtol=1e-12)
    assert flash.conversion_second == approx(0.5e-9)
    assert flash.energy_joule == approx(0.8**2 / 8e3 * 0.5e-9 + 3 * 40e-15)
    assert (flash.decisions, flash.levels) == (3, 4)
    assert Flash(bits=3).comparator_joule == approx(30e-15)
    assert Flash(bits=3).string_ohm == approx(10e3)


def test_a_ramp_with_droop_is_its_exponential():
    ramp = Ramp(bits=3, low_volt=0.1, high_volt=0.9, droop=0.4, slope_error=0.05, offset_volt=3e-3)
    u = np.arange(1, 8) / 8
    expected = 0.103 + 0.8 * 1.05 * (1 - np.exp(-0.4 * u)) / 0.4
    np.testing.assert_allclose(ramp.thresholds, expected, rtol=1e-12)
    assert ramp.conversion_second == approx(9e-9)
    assert Ramp(bits=6).conversion_second == approx(68e-9)


def test_an_oscillator_counts_its_phase():
    counter = OscillatorCounter(
        bits=6,
        full_scale_ampere=8e-6,
        window_second=40e-9,
        reset_second=3e-9,
        gain_error=0.1,
        low_ampere=-3e-6,
        offset_ampere=1e-6,
        saturation_ampere=20e-6,
    )
    drive = np.array([0.5e-6, 2.1e-6, 5e-6])
    expected = 64 / 8e-6 * 1.1 * drive / (1 + drive / 20e-6)
    np.testing.assert_allclose(counter.cycles(drive - 2e-6), expected, rtol=1e-12)
    assert counter.cycles(np.array([-3e-6]))[0] == 0.0
    np.testing.assert_array_equal(counter.convert(drive - 2e-6), np.floor(expected))
    assert counter.conversion_second == approx(43e-9)
    assert (counter.input_low, counter.input_high) == approx((-3e-6, 5e-6))


def test_a_sars_array_of_capacitors():
    sar = Sar(
        bits=3,
        unit_farad=2e-15,
        capacitor_errors=(0.1, 0.0, -0.1, 0.2),
        parasitic_farad=1e-15,
        low_volt=0.2,
        high_volt=1.2,
        clock_hertz=5e8,
        sample_cycles=3,
    )
    farad = 1e-15 * np.array([8.8, 4.0, 1.8, 2.4])
    np.testing.assert_allclose(sar.capacitors, farad, rtol=1e-12)
    assert sar.total_farad == approx(18e-15)
    np.testing.assert_allclose(sar.bit_volt, farad[:3] / 18e-15, rtol=1e-12)
    assert sar.conversion_second == approx(8 / 5e8)
    assert sar.circuit_joule == approx(3 * 30e-15)


def test_a_drawn_flash_has_the_spreads_that_were_asked_for():
    rng = np.random.default_rng(1)
    drawn = Flash(bits=8).drawn(rng, resistor_sigma=0.03, offset_sigma_volt=2e-3)
    assert np.std(drawn.resistor_errors) == approx(0.03, rel=0.15)
    assert np.std(drawn.comparator_offsets_volt) == approx(2e-3, rel=0.15)
    assert abs(np.mean(drawn.comparator_offsets_volt)) < 5e-4
    exact = Flash(bits=8).drawn(rng, resistor_sigma=0.0, offset_sigma_volt=0.0)
    np.testing.assert_allclose(exact.thresholds, Flash(bits=8).thresholds, rtol=1e-12)


@pytest.mark.parametrize("name", ["full_scale_ampere", "window_second", "reset_second"])
def test_an_oscillator_without_scale_window_or_reset_is_refused(name):
    with pytest.raises(xc.ParameterError, match=name):
        OscillatorCounter(**({"bits": 4, "full_scale_ampere": 1e-5} | {name: 0.0}))


@pytest.mark.parametrize(
    ("thresholds", "low", "high"), [((0.4,), 0.0, 0.8), ((0.4, 0.6), 0.2, 0.8), ((0.0,), -1.0, 1.0)]
)
def test_decisions_have_a_range_of_one_lsb_around_them(thresholds, low, high):
    one = SenseAmplifier(thresholds_volt=thresholds)
    assert (one.input_low, one.input_high) == (approx(low, abs=1e-12), approx(high, rel=1e-12))


@pytest.mark.parametrize(
    ("plain", "sigmas", "errors"),
    [
        (
            Ramp(bits=4, slope_error=0.02, offset_volt=1e-3),
            {"slope_sigma": 0.01, "offset_sigma_volt": 2e-3},
            ("slope_error", "offset_volt"),
        ),
        (
            Cyclic(bits=4, gain_error=-0.01, offset_volt=3e-3),
            {"gain_sigma": 0.02, "offset_sigma_volt": 4e-3},
            ("gain_error", "offset_volt"),
        ),
        (
            OscillatorCounter(bits=4, full_scale_ampere=1e-5, gain_error=0.03, offset_ampere=-2e-7),
            {"gain_sigma": 0.05, "offset_sigma_ampere": 1e-7},
            ("gain_error", "offset_ampere"),
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_drawn_converters_have_the_spreads_that_were_asked_for(plain, sigmas, errors):
    rng = np.random.default_rng(0)
    drawn = [plain.drawn(rng, **sigmas) for _ in range(2000)]
    for name, sigma in zip(errors, sigmas.values(), strict=True):
        found, own = np.array([getattr(one, name) for one in drawn]), getattr(plain, name)
        assert found.std() == approx(sigma, rel=0.06)
        assert abs(found.mean() - own) < 4.0 * sigma / np.sqrt(2000.0)
    assert plain.drawn(rng) == plain
    for name in sigmas:
        with pytest.raises(xc.ParameterError, match=name):
            plain.drawn(rng, **{name: -1e-9})


def test_drawn_latches_have_a_mean_and_a_spread_each():
    plain, rng = SenseAmplifier(thresholds_volt=(0.4, 0.6)), np.random.default_rng(2)
    found = np.array([
        plain.drawn(rng, offset_sigma_volt=3e-3, offset_mean_volt=-5e-3).offsets_volt
        for _ in range(2000)
    ])  # fmt: skip
    assert found.mean(axis=0) == approx([-5e-3, -5e-3], rel=0.05)
    assert found.std(axis=0) == approx([3e-3, 3e-3], rel=0.06)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.08


def test_drawn_mismatch_follows_the_root_of_the_units():
    rng = np.random.default_rng(4)
    errors = np.array(
        [Sar(bits=4).drawn(rng, unit_sigma=0.02).capacitor_errors for _ in range(2000)]
    )
    expected = 0.02 / np.sqrt([8.0, 4.0, 2.0, 1.0, 1.0])
    np.testing.assert_allclose(errors.std(axis=0), expected, rtol=0.06)


@pytest.mark.parametrize(
    "arguments",
    [
        {"bits": 0},
        {"bits": 17},
        {"bits": 8, "high_volt": 0.0},
        {"bits": 8, "noise_volt": float("nan")},
        {"bits": 2, "capacitor_errors": (0.0, 0.0)},
        {"bits": 2, "capacitor_errors": (0.0, 0.0, -1.0)},
    ],
)
def test_impossible_converters_are_refused(arguments):
    with pytest.raises((xc.ParameterError, xc.ShapeError)):
        Sar(**arguments)


def test_not_a_number_is_not_converted():
    with pytest.raises(xc.ParameterError, match="values"):
        Sar(bits=4).convert([0.1, np.nan])


NOISY = [
    Sar(bits=4, noise_volt=0.1),
    Ramp(bits=4, noise_volt=0.1),
    Flash(bits=2, noise_volt=0.1),
    SenseAmplifier(thresholds_volt=(0.4, 0.6), noise_volt=0.1),
    IdealConverter(bits=4, low=0.0, high=1.0, unit="V", noise=0.1),
]


@pytest.mark.parametrize("converter", NOISY, ids=lambda c: type(c).__name__)
def test_one_noise_in_all_decisions_is_a_shift_of_the_input(converter):
    values = np.linspace(-0.3, 1.3, 33) + 1e-3
    for number in (-2.0, 0.7, 3.0):
        noise = np.full((values.size, converter.decisions), number)
        found = converter.convert_with(values, noise)
        np.testing.assert_array_equal(found, converter.convert(values + 0.1 * number))
        assert np.any(found != converter.convert(values))


def held(lines, source):
    """Return the values of a staircase in a deck."""
    first = next(k for k, line in enumerate(lines) if line.startswith(f"{source} "))
    text = []
    for line in lines[first + 1 :]:
        if line == "+ )":
            break
        text += line[1:].split()
    return [float(text[1]), *map(float, text[5::4])]


@pytest.mark.parametrize(
    ("converter", "first"),
    [
        (Sar(bits=3, noise_volt=2e-3), None),
        (Ramp(bits=3, noise_volt=2e-3), 0),
        (Flash(bits=2, noise_volt=2e-3), 1),
        (SenseAmplifier(thresholds_volt=(0.4, 0.6), noise_volt=2e-3), 0),
        (OscillatorCounter(bits=3, full_scale_ampere=1e-5, jitter_cycle=2e-3), 0),
    ],
    ids=lambda c: type(c).__name__,
)
def test_the_drawn_noise_is_in_the_deck(converter, first):
    noise = np.random.default_rng(3).standard_normal((3, converter.decisions))
    lines = converter.spice_subcircuit("one", noise=noise)
    if first is None:  # the decisions follow each other
        np.testing.assert_allclose(held(lines, "Vnoise0"), 2e-3 * noise.ravel(), rtol=1e-9)
        return
    for k in range(converter.decisions):
        np.testing.assert_allclose(held(lines, f"Vnoise{k + first}"), 2e-3 * noise[:, k], rtol=1e-9)


def code_of(lines, **volts):
    """Return what the deck's formula of the node ``code`` gives."""
    formula = next(line for line in lines if line.startswith("Bcode ")).split("V=", 1)[1]
    known = {"max": max, "min": min, "floor": math.floor, "sqrt": math.sqrt, "abs": abs}
    return eval(re.sub(r"V\((\w+)\)", r"\1", formula), known | volts)


def test_the_decks_codes_have_their_weights_and_their_ends():
    lines = Sar(bits=3, unit_farad=2e-15, low_volt=0.2, high_volt=0.7).spice_subcircuit("one")
    for code in range(8):
        volts = {f"plate{k}": 0.7 if code >> k & 1 else 0.2 for k in range(3)}
        assert code_of(lines, **volts) == approx(code, abs=1e-9)
    found = [line.split() for line in lines if line.startswith("Cbit")]
    assert {tuple(one[:3]): float(one[3]) for one in found} == {
        (f"Cbit{k}", "top", f"plate{k}"): approx(2e-15 * 2**k) for k in range(3)
    }
    lines = OscillatorCounter(bits=5, full_scale_ampere=1e-5).spice_subcircuit("one")
    ends = [code_of(lines, phase=phase, noise0=0.0) for phase in (-3.0, 7.9, 31.2, 40.0)]
    assert ends == [0, 7, 31, 31]


def test_an_ideal_converter_counts_from_its_low_end():
    one = IdealConverter(bits=2, low=0.2, high=1.0, unit="V")
    np.testing.assert_array_equal(
        one.convert([0.1, 0.21, 0.41, 0.61, 0.81, 1.5]), [0, 0, 1, 2, 3, 3]
    )
    exact = IdealConverter(bits=None, low=0.2, high=1.0, unit="V", noise=0.1)
    np.testing.assert_allclose(exact.convert([0.4, 1.2]), [0.25, 1.25], rtol=1e-12)
    found = exact.convert_with(np.array([0.3]), np.array([[2.0]]))
    np.testing.assert_allclose(found, [0.375], rtol=1e-12)
    assert (one.circuit_joule, one.reference_volt) == (0.0, 0.0)


def test_a_sense_amplifier_has_a_code_more_than_thresholds():
    for thresholds in ((0.5,), (0.4, 0.6)):
        one = SenseAmplifier(thresholds_volt=thresholds)
        assert one.levels == len(thresholds) + 1
        assert set(one.convert(np.linspace(0.0, 1.0, 11))) == set(range(one.levels))


@pytest.mark.parametrize(
    ("make", "widest"),
    [
        (Sar, 16),
        (Ramp, 14),
        (Flash, 8),
        (lambda bits: OscillatorCounter(bits=bits, full_scale_ampere=1e-5), 14),
    ],
)
def test_the_widest_converter_of_each_kind(make, widest):
    assert make(bits=widest).levels == 2**widest
    for bits in (0, widest + 1):
        with pytest.raises(xc.ParameterError, match="bits"):
            make(bits=bits)


@pytest.mark.parametrize("kind", [one for one in CONVERTERS.values() if one.bench is not None])
def test_a_bench_draws_a_quiet_converter_unless_noise_is_asked_for(kind):
    rng = np.random.default_rng(1)
    assert not kind.bench.drawn(rng, bits=4).noisy
    assert kind.bench.drawn(rng, bits=4, noise_lsb=0.3).noisy
