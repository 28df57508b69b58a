"""Solve a case with every engine and say how far they are apart."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from xbar_circuit import nodal, spice, vacask
from xbar_circuit._checks import FloatArray
from xbar_circuit.agreement.cases import LINEAR_TOLERANCE, NONLINEAR_TOLERANCE, KnownCase, ReadCase
from xbar_circuit.agreement.compare import Difference, compare

__all__ = ["KnownOutcome", "ReadOutcome", "check", "check_known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOutcome:
    """A case solved by the fast engine, by ngspice and, where there is one, by VACASK.

    difference : of the fast engine and ngspice.
    second_difference : of the fast engine and VACASK; None where it was not asked, or has no
        such cell.
    simulators_difference : of ngspice and VACASK.
    nodal_second, spice_second : wall time with all node voltages [s].
    nodal_residual, spice_residual : largest KCL error relative to the largest branch current.
    """

    case: ReadCase
    difference: Difference
    second_difference: Difference | None
    simulators_difference: Difference | None
    nodal_second: float
    spice_second: float
    nodal_residual: float
    spice_residual: float

    @property
    def passed(self) -> bool:
        """Whether currents and voltages lie within the tolerance, and ngspice's and VACASK's too.

        Between the simulators there is no table: they agree as laws do.
        """
        usual = LINEAR_TOLERANCE if self.case.crossbar.cell.linear else NONLINEAR_TOLERANCE
        return all(
            max(each.column_current, each.node_voltage) <= most
            for each, most in (
                (self.difference, self.case.tolerance),
                (self.second_difference, self.case.tolerance),
                (self.simulators_difference, usual),
            )
            if each is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOutcome:
    """Worst error of each way to solve a known case, relative to each known current.

    deck : error of the hand-written deck itself in ngspice; None where there is none.
    """

    case: KnownCase
    nodal: float
    spice: float
    deck: float | None

    @property
    def passed(self) -> bool:
        """Whether every way lies within the case's tolerance."""
        errors = [self.nodal, self.spice, 0.0 if self.deck is None else self.deck]
        return max(errors) <= self.case.rtol


def check(case: ReadCase, *, second: bool = True) -> ReadOutcome:
    """Solve one case with every engine.

    Parameters
    ----------
    case
        The case.
    second
        Ask VACASK too, where it is installed.

    Returns
    -------
    ReadOutcome
        The differences between the engines, relative to the largest current, and their times [s].

    Raises
    ------
    ConvergenceError
        An engine did not converge.
    SimulatorNotFoundError, SimulatorError
        ngspice is missing or failed.
    """
    start = time.perf_counter()
    fast = nodal.read(case.crossbar, case.volts)
    _ = fast.row_voltage
    nodal_second = time.perf_counter() - start
    start = time.perf_counter()
    exact = spice.read(case.crossbar, case.volts)
    _ = exact.row_voltage
    spice_second = time.perf_counter() - start
    other = between = None
    if second and vacask.renders(case.crossbar.cell) and vacask.find_vacask() is not None:
        answer = vacask.read(case.crossbar, case.volts)
        other, between = compare(fast, answer), compare(exact, answer)
    return ReadOutcome(
        case=case,
        difference=compare(fast, exact),
        second_difference=other,
        simulators_difference=between,
        nodal_second=nodal_second,
        spice_second=spice_second,
        nodal_residual=float(fast.residual.max()),
        spice_residual=float(exact.residual.max()),
    )


def check_known(case: KnownCase) -> KnownOutcome:
    """Solve one known case with both engines, and run its hand-written deck.

    Parameters
    ----------
    case
        Of `known_cases`.

    Returns
    -------
    KnownOutcome
        The difference of each engine from the known values.

    Raises
    ------
    ConvergenceError
        An engine did not converge.
    SimulatorNotFoundError, SimulatorError
        ngspice is missing or failed.
    """

    def error(current: FloatArray) -> float:
        return float(np.abs(current / case.column_current - 1.0).max())

    deck_error = None
    if case.deck:
        names = [f"i(vsense{j})" for j in range(case.crossbar.cols)]
        answer = spice.run(case.deck, spice.Op(), vectors=names)
        deck_error = error(np.array([answer[name] for name in names]).ravel())
    return KnownOutcome(
        case=case,
        nodal=error(nodal.read(case.crossbar, case.volts).column_current[0]),
        spice=error(spice.read(case.crossbar, case.volts).column_current[0]),
        deck=deck_error,
    )
