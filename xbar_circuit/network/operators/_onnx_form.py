"""The form in which a node of an ONNX graph has its operator, and what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Form", "Function", "MovingError"]

#: Of a node's inputs in their order, None for one that is left out.
Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form in which a node has an operator.

    Parameters
    ----------
    node
        The node.
    attributes
        By name, as Python values.
    constants
        Inputs that are constant, by position.
    opset
        Version of the default operator set.
    """

    node: Any
    attributes: Mapping[str, Any]
    constants: Mapping[int, NDArray[Any]]
    opset: int

    def get(self, name: str, default: Any) -> Any:
        """Return an attribute or its default."""
        return self.attributes.get(name, default)

    def numbers(self, name: str, position: int) -> tuple[int, ...] | None:
        """Return whole numbers of an attribute, or of a constant input in later versions.

        None where there are none.

        Raises
        ------
        MovingError
            They depend on the network's inputs.
        """
        if name in self.attributes:
            return tuple(int(n) for n in self.attributes[name])
        if position >= len(self.node.input) or not self.node.input[position]:
            return None
        if position not in self.constants:
            raise MovingError(name)
        return tuple(int(n) for n in np.ravel(self.constants[position]))


class MovingError(Exception):
    """A setting of an operator that depends on the network's inputs."""
