"""Taking nodes out of networks of conductances without a subtraction.

A network is a symmetric matrix ``C`` of branch conductances between its nodes, every entry at least
0; its diagonal means nothing. Taking out the nodes S and keeping K is the star-mesh transformation
(Kron reduction, a Schur complement of the conductance matrix):

    ``C_KK <- C_KK + C_KS M^-1 C_SK``,   ``M = diag(C_SS 1 + l) - C_SS``,   ``l = C_SK 1``.

M is a diagonally dominant M-matrix given by its branches and by what leaks out of each node, and
its inverse has no negative entry. With S in two parts, ``M = [[P, -Q], [-Q', R]]``, and
``W = P^-1 Q``,

    ``C_22 <- C_22 + Q' W``,   ``l_2 <- l_2 + W' l_1``,   ``S^-1`` from these,
    ``M^-1 = [[P^-1 + W S^-1 W', W S^-1], [S^-1 W', S^-1]]``:

sums and products of one sign only, down to single nodes, so every entry of the result is accurate
relative to itself however far apart the conductances lie and however little leaks (W. K. Grassmann,
M. I. Taksar and D. P. Heyman, Oper. Res. 33, 1107, 1985; A. S. Alfa, J. Xue and Q. Ye, Math. Comp.
71, 217, 2002). All but small blocks are matrix products, of all networks of a batch at once, and
nothing depends on the numbers: a graphics card never waits for the processor.
"""

from __future__ import annotations

import numpy as np

from xbar_circuit._backend import Array, at_least, contiguous, copied, empty, namespace, zeros
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.nodal import _cuda as cuda

__all__ = ["inverse", "sweep", "take_out"]

_SWEPT = 8  # blocks of up to so many nodes are taken out one by one
_FEW = 256  # entries that are not worth loading the compiler for
_COMPILED = 64  # the same where the loops are compiled
_TINY = float(np.finfo(np.float64).tiny)


def inverse(branches: Array, leak: Array) -> Array:
    """Return ``(diag(C 1 + l) - C)^-1``.

    Parameters
    ----------
    branches
        C of each network (batch, nodes, nodes), symmetric and at least 0; diagonals are ignored.
    leak
        l of each network (batch, nodes), at least 0. A node without branch and leak gets a huge
        diagonal and nothing else.
    """
    xp = namespace(branches)
    size = branches.shape[-1]
    if size <= _COMPILED and (xp is not np or branches.size > _FEW):
        found = (compiled if xp is np else cuda).sweep(branches, leak)
        if found is not None:
            return found
    if size <= _SWEPT:
        return sweep(branches, leak)
    cut = size // 2
    between = branches[:, :cut, cut:]
    first = inverse(branches[:, :cut, :cut], leak[:, :cut] + xp.sum(between, axis=-1))
    share = xp.matmul(first, between)
    share_t = share.swapaxes(1, 2)
    second = inverse(
        branches[:, cut:, cut:] + xp.matmul(share_t, between),
        leak[:, cut:] + xp.matmul(share_t, leak[:, :cut, np.newaxis])[:, :, 0],
    )
    cross = xp.matmul(share, second)
    whole = empty(branches, branches.shape)
    whole[:, cut:, cut:] = second
    whole[:, :cut, cut:] = cross
    whole[:, cut:, :cut] = cross.swapaxes(1, 2)
    whole[:, :cut, :cut] = first
    whole[:, :cut, :cut] += xp.matmul(cross, share_t)
    return whole


def sweep(branches: Array, leak: Array) -> Array:
    """Return the inverse, node by node (Gauss-Jordan): each is one product of one sign.

    What has been taken out holds the inverse, what has not the branches, and in between stand the
    shares; the leak is one more node, which stays.
    """
    xp = namespace(branches)
    batch, size, _ = branches.shape
    table = zeros(branches, (batch, size + 1, size + 1))
    table[:, :size, :size] = branches
    table[:, size, :size] = leak
    table[:, :size, size] = leak
    for k in range(size):
        arms = copied(table[:, k, :])
        total = at_least(xp.sum(arms[:, k + 1 :], axis=-1), _TINY)
        arms[:, k] = 1.0
        table[:, k, :] = 0.0
        table[:, :, k] = 0.0
        table += arms[:, :, np.newaxis] * (arms / total[:, np.newaxis])[:, np.newaxis, :]
    return table[:, :size, :size]


def take_out(network: Array, count: int) -> Array:
    """Return networks (batch, nodes, nodes) [S] without their first `count` nodes, diagonal 0."""
    xp = namespace(network)
    across = network[:, :count, count:]
    shares = xp.matmul(inverse(network[:, :count, :count], xp.sum(across, axis=-1)), across)
    kept = contiguous(network[:, count:, count:] + xp.matmul(across.swapaxes(1, 2), shares))
    size = kept.shape[-1]
    kept.reshape(-1, size * size)[:, :: size + 1] = 0.0
    return kept
