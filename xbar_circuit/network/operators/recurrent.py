"""Recurrent layers: LSTM, GRU and the plain RNN, as ONNX describes them.

The input matrix multiplies all steps at once, the recurrent one the state of every step; both are
weights for tiles. Gates and states are digital. Equations, orders of gates and defaults:
https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html and onnx__RNN.html (opset 22).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ShapeError
from xbar_circuit.network.operators.activation import HardSigmoid
from xbar_circuit.network.operators.dense import Dense
from xbar_circuit.network.operators.protocol import (
    Array,
    MatrixOperator,
    Product,
    RecurrentOperator,
)

__all__ = ["ACTIVATIONS", "DIRECTIONS", "Recurrent"]

#: Gates of each kind of cell.
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}

DIRECTIONS = {
    "forward": ("forward",),
    "reverse": ("reverse",),
    "bidirectional": ("forward", "reverse"),
}

#: What a gate can be; without the ones that need numbers of their own.
ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "Sigmoid": lambda x: np.asarray(expit(x), dtype=np.float32),
    "Tanh": np.tanh,
    "Relu": lambda x: np.maximum(x, np.float32(0.0)),
    "Softsign": lambda x: np.asarray(x / (np.float32(1.0) + np.abs(x)), dtype=np.float32),
    "HardSigmoid": HardSigmoid().apply,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recurrent(RecurrentOperator):
    """An LSTM, GRU or RNN over a sequence.

    Inputs are the sequence (steps, batch, features), then, where `takes` names them, the lengths
    (batch,) and the initial states (directions, batch, hidden). Outputs are the states of all steps
    (steps, directions, batch, hidden), the last state (directions, batch, hidden), and of an LSTM
    its last cell state.

    Parameters
    ----------
    kind
        ``"LSTM"``, ``"GRU"`` or ``"RNN"``.
    direction
        ``"forward"``, ``"reverse"`` or ``"bidirectional"``.
    input_weight
        (directions, features, gates * hidden), gates in ONNX's order.
    recurrent_weight
        (directions, hidden, gates * hidden).
    bias
        (directions, 2, gates * hidden): of the inputs, and of the recurrence.
    activations
        Names of each direction's, one after another.
    clip
        What goes into a gate is cut off at plus and minus this; 0 for never.
    input_forget
        Of an LSTM, whether the forget gate is one less the input gate.
    reset_after
        Of a GRU, whether the reset gate comes after the product (``linear_before_reset``).
    takes
        Further inputs, in this order of ``"lengths"``, ``"hidden"``, ``"cell"``.
    """

    kind: str
    direction: str
    input_weight: Array
    recurrent_weight: Array
    bias: Array
    activations: tuple[str, ...]
    clip: float = 0.0
    input_forget: bool = False
    reset_after: bool = False
    takes: tuple[str, ...] = ()

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        checks.choice("kind", self.kind, tuple(_GATES))
        checks.choice("direction", self.direction, tuple(DIRECTIONS))
        for name in self.activations:
            checks.choice("activations", name, tuple(ACTIVATIONS))
        for name in ("input_weight", "recurrent_weight", "bias"):
            array = np.array(getattr(self, name), dtype=np.float32)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        count, hidden = len(DIRECTIONS[self.direction]), self.hidden
        wide = _GATES[self.kind] * hidden
        if (
            self.input_weight.ndim != 3
            or self.input_weight.shape[::2] != (count, wide)
            or self.recurrent_weight.shape != (count, hidden, wide)
            or self.bias.shape != (count, 2, wide)
            or len(self.activations) % count
            or len(self.activations) // count != {"LSTM": 3, "GRU": 2, "RNN": 1}[self.kind]
        ):
            raise ShapeError.about(
                "input_weight, recurrent_weight, bias, activations",
                got=f"shapes {self.input_weight.shape}, {self.recurrent_weight.shape} and"
                f" {self.bias.shape}, {len(self.activations)} activations",
                expected=f"({count}, features, {wide}), ({count}, {hidden}, {wide}) and"
                f" ({count}, 2, {wide}) for a {self.direction} {self.kind}",
                remedy="check the weights of the node",
            )

    @property
    def hidden(self) -> int:
        """Numbers of the state."""
        return int(self.recurrent_weight.shape[1]) if self.recurrent_weight.ndim == 3 else 0

    @property
    def layers(self) -> Mapping[str, MatrixOperator]:
        """Its matrices, by direction if there are two; a GRU's candidate has one of its own."""
        found: dict[str, MatrixOperator] = {}
        for k, direction in enumerate(DIRECTIONS[self.direction]):
            end = f".{direction}" if self.direction == "bidirectional" else ""
            found[f"input{end}"] = _dense(self.input_weight[k])
            if self._two_products:
                wide = 2 * self.hidden
                found[f"recurrent{end}"] = _dense(self.recurrent_weight[k, :, :wide])
                found[f"candidate{end}"] = _dense(self.recurrent_weight[k, :, wide:])
            else:
                found[f"recurrent{end}"] = _dense(self.recurrent_weight[k])
        return found

    def with_layers(self, matrices: Mapping[str, NDArray[Any]]) -> Recurrent:
        """Return the operator with other weights of some layers.

        Parameters
        ----------
        matrices
            (rows, cols) by the name of the layer, as in `layers`.

        Returns
        -------
        Recurrent
            With the same biases and settings.
        """
        ahead, again = self.input_weight.copy(), self.recurrent_weight.copy()
        places = {"input": (ahead, 0), "recurrent": (again, 0), "candidate": (again, 2)}
        for name, matrix in matrices.items():
            part, _, direction = name.partition(".")
            whole, first = places[part]
            k = DIRECTIONS[self.direction].index(direction) if direction else 0
            start = first * self.hidden
            whole[k, :, start : start + matrix.shape[1]] = matrix
        return replace(self, input_weight=ahead, recurrent_weight=again)

    @property
    def _two_products(self) -> bool:
        return self.kind == "GRU" and not self.reset_after

    def unroll(self, product: Product, *inputs: Array) -> tuple[Array, ...]:
        """Return the outputs from products that the caller computes.

        Parameters
        ----------
        product
            ``product(layer, vectors, step)`` multiplies vectors (n, rows) by a layer's matrix; all
            steps of ``"input"`` come at once, as step 0.
        inputs
            The sequence (steps, batch, features), then what `takes` names.

        Returns
        -------
        tuple of arrays
            States of all steps (steps, directions, batch, hidden), 0 after the end of a sample; the
            last state (directions, batch, hidden); of an LSTM its last cell state.

        Raises
        ------
        ShapeError
            The sequence is empty, or has other axes or features.
        """
        x = inputs[0]
        more = dict(zip(self.takes, inputs[1:], strict=True))
        if x.ndim != 3 or x.shape[2] != self.input_weight.shape[1] or len(x) == 0:
            raise ShapeError.about(
                "inputs",
                got=f"shape {x.shape}",
                expected=f"(steps, batch, {self.input_weight.shape[1]}), steps >= 1",
                remedy="check the layer before this one",
            )
        steps, batch, _ = x.shape
        names = DIRECTIONS[self.direction]
        zero = np.zeros((len(names), batch, self.hidden), dtype=np.float32)
        hidden, cell = more.get("hidden", zero), more.get("cell", zero)
        lengths = np.asarray(more.get("lengths", np.full(batch, steps)), dtype=np.int64)
        outputs = np.zeros((steps, len(names), batch, self.hidden), dtype=np.float32)
        last_hidden, last_cell = hidden.astype(np.float32), cell.astype(np.float32)
        for k, name in enumerate(names):
            end = f".{name}" if self.direction == "bidirectional" else ""
            flat = product(f"input{end}", x.reshape(steps * batch, -1), 0)
            driven = flat.reshape(steps, batch, -1) + self.bias[k, 0]
            order = range(steps) if name == "forward" else range(steps - 1, -1, -1)
            h, c = last_hidden[k].copy(), last_cell[k].copy()
            for count, t in enumerate(order):
                said = partial(_said, product, end, count)
                new_h, new_c = self._step(said, k, driven[t], h, c)
                alive = (t < lengths)[:, None]
                h, c = np.where(alive, new_h, h), np.where(alive, new_c, c)
                outputs[t, k] = np.where(alive, new_h, np.float32(0.0))
            last_hidden[k], last_cell[k] = h, c
        found = outputs, last_hidden
        return (*found, last_cell) if self.kind == "LSTM" else found

    def _step(
        self, product: Callable[[str, Array], Array], k: int, driven: Array, h: Array, c: Array
    ) -> tuple[Array, Array]:
        """Return the next state and cell state of direction k."""
        each = len(self.activations) // len(self.bias)
        gate = [ACTIVATIONS[name] for name in self.activations[k * each : (k + 1) * each]]
        n, extra = self.hidden, self.bias[k, 1]
        said = product("recurrent", h)
        if self.kind == "RNN":
            return gate[0](self._cut(driven + said + extra)), c
        if self.kind == "LSTM":
            i, o, f, new = np.split(self._cut(driven + said + extra), 4, axis=1)
            let = gate[0](i)
            keep = np.float32(1.0) - let if self.input_forget else gate[0](f)
            c = keep * c + let * gate[1](new)
            return gate[0](o) * gate[2](c), c
        both = gate[0](self._cut(driven[:, : 2 * n] + said[:, : 2 * n] + extra[: 2 * n]))
        update, reset = both[:, :n], both[:, n:]
        if self.reset_after:
            inner = reset * (said[:, 2 * n :] + extra[2 * n :])
        else:
            inner = product("candidate", reset * h) + extra[2 * n :]
        new = gate[1](self._cut(driven[:, 2 * n :] + inner))
        return (np.float32(1.0) - update) * new + update * h, c

    def _cut(self, values: Array) -> Array:
        return (
            np.clip(values, -np.float32(self.clip), np.float32(self.clip)) if self.clip else values
        )


def _said(product: Product, end: str, step: int, layer: str, vectors: Array) -> Array:
    return product(f"{layer}{end}", vectors, step)


def _dense(weight: NDArray[np.float32]) -> Dense:
    return Dense(weight=weight, bias=np.zeros(weight.shape[1], dtype=np.float32))
