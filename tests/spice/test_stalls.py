"""Transients whose steps lead nowhere end soon, by a count of points and not by a clock."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import ChargeIntegrator, Dac, OpAmp, Readout, Sar
from xbar_circuit.spice import LADDER, Tran, persistence, run
from xbar_circuit.tile import random_inputs


def _stalling_deck():
    """An integrator before a SAR: ngspice 46 stays at 1e-17 s at one edge of the fourth period."""
    opamp = OpAmp(dc_gain=500.0, unity_hertz=2e10, offset_volt=5e-3)
    integrator = ChargeIntegrator(
        opamp=opamp, farad=2.5e-12, window_second=32e-9, reset_second=3e-9, switch_ohm=30.0
    )
    conductance = np.random.default_rng(3).uniform(2e-6, 40e-6, (8, 2))
    tile = xc.Tile(
        xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)),
        Dac(bits=6),
        Readout(amplifier=integrator, converter=Sar(bits=7, low_volt=0.1, high_volt=0.9)),
    )
    rng = np.random.default_rng(2)
    (read,) = tile.reads(random_inputs(np.random.default_rng(1), 4, 8), rng=rng)
    (noise,) = tile.draw_noise([read], rng)
    bench = tile.bench(read, noise=noise)
    return bench.deck, Tran(step_second=bench.step_second, stop_second=bench.stop_second)


def test_steps_that_lead_nowhere_are_named_and_another_rung_ends_the_run():
    deck, tran = _stalling_deck()
    vectors = ["v(code_0)", "v(code_1)"]
    with pytest.raises(xc.ConvergenceError, match=r"steps lead nowhere: at 1\.86\d*e-07 s"):
        run(deck, tran, vectors=vectors, time_limit_second=None)
    assert persistence._GAVE_UP.search("steps lead nowhere")  # so that the ladder goes on:
    answer = run(LADDER[1].of(deck), tran, vectors=vectors)
    assert answer[0].scale[-1] == approx(tran.stop_second, rel=1e-12)


def test_many_small_steps_are_no_stall():
    deck = "steps\nV1 a 0 SIN(0 1 1e9)\nR1 a b 1k\nC1 b 0 1p\n"
    tran = Tran(step_second=1e-12, stop_second=3e-9, max_step_second=1e-13)
    answer = run(deck, tran, vectors=["v(b)"])
    assert len(answer["v(b)"]) > 25_000
