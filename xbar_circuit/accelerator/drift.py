"""Drift compensation: digital factors that give the products their old size back.

A tile is read with each word line alone, at programming time and again later; what its pairs of
columns give then and now tells one factor for the whole tile (``"global"``; Joshi et al., Nat.
Commun. 11, 2473, 2020) or one for each output (``"column"``).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf

import numpy as np

from xbar_circuit import checks
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.accelerator.programming import Conductances
from xbar_circuit.accelerator.tiles import conversion_groups, pair_difference
from xbar_circuit.checks import FloatArray

__all__ = ["COMPENSATIONS", "compensate"]

#: What can be asked for.
COMPENSATIONS = ("none", "global", "column")


def compensate(
    mapping: Mapping, before: Conductances, now: Conductances, *, kind: str
) -> list[list[FloatArray]]:
    """Return the digital factor of each tile's outputs, ``[layer][tile]`` of (cols,).

    Parameters
    ----------
    mapping
        The network on its accelerator.
    before, now
        Transfers of every tile at programming time and at the time of inference [S].
    kind
        ``"none"``, ``"global"`` or ``"column"``: ``sum |D_before| / sum |D_now|`` over the tile or
        the column, D the differences of the pairs. Tiles that share their converters share it.

    Raises
    ------
    ParameterError
        An unknown kind.
    """
    checks.choice("kind", kind, COMPENSATIONS)
    accelerator = mapping.accelerator
    gains = []
    for plan, old, new in zip(mapping.layers, before, now, strict=True):
        factors: MappingOf[int, FloatArray] = {}
        for members in conversion_groups(accelerator, plan):
            sums = []
            for transfers in (old, new):
                parts = [pair_difference(accelerator, transfers[j]) for j in members]
                column = np.sum([np.abs(part).sum(axis=(0, 2)) for part in parts], axis=0)
                sums.append(column if kind == "column" else np.full_like(column, column.sum()))
            factor = np.ones_like(sums[0])
            if kind != "none":
                np.divide(sums[0], sums[1], out=factor, where=sums[1] > 0.0)
            factors = {**factors, **dict.fromkeys(members, factor)}
        gains.append([factors[j] for j in range(len(plan.tiles))])
    return gains
