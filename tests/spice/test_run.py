"""Decks through ngspice: closed forms for every analysis, and every failure with its name."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.spice import Ac, Alter, Dc, Noise, Op, Tran, run

BOLTZMANN = 1.380649e-23  # J/K, exact in the SI
LOW_PASS = """low pass
V1 in 0 DC 1 AC 1 PULSE(0 1 0 1p 1p 1 2)
R1 in out 1k
C1 out 0 1p
.options temp=27
"""
TAU = 1e-9


def test_operating_point():
    answer = run("divider\nV1 in 0 1\nR1 in out 1k\nR2 out 0 3k\n", Op())
    assert answer["v(out)"] == approx([0.75], rel=1e-12)
    assert answer["I(V1)"] == approx([-0.25e-3], rel=1e-12)
    assert answer["v(in,out)"] == approx([0.25], rel=1e-12)
    assert answer["v(0)"] == approx([0.0])


def test_dc_sweep_has_every_point_and_its_scale():
    plot = run(LOW_PASS, Dc(source="V1", start=-1.0, stop=1.0, step=0.25))[0]
    np.testing.assert_allclose(plot.scale, np.linspace(-1, 1, 9))
    np.testing.assert_allclose(plot["v(out)"], plot.scale, rtol=1e-6)


def test_transient_charges_exponentially():
    plot = run(LOW_PASS, Tran(step_second=1e-11, stop_second=5e-9, max_step_second=1e-11))[0]
    expected = 1.0 - np.exp(-plot.scale / TAU)
    np.testing.assert_allclose(plot["out"], expected, atol=2e-3)
    assert plot.scale[-1] == approx(5e-9)


def test_ac_is_complex_and_has_its_pole():
    plot = run(LOW_PASS, Ac(start_hertz=1e6, stop_hertz=1e10, points=5))[0]
    expected = 1.0 / (1.0 + 2j * np.pi * plot.scale * TAU)
    np.testing.assert_allclose(plot["v(out)"], expected, rtol=1e-9)


def test_noise_of_a_low_pass_is_kt_over_c():
    noise, total = run(
        LOW_PASS, Noise(output="v(out)", source="V1", start_hertz=1.0, stop_hertz=1e13, points=100)
    )
    kelvin = 300.15
    assert noise["onoise_spectrum"][0] == approx(np.sqrt(4 * BOLTZMANN * kelvin * 1e3), rel=1e-4)
    assert total["onoise_total"] == approx(np.sqrt(BOLTZMANN * kelvin / 1e-12), rel=1e-3)


def test_analyses_answer_in_the_order_asked():
    answer = run(
        LOW_PASS, Tran(step_second=1e-11, stop_second=1e-9), Op(), Ac(start_hertz=1, stop_hertz=10)
    )
    assert [plot.kind for plot in answer] == ["tran", "op", "ac"]
    assert answer.version.startswith("ngspice-")


def test_the_decks_own_analyses_run_when_none_is_asked_for():
    answer = run(LOW_PASS + ".dc V1 0 1 0.5\n.end\n")
    assert [plot.kind for plot in answer] == ["dc"]


def test_a_source_is_altered_without_parsing_again():
    answer = run(
        "t\nVin in 0 1\nR1 in out 1k\nR2 out 0 1k\n",
        *(Op(), Alter(source="Vin", value=-4.0), Op(), Dc(source="Vin", start=0, stop=1, step=1)),
    )
    assert [plot.kind for plot in answer] == ["op", "op", "dc"]
    assert [plot["v(out)"][0] for plot in answer] == approx([0.5, -2.0, 0.0])
    with pytest.raises(xc.SimulatorError, match="nowhere"):
        run("t\nVin in 0 1\nR1 in 0 1k\n", Alter(source="nowhere", value=1.0), Op())
    with pytest.raises(xc.ParameterError, match="value"):
        Alter(source="Vin", value=float("inf"))


def test_an_operating_point_starts_from_scratch():
    deck = "t\n.options reltol=0.1\nV1 a 0 0.2\nR1 a b 1e4\nB1 b 0 I=1e-5*sinh(V(b)/0.1)\n"
    first, _, third = run(
        deck, Op(), Alter(source="V1", value=2.0), Op(), Alter(source="V1", value=0.2), Op()
    )
    assert first["v(b)"] == third["v(b)"]  # to the last bit, though far from converged


def test_only_wanted_vectors_come_back():
    deck = "diode\nV1 a 0 0.6\nD1 a 0 dm\n.model dm d is=1e-14\n"
    plot = run(deck, Op(), vectors=["i(V1)", "@d1[id]"])[0]
    assert set(plot) == {"v1#branch", "@d1[id]"}
    assert plot["@d1[id]"] == approx(-plot["i(V1)"], rel=1e-9)


def test_include_text_is_part_of_the_deck():
    text = ".subckt half a b\nR1 a b 1k\nR2 b 0 1k\n.ends"
    assert run("t\nV1 a 0 1\nX1 a b half\n", Op(), include=text)["v(b)"] == approx([0.5])


def test_digital_code_models_work():
    deck = """inverter
