"""Word lines, bit lines and what they are connected to.

A crossbar's wires are chains of equal segments, one cell pitch each. From a terminal to its
nearest cell lies the *lead*, in series with the terminal's own resistance::

    driver --[left_ohm + row_lead]--o--[row_ohm]--o--[row_ohm]--o--[row_lead + right_ohm]-- driver
                                  cell          cell          cell
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._uneven import Segments, is_uneven
from xbar_circuit.errors import ParameterError

__all__ = ["Terminals", "Wires"]

# minimum-pitch copper by technology, as NeuroSim 1.4 computes it (github.com/neurosim)
_OHM_PER_METRE = {
    90: 1.14e6,
    65: 1.18e6,
    45: 2.18e6,
    32: 4.66e6,
    22: 9.77e6,
    14: 15.9e6,
    7: 52.0e6,
}
_FARAD_PER_METRE = 0.2e-15 / 1e-6  # about, of a wire between others


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """Wire resistance and capacitance of one cell pitch.

    Parameters
    ----------
    row_ohm, column_ohm
        Segment between neighbouring cells along a word line and a bit line [ohm]; 0 is an ideal
        wire. An array gives each segment its own, (rows, cols - 1) and (rows - 1, cols), infinite
        where it is broken; then the leads of these wires must be given.
        Published designs range from 0.15 ohm to tens of ohms.
    row_lead_ohm, column_lead_ohm
        From a terminal to its nearest cell [ohm]; None means one segment. An array gives each wire
        its own, (rows,) or (cols,), infinite where the line is left open.
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
        for kind in ("row", "column"):
            self._uneven(f"{kind}_ohm", f"{kind}_lead_ohm")
        for name in ("row_ohm", "column_ohm"):
            if not is_uneven(getattr(self, name)):
                _set(self, name, checks.ohm(name, getattr(self, name), remedy=wire))
        for name in ("row_lead_ohm", "column_lead_ohm"):
            if getattr(self, name) is not None and not is_uneven(getattr(self, name)):
                lead = checks.ohm(
                    name, getattr(self, name), remedy="use None for one segment, 0 for none"
                )
                _set(self, name, lead)
        for name in ("row_farad", "column_farad"):
            _set(self, name, checks.number(name, getattr(self, name), "F"))

    def _uneven(self, name: str, lead: str) -> None:
        """Keep arrays as such; where the leads are one, so are the segments, if all equal."""
        segment, end = getattr(self, name), getattr(self, lead)
        for which, value, axes in ((name, segment, 2), (lead, end, 1)):
            if not is_uneven(value) and np.ndim(value) == axes:
                _set(self, which, Segments(which, value))
        if is_uneven(getattr(self, lead)) and not is_uneven(getattr(self, name)):
            _set(self, name, Segments(name, segment))
        if is_uneven(getattr(self, name)) and end is None:
            raise ParameterError.about(
                lead,
                got=None,
                expected="the resistance of the leads [ohm], as there is no one segment",
                remedy=f"give {lead}=, one number or one for each wire",
            )

    @property
    def uneven(self) -> bool:
        """Whether some resistance differs from segment to segment, or from wire to wire."""
        return is_uneven(self.row_ohm) or is_uneven(self.column_ohm)

    @classmethod
    def of_technology(cls, node: int, *, cell_width_metre: float, cell_height_metre: float) -> Self:
        """Return wires of the smallest pitch of a technology, one cell long.

        Parameters
        ----------
        node
            Name of the technology in nanometres: 90, 65, 45, 32, 22, 14 or 7. Copper of 1.14, 1.18,
            2.18, 4.66, 9.77, 15.9 and 52 ohm/um, which NeuroSim 1.4 computes from width, aspect
            ratio and resistivity with its size effects. Wider wires in upper layers have less:
            scale the result.
        cell_width_metre, cell_height_metre
            Distance between neighbouring cells along a word line and along a bit line [m].

        Returns
        -------
        Wires
            With 0.2 fF/um of capacitance (a textbook figure) at each cell; leads of one segment.

        Raises
        ------
        ParameterError
            The technology is not listed, or a distance is not a finite number above 0.

        >>> wires = Wires.of_technology(14, cell_width_metre=1e-6, cell_height_metre=0.5e-6)
        >>> round(wires.row_ohm, 6), round(wires.column_ohm, 6), round(wires.row_farad * 1e15, 6)
        (15.9, 7.95, 0.2)
        """
        if node not in _OHM_PER_METRE:
            raise ParameterError.about(
                "node",
                got=repr(node),
                expected=f"one of {', '.join(map(str, _OHM_PER_METRE))}",
                remedy="give the resistance of a segment itself, Wires(row_ohm=..., ...)",
            )
        size = {}
        for name, metre in (("row", cell_width_metre), ("column", cell_height_metre)):
            argument = "cell_width_metre" if name == "row" else "cell_height_metre"
            length = checks.number(argument, metre, "m", above=True, maximum=1e-3)
            size[f"{name}_ohm"] = _OHM_PER_METRE[node] * length
            size[f"{name}_farad"] = _FARAD_PER_METRE * length
        return cls(**size)

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
