"""Every way in which this package says no.

`XbarError` is the base of all of them, so one ``except`` catches whatever the package raises on
purpose. A message always has four parts: what was wrong, what it got, what it expected, and what
to do about it. The classes keep the parts that a program may want (the failed samples, the saved
deck) as attributes, and all of them survive a trip between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

__all__ = [
    "ConvergenceError",
    "ModelFileError",
    "ParameterError",
    "ShapeError",
    "SimulatorError",
    "SimulatorNotFoundError",
    "XbarError",
]


class XbarError(Exception):
    """Base class of all xbar_circuit errors."""


class _ArgumentError(XbarError, ValueError):
    """An argument that was refused; build it with :meth:`about`."""

    @classmethod
    def about(cls, argument: str, *, got: object, expected: str, remedy: str) -> Self:
        """Return an error that words the refusal of `argument` the same way everywhere.

        Parameters
        ----------
        argument
            Name of the argument, as the caller wrote it.
        got
            What was given.
        expected
            What would be accepted, with its unit.
        remedy
            What to do about it.

        Returns
        -------
        ParameterError or ShapeError
            An error of the class that it is called on, to be raised.

        >>> print(ParameterError.about("row_ohm", got=-1.0, expected="a number >= 0 [ohm]",
        ...                            remedy="use 0 for an ideal wire"))
        row_ohm: got -1.0, expected a number >= 0 [ohm]; use 0 for an ideal wire
        """
        return cls(f"{argument}: got {got}, expected {expected}; {remedy}")


class ParameterError(_ArgumentError):
    """An invalid value: NaN, infinite, negative, or an unknown choice."""


class ShapeError(_ArgumentError):
    """An array whose shape does not fit the crossbar it was given to."""


class ConvergenceError(XbarError):
    """A nonlinear solve that did not reach its tolerance.

    Attributes
    ----------
    failed : tuple of int
        Indices, in the batch, of the samples that failed.
    result : object or None
        What was reached for the whole batch (a ``ReadResult`` whose failed samples are NaN), so
        that the converged samples are not lost.
    deck : Path or None
        Where the simulator's deck was saved, if it was the simulator that failed.
    """

    def __init__(
        self,
        message: str,
        *,
        failed: Sequence[int] = (),
        result: object | None = None,
        deck: Path | None = None,
    ) -> None:
        super().__init__(message)
        self.failed = tuple(failed)
        self.result = result
        self.deck = deck

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args[0], self.__dict__.copy()))


class SimulatorNotFoundError(XbarError):
    """No usable ngspice shared library on this machine; the message says how to install one."""


class SimulatorError(XbarError):
    """The simulator failed, crashed, hung or refused a deck.

    Attributes
    ----------
    version : str
        Version of the simulator; empty if it failed before reporting one.
    said : str
        Output of ngspice.
    deck : Path or None
        Where the failing deck was saved, for a run by hand with ``ngspice -b``.
    """

    def __init__(
        self, message: str, *, version: str = "", said: str = "", deck: Path | None = None
    ) -> None:
        super().__init__(message)
        self.version = version
        self.said = said
        self.deck = deck

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args[0], self.__dict__.copy()))


class ModelFileError(XbarError):
    """A device model, subcircuit or netlist file that is missing, unreadable or not allowed."""


def _rebuild(kind: type[XbarError], message: str, state: dict[str, Any]) -> XbarError:
    """Unpickle an error that takes keyword arguments."""
    error = kind(message)
    error.__dict__.update(state)
    return error
