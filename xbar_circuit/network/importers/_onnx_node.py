"""What a translator knows of an ONNX node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators import Array

__all__ = ["OnnxNode", "UnsuitedError", "attributes"]


class UnsuitedError(Exception):
    """A form of an operator that the fast path does not have; the reference computes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxNode:
    """A node with everything that does not depend on the inputs.

    name, kind : of the node.
    attributes : by name, as Python values.
    constants : inputs that do not depend on the network's, by position.
    samples : the other inputs, for a sample.
    opset : version of the default operator set.
    """

    name: str
    kind: str
    attributes: Mapping[str, Any]
    constants: Mapping[int, NDArray[Any]]
    samples: tuple[Array, ...]
    opset: int

    def get(self, attribute: str, default: Any) -> Any:
        """Return an attribute or its default."""
        return self.attributes.get(attribute, default)

    def constant(self, position: int, what: str) -> NDArray[Any]:
        """Return a constant input, or say which one is missing."""
        if position not in self.constants:
            raise UnsuitedError(f"no constant {what}")
        return self.constants[position]

    def sample_constant(self, position: int) -> Array:
        """Return a constant operand without the first axis."""
        value = np.asarray(self.constants[position], dtype=np.float32)
        sample = self.samples[0]
        if value.ndim > sample.ndim or sample.ndim == 0:
            raise UnsuitedError(f"a constant of shape {value.shape}, which would add an axis")
        if value.ndim == sample.ndim:
            if len(value) not in {1, len(sample)} or (value != value[:1]).any():
                raise UnsuitedError(f"a constant that differs along the first axis, {value.shape}")
            value = value[0]
        return value


def attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes by name, as Python values."""
    from onnx import helper  # noqa: PLC0415  (an extra)

    return {item.name: helper.get_attribute_value(item) for item in node.attribute}
