"""Word lines, bit lines and what they are connected to.

A crossbar's wires are chains of equal segments, one cell pitch each. From a terminal to its
nearest cell lies the *lead*, in series with the terminal's own resistance::

    driver --[left_ohm + row_lead]--o--[row_ohm]--o--[row_ohm]--o--[row_lead + right_ohm]-- driver
                                  cell          cell          cell
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError

__all__ = ["Terminals", "Wires"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """Wire resistance and capacitance of one cell pitch.

    Parameters
    ----------
    row_ohm, column_ohm
        Segment between neighbouring cells along a word line and a bit line [ohm]; 0 is an ideal
        wire. Published designs range from 0.15 ohm to tens of ohms (see the README).
    row_lead_ohm, column_lead_ohm
        From a terminal to its nearest cell [ohm]; None means one segment.
    row_farad, column_farad
        Capacitance to ground of one segment, at the cell's node [F].

    Raises
    ------
    ParameterError
        A value is negative or not finite, or a resistance is neither 0 nor from 1e-12 to 1e18 ohm.

    >>> Wires(row_ohm=1.0, column_ohm=2.0).column_lead
    2.0
    """

    row_ohm: float
    column_ohm: float
    row_lead_ohm: float | None = None
    column_lead_ohm: float | None = None
    row_farad: float = 0.0
    column_farad: float = 0.0

    def __post_init__(self) -> None:
        wire = "use 0 for an ideal wire"
        for name in ("row_ohm", "column_ohm"):
            _set(self, name, checks.ohm(name, getattr(self, name), remedy=wire))
        for name in ("row_lead_ohm", "column_lead_ohm"):
            if getattr(self, name) is not None:
                lead = checks.ohm(
                    name, getattr(self, name), remedy="use None for one segment, 0 for none"
                )
                _set(self, name, lead)
        for name in ("row_farad", "column_farad"):
            _set(self, name, checks.number(name, getattr(self, name), "F"))

    @property
    def row_lead(self) -> float:
        """Lead of a word line with the default resolved [ohm]."""
        return self.row_ohm if self.row_lead_ohm is None else self.row_lead_ohm

    @property
    def column_lead(self) -> float:
        """Lead of a bit line with the default resolved [ohm]."""
        return self.column_ohm if self.column_lead_ohm is None else self.column_lead_ohm


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminals:
    """Which ends of the wires are connected, and through what resistance.

    Word lines are driven at the left and, if asked, at the right with the same voltage; bit lines
    are sensed at the bottom and, if asked, at the top, at a virtual ground (0 V).

    Parameters
    ----------
    left_ohm, right_ohm
        Output resistance of the drivers [ohm]; None is not connected.
    bottom_ohm, top_ohm
        Input resistance of the sense terminals [ohm]; None is not connected.

    Raises
    ------
    ParameterError
        A value is negative, not finite, or neither 0 nor from 1e-12 to 1e18 ohm; no end of the
        rows is driven, or no end of the columns is sensed.
    """

    left_ohm: float | None = 0.0
    right_ohm: float | None = None
    bottom_ohm: float | None = 0.0
    top_ohm: float | None = None

    def __post_init__(self) -> None:
        for name in ("left_ohm", "right_ohm", "bottom_ohm", "top_ohm"):
            if getattr(self, name) is not None:
                remedy = "use 0 for an ideal terminal, None for an open end"
                _set(self, name, checks.ohm(name, getattr(self, name), remedy=remedy))
        for first, second in (("left_ohm", "right_ohm"), ("bottom_ohm", "top_ohm")):
            if getattr(self, first) is None and getattr(self, second) is None:
                raise ParameterError.about(
                    f"{first}, {second}",
                    got="None for both",
                    expected="at least one connected end [ohm]",
                    remedy=f"set {first}=0.0",
                )


def _set(description: object, name: str, value: object) -> None:
    """Store a checked value in a frozen description, while it is being built."""
    object.__setattr__(description, name, value)
