"""Transients whose steps lead nowhere end soon, by a count of points and not by a clock."""

import pytest

import xbar_circuit as xc
from xbar_circuit.spice import LADDER, Tran, run, run_persistently

DECK = "steps\nV1 a 0 SIN(0 1 1e9)\nR1 a b 1k\nC1 b 0 1p\n.end\n"


def test_steps_that_lead_nowhere_are_named_and_every_rung_is_tried():
    tran = Tran(step_second=1e-12, stop_second=3e-9, max_step_second=1e-20)  # 3e11 points
    with pytest.raises(xc.ConvergenceError, match=r"steps lead nowhere: at .* 20000 are 1e-20 s"):
        run(DECK, tran, vectors=["v(b)"], time_limit_second=None)
    with pytest.raises(xc.ConvergenceError, match=f"Tried: .*{LADDER[-1].name}"):
        run_persistently(DECK, tran, vectors=["v(b)"], time_limit_second=None)


def test_many_small_steps_are_no_stall():
    tran = Tran(step_second=1e-12, stop_second=3e-9, max_step_second=1e-13)
    answer = run(DECK, tran, vectors=["v(b)"])
    assert len(answer["v(b)"]) > 25_000
