"""Answers that break Kirchhoff's law are solved again without KLU, or refused."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.spice._without_klu import redo_without_klu

XBAR = xc.Crossbar(
    conductance=np.random.default_rng(1).uniform(1e-6, 1e-5, (4, 3)),
    wires=xc.Wires(row_ohm=5.0, column_ohm=8.0),
)
VOLTS = np.array([[0.2, 0.1, 0.15, 0.2], [0.1, 0.2, 0.0, 0.1]])


def fields(volts):
    found = xc.nodal.read(XBAR, volts)
    return {
        "column_current": found.column_current.copy(),
        "row": found.row_voltage.copy(),
        "column": found.column_voltage.copy(),
    }


def spoiled(volts, by):
    found = fields(volts)
    found["column"][:, :, 1] -= by
    found["column_current"][:, 1] -= by / 8.0
    return found


def test_only_the_sample_that_breaks_the_law_is_solved_again():
    solved, asked = fields(VOLTS), []
    bad = spoiled(VOLTS, 0.02)
    for name in solved:
        solved[name][1] = bad[name][1]

    def sweep(inputs):
        asked.append(inputs)
        return fields(inputs)

    assert not redo_without_klu(XBAR, VOLTS, solved, sweep, failed=np.zeros(2, dtype=bool))
    assert len(asked) == 1
    assert (asked[0] == VOLTS[1:]).all()
    truth = fields(VOLTS)
    for name, values in truth.items():
        assert solved[name] == approx(values, rel=1e-9)


@pytest.mark.parametrize(
    ("by", "refused"), [(0.05, True), (0.02, False)], ids=["another answer", "the same answer"]
)
def test_two_answers_that_break_the_law_differently_are_refused(by, refused):
    solved = spoiled(VOLTS[:1], 0.02)
    wrong = redo_without_klu(
        XBAR, VOLTS[:1], solved, lambda inputs: spoiled(inputs, by), failed=np.zeros(1, dtype=bool)
    )
    assert list(wrong) == ([0] if refused else [])  # equal answers: the table is what is wrong
    if refused:
        assert isinstance(wrong[0], ConvergenceError)
        assert "Kirchhoff" in str(wrong[0])
        assert "SPARSE" in str(wrong[0])


def test_what_sparse_cannot_solve_is_named():
    def sweep(inputs):
        raise ConvergenceError("no operating point")

    wrong = redo_without_klu(
        XBAR, VOLTS, spoiled(VOLTS, 0.02), sweep, failed=np.array([True, False])
    )
    assert list(wrong) == [1]
