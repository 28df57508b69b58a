"""Drift compensation: digital factors that give the products their old size back.

A tile is read with each word line alone, at programming time and again later; what its synapses
give then and now tells one factor for the whole tile (``"global"``; Joshi et al., Nat. Commun. 11,
2473, 2020) or one for each output (``"column"``). It makes good what temperature scales as well
(Boybat et al., IEDM 2021). Its codes, and those of a read without any input, also tell anew what a
code of the read-out is worth and where it begins; without compensation both stay as they were
known at programming time.
"""

from __future__ import annotations

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._digits import Digits
from xbar_circuit.accelerator._programming import Conductances
from xbar_circuit.accelerator.mapping import Mapping

__all__ = ["COMPENSATIONS", "compensate"]

#: What can be asked for.
COMPENSATIONS = ("none", "global", "column")


def compensate(
    mapping: Mapping, before: Conductances, now: Conductances, *, kind: str
) -> list[list[FloatArray]]:
    """Return the digital factor of each tile's outputs, ``[layer][tile]`` of (outputs,).

    Parameters
    ----------
    mapping
        The network on its accelerators.
    before, now
        Transfers of every tile at programming time and at the time of inference [S].
    kind
        ``"none"``, ``"global"`` or ``"column"``: ``sum |D_before| / sum |D_now|`` over the tile or
        the output, D the differences of the digits' signs.

    Raises
    ------
    ParameterError
        An unknown kind.
    """
    checks.choice("kind", kind, COMPENSATIONS)
    gains = []
    for plan, old, new in zip(mapping.layers, before, now, strict=True):
        digits = Digits.of(plan.accelerator.synapse)
        factors = []
        for pair in zip(old, new, strict=True):
            sums = []
            for transfer in pair:
                output = np.abs(digits.difference(transfer)).sum(axis=(0, 2))
                sums.append(output if kind == "column" else np.full_like(output, output.sum()))
            factor = np.ones_like(sums[0])
            if kind != "none":
                np.divide(sums[0], sums[1], out=factor, where=sums[1] > 0.0)
            factors.append(factor)
        gains.append(factors)
    return gains
