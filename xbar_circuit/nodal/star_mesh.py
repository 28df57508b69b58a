"""Taking nodes out of a network of conductances without changing what its ports see.

A network is a symmetric matrix ``C`` of branch conductances between its nodes: every entry is at
least 0 and the diagonal is 0. Taking out the set S of nodes and keeping K is the star-mesh
transformation (Kron reduction, a Schur complement of the conductance matrix):

    ``d = sum_k C_Sk``,  ``X = (diag(d) - C_SS)^-1 C_SK``,  ``C_KK <- C_KK + C_KS X``.

Written with branch conductances nothing is ever subtracted: ``d`` is a sum, the matrix is a
diagonally dominant M-matrix whose inverse has no negative entry, and X holds weights that add up
to 1 (``v_S = X v_K``). So every entry of the result is accurate relative to itself, however far
apart the conductances lie (the idea of Grassmann, Taksar and Heyman, Oper. Res. 33, 1107, 1985).
Only where S hardly leaks into K would the factorisation lose digits; S is then taken out in two
halves, and so on.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas, lapack

from xbar_circuit.checks import FloatArray

__all__ = ["clear_diagonal", "eliminate", "take_out"]

_LEAK = 1e-3
_SMALL = 48
_STRIP = 256


def clear_diagonal(network: FloatArray) -> None:
    """Set the diagonal of the last two axes to 0, in place: a node has no branch to itself."""
    k = np.arange(network.shape[-1])
    network[..., k, k] = 0.0


def eliminate(network: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Take out the first `count` nodes of networks (batch, nodes, nodes) [S].

    Returns the reduced networks and the weights X (batch, count, nodes left).
    """
    kept = np.ascontiguousarray(network[:, count:, count:])
    shares = take_out(network[:, :count, :count], network[:, :count, count:], kept, weights=True)
    if shares is not None:
        return kept, shares
    half = count // 2
    between, first = eliminate(network, half)
    reduced, second = eliminate(between, count - half)
    through = first[:, :, : count - half] @ second
    return reduced, np.concatenate([first[:, :, count - half :] + through, second], axis=1)


def take_out(
    inside: FloatArray, across: FloatArray, kept: FloatArray, *, weights: bool
) -> FloatArray | None:
    """Add to `kept`, in place, what the nodes S carry between the nodes K.

    Parameters
    ----------
    inside, across, kept
        C_SS, C_SK and C_KK of each network, (batch, S or K, S or K) [S]; `kept` is C-contiguous.
    weights
        Whether X is wanted.

    Returns
    -------
    FloatArray or None
        X (batch, S, K), or an empty array if not wanted. None if S leaks too little for all its
        nodes to be taken out at once: nothing has been changed then.
    """
    count = inside.shape[1]
    leak = across.sum(axis=2)
    total = inside.sum(axis=2) + leak
    if count > 1 and bool((leak < _LEAK * total).any()):
        return None
    total[total == 0.0] = 1.0
    matrix = -inside
    k = np.arange(count)
    matrix[:, k, k] = total
    if count <= _SMALL:
        shares = np.linalg.inv(matrix) @ across
        kept += across.transpose(0, 2, 1) @ shares
    else:
        shares = np.empty(across.shape if weights else 0)
        for sample in range(len(inside)):
            factor, _ = lapack.dpotrf(matrix[sample].T, lower=1, clean=0, overwrite_a=1)
            half = np.asfortranarray(across[sample])
            half = blas.dtrsm(1.0, factor, half, lower=1, overwrite_b=1)
            target = kept[sample]
            if len(target) <= _STRIP:
                target += half.T @ half
            else:
                blas.dsyrk(1.0, half, beta=1.0, c=target.T, trans=1, lower=0, overwrite_c=1)
                _mirror(target)
            if weights:
                shares[sample] = blas.dtrsm(1.0, factor, half, lower=1, trans_a=1, overwrite_b=1)
    clear_diagonal(kept)
    return shares


def _mirror(square: FloatArray) -> None:
    """Copy the lower triangle to the upper, in place and strip by strip."""
    size = len(square)
    for start in range(0, size, _STRIP):
        stop = min(start + _STRIP, size)
        corner = square[start:stop, start:stop]
        upper = np.triu_indices(stop - start, 1)
        corner[upper] = corner.T[upper]
        square[start:stop, stop:] = square[stop:, start:stop].T
