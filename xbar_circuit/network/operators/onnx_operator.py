"""Operators that nobody here has written: ONNX's own reference computes them, digitally.

An operator is wrapped in a model of one node, with its constants and, of `If` and `Loop`, with its
subgraphs; `onnx.reference.ReferenceEvaluator` runs it in NumPy. Needs the extra ``[onnx]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators.protocol import Array

__all__ = ["OnnxOperator"]


@dataclass(frozen=True, kw_only=True, eq=False)
class OnnxOperator:
    """An operator of ONNX, by its reference implementation.

    Parameters
    ----------
    kind
        Its name, such as ``"LayerNormalization"``; with the domain before it if it has one.
    model
        The bytes of an ONNX model of this one node (n,), whose inputs are the node's that are not
        constant.
    """

    kind: str
    model: NDArray[np.uint8]

    def apply(self, *inputs: Array) -> Any:
        """Return what ONNX's reference implementation computes.

        Parameters
        ----------
        inputs
            As the operator's definition has them, without those that are constant.

        Returns
        -------
        array or tuple of arrays
            The output, or a tuple of several, of the shapes that ONNX defines.
        """
        evaluator, names = self._evaluator
        with np.errstate(all="ignore"):  # infinities and NaN are results, as in every runtime
            found = evaluator.run(None, dict(zip(names, inputs, strict=True)))
        return found[0] if len(found) == 1 else tuple(found)

    @cached_property
    def _evaluator(self) -> tuple[Any, list[str]]:
        import onnx  # noqa: PLC0415  (an extra)
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

        model = onnx.load_model_from_string(self.model.tobytes())
        fixed = {item.name for item in model.graph.initializer}
        names = [item.name for item in model.graph.input if item.name not in fixed]
        return ReferenceEvaluator(model), names

    def __getstate__(self) -> dict[str, Any]:
        """Leave the evaluator behind: another process makes its own."""
        return {"kind": self.kind, "model": self.model}
