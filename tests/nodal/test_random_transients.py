"""Random transients of any scale against modes in sixty digits: none is wrong, few are refused."""

from collections import Counter

import numpy as np
from transient_fuzz import judge

import xbar_circuit as xc
from xbar_circuit.nodal import stepping

# once wrong by up to 76 %: wires of nanoohms beside devices of microsiemens
WRONG_ONCE = (18, 34, 44, 56, 125, 205, 323, 327)


def test_no_transient_is_wrong_and_few_are_refused():
    numbers = {*WRONG_ONCE, *range(60)}
    verdicts = Counter(judge(np.random.default_rng((0, number)))[0] for number in sorted(numbers))
    assert verdicts["WRONG"] == 0
    assert verdicts["refused"] <= 14
    assert {judge(np.random.default_rng((0, number)))[0] for number in (44, 323)} == {"right"}


def test_steps_that_lead_nowhere_are_given_up_early(monkeypatch):
    """200,000 steps would take a minute and a half."""
    taken = []
    real = stepping._Judge.accept
    monkeypatch.setattr(
        stepping._Judge, "accept", lambda *words: (taken.append(1), real(*words))[1]
    )
    assert judge(np.random.default_rng((7, 138)))[0] == "refused"
    assert 4_000 < len(taken) < 8_000


def test_an_array_without_a_load_takes_no_current():
    idle = xc.Crossbar(
        conductance=[[0.0, 0.0]],
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, column_farad=1e-15),
    )
    ramp = xc.nodal.Waveform(time_second=[0.0, 1e-10], volts=[[0.0], [0.2]])
    found = xc.nodal.transient(idle, ramp, stop_second=1e-9)
    assert abs(found.row_current).max() < 1e-15
    assert (found.column_current == 0.0).all()
