"""What an algorithm must offer to be exchanged for another.

The *problem* is a `Crossbar` and its read voltages, the *answer* a `ReadResult`. A *method* is a
small immutable description of an algorithm; ``prepare`` does all the work that does not depend on
the inputs, and the prepared array then reads any number of them. A prepared array holds no state
that a read could change: the same input gives the same answer, whatever was read before.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from numpy.typing import ArrayLike

from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.result import ReadResult

__all__ = ["Method", "Prepared", "refuse_nonlinear"]


class Prepared(Protocol):
    """A crossbar made ready for many reads."""

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        ...

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs.

        Parameters
        ----------
        volts
            Read voltages (batch, rows), or (rows,) for one sample [V].

        Returns
        -------
        ReadResult
            Column currents (batch, cols) [A] with a bound on their error; node voltages and device
            currents (batch, rows, cols) follow on first use.

        Raises
        ------
        ShapeError, ParameterError
            The voltages do not fit, or are not finite.
        ConvergenceError
            A nonlinear read that failed for some samples; it carries the others' results.
        """
        ...

    def transfer(self) -> FloatArray:
        """Return the transfer matrix: ``column_current == volts @ transfer``.

        Returns
        -------
        array
            (rows, cols) [S].

        Raises
        ------
        ParameterError
            The cells are not linear.
        """
        ...


@runtime_checkable
class Method(Protocol):
    """An algorithm of the nodal engine and its settings."""

    def prepare(self, crossbar: Crossbar) -> Prepared:
        """Do the work that does not depend on the inputs.

        Parameters
        ----------
        crossbar
            The array.

        Returns
        -------
        Prepared
            The array, ready for many reads.

        Raises
        ------
        ParameterError
            The method does not apply to this crossbar.
        """
        ...


def refuse_nonlinear(crossbar: Crossbar, asked: str) -> None:
    """Raise if the cells are not linear.

    Raises
    ------
    ParameterError
        They are not.
    """
    if not crossbar.cell.linear:
        raise ParameterError.about(
            "cell",
            got=repr(crossbar.cell),
            expected=f"a linear cell for {asked}",
            remedy="use devices.Ohmic(), or read() with nodal.Newton() for nonlinear cells",
        )
