"""What follows the matrix product of a tile, in one pass; imported only where numba is."""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._compiler import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position


@jit
def add_rounded(
    places: Any,
    low: Any,
    high: Any,
    significance: Any,
    constant: Any,
    factor: Any,
    offset: Any,
    out: Any,
) -> None:
    """Add ``(sum_k significance_k clip(rint(places_k)) + constant) * factor - offset``.

    `places` : (n, significances * outputs), the outputs of one significance side by side.
    `factor`, `offset` : (outputs,). `out` : (n, outputs), neighbours in memory along a row, what is
    added to.
    """
    outputs = np.uint64(len(factor))
    many = np.uint64(len(significance))
    for n in range(len(places)):
        place, total = places[n], out[n]
        if many == 2 and significance[0] == 1.0 and significance[1] == -1.0:
            for c in range(outputs):
                plus = min(max(np.rint(place[c]), low), high)
                minus = min(max(np.rint(place[outputs + c]), low), high)
                total[c] += (plus - minus + constant) * factor[c] - offset[c]
            continue
        for c in range(outputs):
            code = np.float32(0.0)
            for k in range(many):
                code += significance[k] * min(max(np.rint(place[k * outputs + c]), low), high)
            total[c] += (code + constant) * factor[c] - offset[c]
