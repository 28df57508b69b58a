"""What really arrives at the tiles: input codes of every layer, kept while images run through."""

from __future__ import annotations

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network.execution import Multiplier, walk
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import Array

__all__ = ["record_vectors"]


def record_vectors(
    network: Network,
    images: Array | Feeds,
    multiplier: Multiplier,
    *,
    vectors: int,
    evenly: bool = False,
) -> dict[str, Array]:
    """Return what each matrix node multiplies, by its name: (vectors, groups, rows).

    Of the patches of all images, every layer keeps those with the largest total input in as many
    equal stretches as vectors are asked for: they load the wires most, and come from all images.

    Parameters
    ----------
    network, images, multiplier
        As for `execution.walk`; the samples all at once.
    vectors
        How many to keep of each layer; fewer where a layer has fewer.
    evenly
        Keep the middle of each stretch instead, a fair sample for averages.

    Returns
    -------
    dict
        Node -> vectors (vectors, groups, rows).

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> network = xc.network.mnist_lenet5()
    >>> images = np.random.default_rng(1).uniform(size=(4, 1, 28, 28)).astype(np.float32)
    >>> vectors = record_vectors(network, images, network.digital, vectors=8)
    >>> vectors["conv1"].shape
    (8, 1, 25)
    """
    recorder = _Recorder(multiplier, checks.count("vectors", vectors), evenly=evenly)
    walk(network, images, recorder)
    return recorder.kept


class _Recorder:
    def __init__(self, multiplier: Multiplier, vectors: int, *, evenly: bool) -> None:
        self.kept: dict[str, Array] = {}
        self._multiplier, self._vectors, self._evenly = multiplier, vectors, evenly

    def encode(self, name: str, inputs: Array) -> Array:
        return self._multiplier.encode(name, inputs)

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        before = self.kept.get(name) if step else None
        found = vectors if before is None else np.concatenate([before, vectors])
        self.kept[name] = self._chosen(found)
        return self._multiplier.multiply(name, vectors, step=step)

    def _chosen(self, vectors: Array) -> Array:
        total = np.abs(vectors).sum(axis=(1, 2))
        stretches = np.array_split(np.arange(len(vectors)), min(self._vectors, len(vectors)))
        if self._evenly:
            chosen = [stretch[len(stretch) // 2] for stretch in stretches]
        else:
            chosen = [stretch[total[stretch].argmax()] for stretch in stretches]
        return vectors[chosen].copy()
