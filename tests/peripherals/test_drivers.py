"""Drivers: codes, reads, areas of pulses, errors."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices.pcm.dynamics import Pulse
from xbar_circuit.peripherals import (
    BitSerial,
    Dac,
    Driver,
    ExactDriver,
    PulseWidth,
    WordLineBuffer,
    WordLines,
    WriteLines,
)
from xbar_circuit.peripherals.drivers.word_lines import Wave


@pytest.mark.parametrize("driver", [Dac(), PulseWidth(), BitSerial(), WordLineBuffer(driver=Dac())])
def test_every_driver_follows_the_protocol(driver):
    assert isinstance(driver, Driver)
    reads = driver.reads(driver.encode(np.zeros((2, 3))))
    assert len(reads) == driver.read_count
    assert all(read.volt.shape == (2, 3) and not read.volt.any() for read in reads)


@given(
    st.integers(2, 10),
    st.sampled_from(["sign-magnitude", "twos-complement"]),
    st.lists(st.floats(-1, 1), min_size=1, max_size=5),
)
def test_bits_add_up_to_the_code(bits, coding, values):
    serial = BitSerial(bits=bits, full_scale_volt=1.0, coding=coding)
    codes = serial.encode([values])
    total = sum(read.weight * read.volt for read in serial.reads(codes))
    np.testing.assert_array_equal(total, codes)


def test_area_of_a_pulse_is_its_trapezium():
    pwm = PulseWidth(
        bits=4, full_scale_volt=0.3, clock_hertz=1e9, rise_second=0.2e-9, fall_second=0.6e-9
    )
    read = pwm.reads(pwm.encode([[3 / 7, -1.0, 0.0]]))[0]
    # rise, top, fall
    expected = 0.3 * np.array([0.1e-9 + 2.8e-9 + 0.3e-9, -(0.1e-9 + 6.8e-9 + 0.3e-9), 0.0])
    np.testing.assert_allclose(read.mean_volt(20e-9)[0] * 20e-9, expected, rtol=1e-12)
    assert pwm.span_second == approx(7.6e-9)


@pytest.mark.parametrize("driver", [Dac(), PulseWidth(), BitSerial(), WordLineBuffer(driver=Dac())])
def test_without_jitter_no_driver_is_noisy(driver):
    assert not driver.noisy
    again = [driver.reads(driver.encode(np.full((2, 3), 0.5)))[0].volt for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_jitter_makes_a_driver_noisy_and_what_it_stands_in():
    driver = PulseWidth(jitter_second=1e-12)
    assert driver.noisy
    assert WordLineBuffer(driver=driver).noisy


def test_jitter_has_the_sigma_asked_for_and_spares_zeros():
    pwm = PulseWidth(bits=6, jitter_second=20e-12)
    codes = pwm.encode(np.full((400, 10), 0.5))
    codes[0] = 0
    second = pwm.reads(codes, rng=np.random.default_rng(1))[0].second
    assert not second[0].any()
    spread = second[1:] - 16e-9
    np.testing.assert_allclose(spread.std(), 20e-12, rtol=0.05)
    assert pwm.reads(codes)[0].second[1, 0] == 16e-9


def test_drawn_steps_have_their_sigma_and_the_ends_stay():
    dac = Dac(bits=12).drawn(np.random.default_rng(2), dnl_sigma_lsb=0.05)
    np.testing.assert_allclose(dac.dnl_lsb.std(), 0.05, rtol=0.05)
    assert dac.inl_lsb[0] == 0.0
    assert abs(dac.inl_lsb[-1]) < 1e-12
    assert not Dac().dnl_lsb.any()


def test_a_limited_buffer_is_a_resistance_near_zero_and_a_current_far_away():
    buffer = WordLineBuffer(driver=Dac(), output_ohm=100.0, limit_ampere=1e-3)
    volts = np.array([1e-5, -200.0, 200.0])
    np.testing.assert_allclose(buffer.ampere(volts), [1e-7, -1e-3, 1e-3], rtol=1e-6)
    step = 1e-7
    slope = (buffer.ampere(volts + step) - buffer.ampere(volts - step)) / (2 * step)
    np.testing.assert_allclose(buffer.siemens(volts), slope, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PulseWidth(clock_hertz=1e9, rise_second=2e-9), "one period of the clock"),
        (lambda: PulseWidth(jitter_second=-1.0), "jitter_second"),
        (lambda: BitSerial(coding="gray"), "twos-complement"),
        (lambda: WordLineBuffer(driver=3.0), "Dac, PulseWidth or BitSerial"),
        (
            lambda: WordLineBuffer(driver=Dac(), output_ohm=0.0, limit_ampere=1e-3),
            "where the current is limited",
        ),
        (lambda: Dac().encode([2.0]), "-1 to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, words):
    with pytest.raises(xc.ParameterError, match=words):
        make()


def test_reads_in_turn():
    serial = BitSerial(bits=3, full_scale_volt=1.0)
    reads = serial.reads(serial.encode([[1.0], [2 / 3], [-1 / 3]]))
    turn = WordLines.in_turn(reads)
    np.testing.assert_array_equal(turn.volt, [[1.0], [1.0], [-1.0]])
    assert turn.part(slice(1, 3)).volt.shape == (2, 1)


def test_signs_one_after_the_other_make_the_same_product():
    together, apart = PulseWidth(bits=6), PulseWidth(bits=6, signs_apart=True)
    codes = together.encode([[0.5, -1.0, 0.0, 1.0]])
    (one,) = together.reads(codes)
    two = apart.reads(codes)
    assert (together.read_count, apart.read_count) == (1, len(two)) == (1, 2)
    assert all((read.volt >= 0.0).all() for read in two)
    assert [read.weight for read in two] == [1, -1]
    window = together.span_second
    np.testing.assert_allclose(
        sum(read.weight * read.mean_volt(window) for read in two), one.mean_volt(window), rtol=1e-12
    )


def test_spans_hold_the_latest_end_of_a_pulse_and_the_buffers_tail():
    pwm = PulseWidth(bits=4, clock_hertz=1e9, fall_second=0.6e-9, jitter_second=20e-12)
    assert pwm.span_second == approx(7e-9 + 0.6e-9 + 0.12e-9)  # six standard deviations
    codes = pwm.encode(np.ones((1000, 100)))
    late = pwm.reads(codes, rng=np.random.default_rng(0))[0].second
    assert late.max() + 0.6e-9 <= pwm.span_second
    buffer = WordLineBuffer(driver=pwm, bandwidth_hertz=1e9)
    assert buffer.span_second == approx(7.72e-9 + 0.795774715e-9)  # 5 / (2 pi 1 GHz)
    assert WordLineBuffer(driver=Dac(), bandwidth_hertz=1e9).span_second == 0.0


def test_a_word_line_costs_its_charge():
    assert Dac(full_scale_volt=0.3, farad=20e-15).cost.energy_joule == approx(1.8e-15)
    assert ExactDriver().cost.energy_joule == 0.0  # its own load is 0 F unless given
    buffer = WordLineBuffer(driver=Dac(full_scale_volt=0.3), farad=20e-15)
    assert buffer.cost.energy_joule == approx(1.8e-15)


def test_the_decks_buffer_has_the_law_of_the_fast_one():
    buffer = WordLineBuffer(driver=Dac(), output_ohm=100.0, limit_ampere=1e-3)
    line = next(line for line in buffer.spice_definition("one") if line.startswith("Bout"))
    formula = re.sub(r"V\(input,out\)", "volt", line.split("I=", 1)[1])
    for volt in (0.01, 0.1, -3.0):
        found = eval(formula, {"volt": volt, "sqrt": np.sqrt})
        plain = volt / 100.0
        assert found == approx(plain / np.hypot(1.0, plain / 1e-3))


@pytest.mark.parametrize("make", [Dac, PulseWidth, BitSerial])
def test_the_narrowest_and_the_widest_driver(make):
    assert [make(bits=bits).highest for bits in (2, 14)] == [1, 8191]
    for bits in (1, 15):
        with pytest.raises(xc.ParameterError, match="bits"):
            make(bits=bits)


def test_an_exact_driver_has_the_inputs_as_codes():
    exact = ExactDriver(full_scale_volt=0.3)
    assert (exact.highest, exact.lowest) == (1, -1)
    np.testing.assert_allclose(exact.encode([0.123, -1.0]), [0.123, -1.0], rtol=1e-15)


def test_pulses_in_the_deck_rise_from_nothing_and_fall_to_it():
    read = WordLines(
        volt=np.array([[0.2], [0.0], [-0.3]]), second=np.array([[4e-9], [0.0], [2e-9]]),
        rise_second=1e-10, fall_second=3e-10,
    )  # fmt: skip
    wave = Wave(read=read, row=0, period_second=10e-9, window_begin_second=1e-9)
    text = " ".join(line[1:] for line in list(wave.lines("V1 a b"))[1:-1]).split()
    found = np.array(text, dtype=float).reshape(-1, 2)
    one = [(1e-9, 0.0), (1.1e-9, 0.2), (5e-9, 0.2), (5.3e-9, 0.0)]
    three = [(21e-9, 0.0), (21.1e-9, -0.3), (23e-9, -0.3), (23.3e-9, 0.0)]
    np.testing.assert_allclose(found, [(0.0, 0.0), *one, *three], rtol=1e-9)


def test_a_dac_keeps_the_errors_of_its_string_when_its_sign_changes():
    """Tap k of the string is code k, or code k - 16 of both signs; each is off by the same LSB."""
    rng = np.random.default_rng(1)
    unsigned = Dac(bits=5, signed=False, full_scale_volt=0.31).drawn(rng, dnl_sigma_lsb=0.1)
    signed = unsigned.with_sign(signed=True)
    assert unsigned.lsb == approx(0.01)
    assert signed.lsb == approx(0.31 / 15)
    off = unsigned.volts(np.arange(32)) / unsigned.lsb - np.arange(32)
    assert np.abs(off).max() > 0.1
    np.testing.assert_allclose(
        signed.volts(np.arange(-15, 16)) / signed.lsb - np.arange(-15, 16), off[1:], atol=1e-12
    )
    assert signed.with_sign(signed=False) == unsigned
    assert signed.with_sign(signed=True) is signed
    drawn = Dac(bits=5).drawn(rng, dnl_sigma_lsb=0.1)
    assert drawn.with_sign(signed=False).with_sign(signed=True) == drawn
    buffer = WordLineBuffer(driver=drawn).with_sign(signed=False)
    assert buffer.driver.inl_lsb == (0.0, *drawn.inl_lsb)
    assert Dac(bits=5).with_sign(signed=False) == Dac(bits=5, signed=False)


@pytest.mark.parametrize(
    ("scheme", "row", "column", "neither"),
    [  # volts across the cells of the selected row, of the selected column and all others, of 3 V
        ("half", 1.5, 1.5, 0.0),
        ("third", 1.0, 1.0, -1.0),
        ("ground", 3.0, 0.0, 0.0),
        ("inhibit", 0.0, 0.0, -3.0),
    ],
)
def test_cells_beside_a_written_one_see_what_the_scheme_says(scheme, row, column, neither):
    pulse = Pulse(volt=3.0, width_second=1e-7)
    lines = WriteLines.biased((2, 3), selected=(0, 1), pulse=pulse, scheme=scheme)
    across = lines.row_volt[1][:, None] - lines.column_volt[1]
    expected = [[row, 3.0, row], [neither, column, neither]]
    np.testing.assert_allclose(across, expected, rtol=1e-12, atol=1e-15)
    assert lines.row_ohm.tolist() == [pulse.load_ohm, 100.0]
    assert lines.column_ohm.tolist() == [100.0] * 3


def test_a_written_cell_lies_in_the_array_and_its_gates_along_one_line():
    pulse = Pulse(volt=3.0, width_second=1e-7)
    for selected in ((0, 0), (1, 4)):
        lines = WriteLines.biased((2, 5), selected=selected, pulse=pulse, bias_ohm=70.0)
        assert lines.shape == (2, 5)
        across = lines.row_volt[1][:, None] - lines.column_volt[1]
        assert np.argwhere(across == 3.0).tolist() == [list(selected)]
        assert np.sort(lines.row_ohm).tolist() == [70.0, pulse.load_ohm]
        for along in ("rows", "columns"):
            gates = WriteLines.biased(
                (2, 5), selected=selected, pulse=pulse, select_lines=along
            ).gates
            expected = np.zeros((2, 5), dtype=bool)
            expected[
                (selected[0], slice(None)) if along == "rows" else (slice(None), selected[1])
            ] = 1
            np.testing.assert_array_equal(gates, expected)
    for selected in ((2, 0), (-1, 0), (0, 5), (0, -1)):
        with pytest.raises(xc.ParameterError, match="selected"):
            WriteLines.biased((2, 5), selected=selected, pulse=pulse)
    floats = WriteLines.biased((2, 5), selected=(1, 4), pulse=pulse, scheme="float")
    assert floats.row_ohm.tolist() == [np.inf, pulse.load_ohm]
    assert floats.column_ohm.tolist() == [np.inf] * 4 + [100.0]
    for ohm in (0.0, -1.0, np.inf):
        with pytest.raises(xc.ParameterError, match="bias_ohm"):
            WriteLines.biased((2, 5), selected=(0, 0), pulse=pulse, bias_ohm=ohm)


@pytest.mark.parametrize("reads", [1, 2])
def test_reads_in_turn_keep_their_volts_and_edges(reads):
    ones = [
        WordLines(
            volt=np.arange(6.0).reshape(3, 2) + 10.0 * k,
            second=np.full((3, 2), 1e-9 * (k + 1)),
            rise_second=2e-12,
            fall_second=3e-12,
        )
        for k in range(reads)
    ]
    turn = WordLines.in_turn(ones)
    assert (turn.rise_second, turn.fall_second, turn.weight) == (2e-12, 3e-12, 1)
    for k in range(3):
        np.testing.assert_array_equal(turn.volt[k], ones[k % reads].volt[k])
        np.testing.assert_array_equal(turn.second[k], ones[k % reads].second[k])
