"""The wires of supply lines: where they lie, how they are fed, and their resistors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.cells.memory_transistor import SUPPLY

__all__ = ["SupplyWires"]

_COMMON = "supply"
_ENDS = {"start": (True, False), "end": (False, True), "both": (True, True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyWires:
    """Lines along the columns or the rows, all fed by one supply.

    The parameters are described in :class:`xbar_circuit.cells.OnSupplyLine`.
    """

    segment_ohm: float
    along: str = "columns"
    lead_ohm: float | None = None
    supply_ohm: float = 0.0
    driven: str = "start"

    def __post_init__(self) -> None:
        for name in ("segment_ohm", "supply_ohm"):
            object.__setattr__(self, name, checks.ohm(name, getattr(self, name), remedy="or 0"))
        if self.lead_ohm is not None:
            lead = checks.ohm("lead_ohm", self.lead_ohm, remedy="use None for one segment")
            object.__setattr__(self, "lead_ohm", lead)
        checks.choice("along", self.along, ("columns", "rows"))
        checks.choice("driven", self.driven, tuple(_ENDS))

    @property
    def _lead(self) -> float:
        return self.segment_ohm if self.lead_ohm is None else self.lead_ohm

    @property
    def common_node(self) -> str:
        """Name of the node that feeds all lines."""
        return SUPPLY if self.supply_ohm == 0.0 else _COMMON

    def supply_nodes(self, shape: tuple[int, int]) -> list[list[str]]:
        """Return the names of the lines' nodes at all cells.

        Parameters
        ----------
        shape
            Rows and columns of the array.

        Returns
        -------
        list
            Names, ``[row][col]``; without resistance between them neighbours share a node.
        """
        rows, cols = shape
        last = (rows if self.along == "columns" else cols) - 1
        first_end, last_end = _ENDS[self.driven]

        def name(i: int, j: int) -> str:
            place, line = (i, j) if self.along == "columns" else (j, i)
            fed = (first_end and place == 0) or (last_end and place == last)
            if self._lead == 0.0 and (fed or self.segment_ohm == 0.0):
                return self.common_node
            return f"supply_{line}" if self.segment_ohm == 0.0 else f"supply_{i}_{j}"

        return [[name(i, j) for j in range(cols)] for i in range(rows)]

    def resistors(self, shape: tuple[int, int]) -> Iterator[tuple[str, str, str, float]]:
        """Yield the resistors of the lines: segments, leads and the supply's own.

        Parameters
        ----------
        shape
            Rows and columns of the array.

        Returns
        -------
        Iterator[tuple]
            Name, two nodes and resistance [ohm], above 0, of each.
        """
        nodes = self.supply_nodes(shape)
        lines = (
            [[nodes[i][j] for i in range(shape[0])] for j in range(shape[1])]
            if self.along == "columns"
            else nodes
        )
        if self.supply_ohm > 0.0:
            yield "supply", SUPPLY, _COMMON, self.supply_ohm
        for k, line in enumerate(lines):
            if self.segment_ohm > 0.0:
                for place, (one, two) in enumerate(itertools.pairwise(line)):
                    if one != two:
                        yield f"supply_{k}_{place}", one, two, self.segment_ohm
            if self._lead > 0.0:
                for end, there in zip(("start", "end"), _ENDS[self.driven], strict=True):
                    if there:
                        node = line[0] if end == "start" else line[-1]
                        yield f"supply_{end}_{k}", self.common_node, node, self._lead
