"""Batch normalisations folded into the weights before them.

``(x W + b) s + t = x (W s) + (b s + t)``, exact but for rounding.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from xbar_circuit.network.graph import Network, Node
from xbar_circuit.network.operators import Affine, Array, Convolution, Dense

__all__ = ["fold_affine"]


def fold_affine(network: Network) -> Network:
    """Fold every `Affine` that alone reads a convolution, dense layer or other `Affine` into it.

    Into layers, only a scale and shift of one number for each output channel (or one for all) can
    be folded;
    others stay digital nodes.
    """
    uses = Counter(name for node in network.nodes for name in node.inputs)
    uses.update(network.outputs)
    kept: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in network.nodes:
        inputs = tuple(renamed.get(name, name) for name in node.inputs)
        before = kept.get(inputs[0])
        if isinstance(node.operator, Affine) and before is not None and uses[node.inputs[0]] == 1:
            folded = _fold(before.operator, node.operator)
            if folded is not None:
                kept[before.name] = replace(before, operator=folded)
                renamed[node.name] = before.name
                uses[before.name] = uses[node.name]
                continue
        kept[node.name] = replace(node, inputs=inputs)
    outputs = tuple(renamed.get(name, name) for name in network.outputs)
    return replace(network, nodes=tuple(kept.values()), outputs=outputs)


def _fold(layer: object, affine: Affine) -> Convolution | Dense | Affine | None:
    """Return the layer with the constants in it, or None where they do not fit."""
    if isinstance(layer, Affine):
        return _one_affine(layer, affine)
    if not isinstance(layer, Convolution | Dense):
        return None
    spatial = layer.weight.ndim - 2 if isinstance(layer, Convolution) else 0
    scale = _by_channel(affine.scale, len(layer.bias), spatial)
    shift = _by_channel(affine.shift, len(layer.bias), spatial)
    if scale is None or shift is None:
        return None
    bias = layer.bias * scale + shift
    if isinstance(layer, Convolution):
        shape = (-1,) + (1,) * (layer.weight.ndim - 1)
        return replace(layer, weight=layer.weight * scale.reshape(shape), bias=bias)
    return replace(layer, weight=layer.weight * scale, bias=bias)


def _one_affine(first: Affine, second: Affine) -> Affine | None:
    """Return two scales and shifts as one; None where it would hold more numbers than they do."""
    with np.errstate(all="ignore"):
        scale = np.asarray(first.scale * second.scale, dtype=np.float32)
        shift = np.asarray(first.shift * second.scale + second.shift, dtype=np.float32)
    most = max(one.size for one in (first.scale, first.shift, second.scale, second.shift))
    if max(scale.size, shift.size) > most or not (np.isfinite(scale) & np.isfinite(shift)).all():
        return None
    return Affine(scale=scale, shift=shift)


def _by_channel(value: Array, channels: int, spatial: int) -> Array | None:
    """Return one number for each channel, or None where the value varies otherwise."""
    if value.size == 1:
        return np.full(channels, value.ravel()[0], dtype=np.float32)
    shape = (channels,) + (1,) * spatial
    return value.reshape(channels) if value.shape == shape else None