V1 a 0 PULSE(0 1 1n 1n 1n 5n 20n)
Aad [a] [d] ad
Ainv d e inv
Ada [e] [o] da
Ro o 0 1k
.model ad adc_bridge(in_low=0.4 in_high=0.6)
.model inv d_inverter
.model da dac_bridge(out_low=0 out_high=1)
"""
    plot = run(deck, Tran(step_second=1e-10, stop_second=2e-8))[0]
    at = np.interp([0.5e-9, 5e-9, 15e-9], plot.scale, plot["v(o)"])
    assert at == approx([1.0, 0.0, 1.0], abs=1e-6)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("R1 a 0", "not a valid resistor"),
        ("Q1 a 0", "could not find a valid modelname"),
        ("M1 a 0 0 0 nomod", "nomod"),
        ("X1 a 0 nosub", "nosub"),
        ("R9 a 0 1k foo=3", "foo"),
        ("R9 a 0 abc", "abc"),
        ("B9 a 0 I=foo(V(a)", "syntax error"),
    ],
)
def test_a_wrong_deck_is_refused_in_the_simulators_own_words(body, word):
    with pytest.raises(xc.SimulatorError) as caught:
        run(f"t\nV1 a 0 1\n{body}\n", Op())
    error = caught.value
    assert word in error.said
    assert word in str(error)
    assert body.lower() in error.deck.read_text().lower()
    assert ".op\n.end" in error.deck.read_text()
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.said, again.deck) == (str(error), error.said, error.deck)


@pytest.mark.parametrize(
    "body",
    [
        "C2 floating 0 1p\nI2 floating 0 1n",
        "V2 a 0 2",
        "V2 a 0 2\n.options klu",
        "R2 a b 1k\nB1 b 0 I=1e-3*sgn(V(b)-0.25)*exp(40*abs(V(b)))",
    ],
)
def test_no_operating_point_is_a_convergence_error(body):
    with pytest.raises(xc.ConvergenceError, match="no operating point"):
        run(f"t\nV1 a 0 1\n{body}\n", Op())


def test_a_logarithm_that_strays_while_iterating_does_no_harm():
    deck = "t\nI1 0 a 1m\nB1 a 0 I=1e-3*log(V(a)+1)+V(a)*1e-6\n"
    volt = run(deck, Op())["v(a)"][0]
    assert np.log(volt + 1) + 1e-3 * volt == approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    "analyses",
    [
        [Dc(source="Vnone", start=0, stop=1, step=0.1)],
        [Noise(output="v(a)", source="V1", start_hertz=1, stop_hertz=10)],
        [],
    ],
)
def test_an_analysis_that_cannot_run_is_an_error(analyses):
    with pytest.raises(xc.SimulatorError):
        run("t\nV1 a 0 1\nR1 a 0 1\n", *analyses)


def test_a_vector_that_is_not_there():
    with pytest.raises(xc.SimulatorError, match="no data saved"):
        run(LOW_PASS, Op(), vectors=["v(nope)"])
    with pytest.raises(xc.ParameterError, match=r"nope.*expected one of in, out"):
        run(LOW_PASS, Op())["v(nope)"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"time_limit_second": 0.0}, "time_limit_second"),
        ({"seed": -1}, "seed"),
        ({"vectors": "v(out)"}, "vectors"),
        ({"vectors": ["v(out) v(in)"]}, "vectors"),
        ({"compatibility": "pspice"}, "compatibility"),
        ({"include": Path("models.lib")}, "include: got .*; for example '.include"),
    ],
)
def test_arguments_are_checked(arguments, word):
    with pytest.raises(xc.ParameterError, match=word):
        run(LOW_PASS, Op(), **arguments)


def test_analyses_are_checked():
    with pytest.raises(xc.ParameterError, match="step"):
        Dc(source="V1", start=0.0, stop=1.0, step=-0.1)
    with pytest.raises(xc.ParameterError, match="source"):
        Dc(source="V1; shell ls", start=0.0, stop=1.0, step=0.1)
    with pytest.raises(xc.ParameterError, match="stop_second"):
        Tran(step_second=1e-9, stop_second=float("nan"))
    with pytest.raises(xc.ParameterError, match="analyses"):
        run(LOW_PASS, Op)
    with pytest.raises(xc.ParameterError, match="analyses"):
        run(LOW_PASS, "op")
