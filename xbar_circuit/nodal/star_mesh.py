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
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray

__all__ = ["carry", "clear_diagonal", "eliminate", "take_out"]

_LEAK = 1e-3
_SMALL = 64
_STRIP = 256


def clear_diagonal(network: FloatArray) -> None:
    """Set the diagonal of the last two axes to 0, in place: a node has no branch to itself.

    `network` : C-contiguous.
    """
    size = network.shape[-1]
    network.reshape(-1, size * size)[:, :: size + 1] = 0.0


def eliminate(network: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Take out the first `count` nodes of networks (batch, nodes, nodes) [S].

    Returns the reduced networks and the weights X (batch, count, nodes left).
    """
    found = take_out(network[:, :count, :count], network[:, :count, count:], weights=True)
    if found is not None:
        kept, shares = found
        kept += network[:, count:, count:]
        clear_diagonal(kept)
        return kept, shares
    half = count // 2
    between, first = eliminate(network, half)
    reduced, second = eliminate(between, count - half)
    through = first[:, :, : count - half] @ second
    return reduced, np.concatenate([first[:, :, count - half :] + through, second], axis=1)


def take_out(
    inside: FloatArray, across: FloatArray, *, weights: bool
) -> tuple[FloatArray, FloatArray] | None:
    """Return what the nodes S carry between the nodes K.

    Parameters
    ----------
    inside, across
        C_SS and C_SK of each network, (batch, S, S or K) [S].
    weights
        Whether X is wanted.

    Returns
    -------
    tuple or None
        ``C_KS X`` (batch, K, K), C-contiguous, with a diagonal that means nothing, and X
        (batch, S, K), or anything if not wanted. None if S leaks too little for all its nodes to
        be taken out at once.
    """
    matrix = _balance(inside, across)
    if matrix is None:
        return None
    if inside.shape[1] <= _SMALL:
        shares = np.linalg.inv(matrix) @ across
        return across.transpose(0, 2, 1) @ shares, shares
    inverse = _half_inverse(np.asarray(np.linalg.cholesky(matrix), dtype=np.float64))
    half = inverse @ across
    shares = inverse.transpose(0, 2, 1) @ half if weights else half
    return _gram(half), shares


def carry(
    inside: FloatArray, across: FloatArray, first: NDArray[np.int64], second: NDArray[np.int64]
) -> FloatArray | None:
    """Return what S carries between the nodes `first` and `second` of K, (batch, first, second).

    The part of ``C_KS X`` that a transfer matrix needs, at half the work; None as in `take_out`.
    """
    matrix = _balance(inside, across)
    if matrix is None:
        return None
    inverse = _half_inverse(np.asarray(np.linalg.cholesky(matrix), dtype=np.float64))
    left, right = inverse @ across[:, :, first], inverse @ across[:, :, second]
    return np.asarray(left.transpose(0, 2, 1) @ right)


def _balance(inside: FloatArray, across: FloatArray) -> FloatArray | None:
    """Return ``diag(d) - C_SS``, or None where S leaks too little into K."""
    count = inside.shape[1]
    leak = across @ np.ones(across.shape[2])
    total = inside @ np.ones(count) + leak
    if count > 1 and bool((leak < _LEAK * total).any()):
        return None
    total[total == 0.0] = 1.0
    matrix = np.negative(inside, order="C")
    matrix.reshape(-1, count * count)[:, :: count + 1] = total
    return matrix


def _half_inverse(factor: FloatArray) -> FloatArray:
    """Return the inverse of Cholesky factors (batch, S, S), by halves: products of one sign."""
    size = factor.shape[1]
    if size <= _SMALL:
        return np.asarray(np.linalg.inv(factor), dtype=np.float64)
    cut = size // 2
    inverse = np.zeros_like(factor)
    inverse[:, :cut, :cut] = _half_inverse(factor[:, :cut, :cut])
    inverse[:, cut:, cut:] = _half_inverse(factor[:, cut:, cut:])
    below = factor[:, cut:, :cut] @ inverse[:, :cut, :cut]
    inverse[:, cut:, :cut] = np.negative(inverse[:, cut:, cut:] @ below)
    return inverse


def _gram(half: FloatArray) -> FloatArray:
    """Return ``half' half`` (batch, K, K), strip by strip: each product once, then mirrored."""
    batch, _, size = half.shape
    square = np.empty((batch, size, size))
    for start in range(0, size, _STRIP):
        stop = min(start + _STRIP, size)
        strip = half[:, :, start:stop].transpose(0, 2, 1) @ half[:, :, start:]
        square[:, start:stop, start:] = strip
        square[:, stop:, start:stop] = strip[:, :, stop - start :].transpose(0, 2, 1)
    return square
