"""`LSTM`, `GRU` and `RNN` of ONNX as recurrent operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.importers._onnx_node import UnsuitedError, attributes
from xbar_circuit.network.operators import Recurrent
from xbar_circuit.network.operators.recurrent import DIRECTIONS

__all__ = ["RECURRENT", "SequenceLayout", "recurrent_operator"]

_USUAL = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
_INITIAL = (("lengths", 4), ("hidden", 5), ("cell", 6))

RECURRENT = frozenset(_USUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceLayout:
    """What a recurrent node reads besides the sequence, and whether the batch comes first.

    extra : names of its further inputs, in the operator's order.
    batch_first : of sequences (batch, steps, features) and states (batch, directions, hidden).
    """

    extra: tuple[str, ...]
    batch_first: bool


def recurrent_operator(
    node: Any, constants: Mapping[str, NDArray[Any]], sample: NDArray[Any]
) -> tuple[Recurrent, SequenceLayout]:
    """Return the operator of a node.

    Raises
    ------
    UnsuitedError
        Weights that are no constants.
    ValueError
        Peepholes, or activations that are not implemented.
    """
    options, kind = attributes(node), node.op_type
    names = [*node.input, *[""] * 8]
    if names[1] not in constants or names[2] not in constants:
        raise UnsuitedError("no constant weights")
    if names[3] and names[3] not in constants:
        raise UnsuitedError("no constant bias")
    if kind == "LSTM" and names[7]:
        holes = constants.get(names[7])
        if holes is None or np.any(holes):
            raise ValueError("peepholes (input P)")
    w, r = (np.asarray(constants[name], np.float32) for name in names[1:3])
    bias = np.zeros((len(w), 2 * w.shape[1]), np.float32)
    if names[3]:
        bias = np.asarray(constants[names[3]], np.float32)
    direction = options.get("direction", b"forward").decode()
    usual = _USUAL[kind] * len(DIRECTIONS.get(direction, ("",)))
    chosen = tuple(name.decode() for name in options.get("activations", ())) or usual
    if options.get("activation_alpha") or options.get("activation_beta"):
        raise ValueError(f"numbers of its own for the activations {', '.join(chosen)}")
    batch_first = bool(options.get("layout", 0))
    batch = sample.shape[0 if batch_first else 1]
    steps = sample.shape[1 if batch_first else 0]
    takes, extra = [], []
    for what, place in _INITIAL if kind == "LSTM" else _INITIAL[:2]:
        value = constants.get(names[place])
        usual_lengths = what == "lengths" and value is not None and (value == steps).all()
        if names[place] and not usual_lengths and (value is None or np.any(value)):
            takes.append(what)
            extra.append(names[place])
    if batch < 1 or steps < 1:
        raise ValueError(f"a sequence of shape {sample.shape}")
    return (
        Recurrent(
            kind=kind,
            direction=direction,
            input_weight=w.swapaxes(1, 2),
            recurrent_weight=r.swapaxes(1, 2),
            bias=bias.reshape(len(w), 2, -1),
            activations=chosen,
            clip=float(options.get("clip", 0.0)),
            input_forget=bool(options.get("input_forget", 0)),
            reset_after=bool(options.get("linear_before_reset", 0)),
            takes=tuple(takes),
        ),
        SequenceLayout(extra=tuple(extra), batch_first=batch_first),
    )
