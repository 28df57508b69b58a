"""Whether samples can be stacked along the first axis of a network's inputs: tried, not assumed.

Operators of the fast path keep the first axis apart, so a network of nothing else stacks. With
others (a product of activations, a recurrence, whatever the reference computes) two random samples
run together and one by one; they stack if every output is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network.execution import DigitalMultiplier, walk
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import Constant, MatMul, OnnxOperator, RecurrentOperator

__all__ = ["stacks"]

_CLOSE = 1e-3  # of the largest output: rounding of float32 in another order


def stacks(network: Network) -> Network:
    """Return the network with shapes of one sample if it stacks, else as it is.

    Parameters
    ----------
    network
        That does not stack: its shapes are whole.
    """
    ports = network.inputs
    if any(not port.shape for port in ports) or len({port.shape[0] for port in ports}) > 1:
        return network
    stacked = replace(
        network,
        input_shape=network.input_shape[1:],
        more_inputs=tuple(replace(p, shape=p.shape[1:]) for p in network.more_inputs),
        stacks=True,
    )
    open_ones = (Constant, MatMul, RecurrentOperator, OnnxOperator)
    doubtful = any(isinstance(node.operator, open_ones) for node in network.nodes)
    return stacked if not doubtful or _agrees(stacked) else network


def _agrees(network: Network) -> bool:
    """Return whether two samples together give what each of them gives alone."""
    rng = np.random.default_rng(1)
    arrays = {port.value: _random(rng, (2, *port.shape), port.kind) for port in network.inputs}
    try:
        with np.errstate(all="ignore"):
            together = _outputs(network, arrays)
            alone = [
                _outputs(network, {n: a[k : k + 1] for n, a in arrays.items()}) for k in (0, 1)
            ]
            return all(
                _same(both, np.concatenate([one[k] for one in alone]))
                for k, both in enumerate(together)
            )
    except Exception:  # noqa: BLE001  whatever goes wrong: it does not stack
        return False


def _outputs(network: Network, arrays: Mapping[str, NDArray[Any]]) -> list[Any]:
    found = walk(network, Feeds(arrays=arrays), DigitalMultiplier(network))
    return [found[name][0] for name in network.outputs]


def _random(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> NDArray[Any]:
    if kind == "float32":
        return rng.standard_normal(shape, dtype=np.float32)
    return rng.integers(0, 2, shape).astype(kind)


def _same(found: Any, wanted: Any) -> bool:
    if found.shape != wanted.shape or len(found) != 2 or found.dtype != wanted.dtype:
        return False
    size = np.abs(np.where(np.isfinite(wanted), wanted, 0.0)).max(initial=0.0)
    wrong = np.abs(np.nan_to_num(found.astype(float)) - np.nan_to_num(wanted.astype(float)))
    return bool((wrong <= _CLOSE * max(size, 1e-30)).all())
