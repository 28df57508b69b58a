"""Operators of ONNX that have no class here, digitally: by a line of NumPy, or ONNX's reference.

An operator is wrapped in a model of one node, with its constants and, of `If` and `Loop`, with its
subgraphs. Where `_onnx_functions` knows the form, it computes it; else
`onnx.reference.ReferenceEvaluator` runs it in NumPy. Needs the extra ``[onnx]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators._onnx_form import Form, Function
from xbar_circuit.network.operators._onnx_functions import function_of
from xbar_circuit.network.operators.protocol import Array

__all__ = ["OnnxOperator"]


@dataclass(frozen=True, kw_only=True, eq=False)
class OnnxOperator:
    """An operator of ONNX, as a model of its one node.

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
        """Return what ONNX defines.

        Parameters
        ----------
        inputs
            As the operator's definition has them, without those that are constant.

        Returns
        -------
        array or tuple of arrays
            The output, or a tuple of several, of the shapes that ONNX defines.
        """
        with np.errstate(all="ignore"):  # infinities and NaN are results, as in every runtime
            return self._function(*inputs)

    @property
    def by_reference(self) -> bool:
        """Whether ONNX's reference computes it."""
        return self._own is None

    @cached_property
    def _own(self) -> Function | None:
        """Our own function of the inputs that move, if there is one."""
        from onnx import helper, numpy_helper  # noqa: PLC0415  (an extra)

        model = self._parsed
        (node,) = model.graph.node
        fixed = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        form = Form(
            node=node,
            attributes={one.name: helper.get_attribute_value(one) for one in node.attribute},
            constants={k: fixed[name] for k, name in enumerate(node.input) if name in fixed},
            opset=max(o.version for o in model.opset_import if o.domain in {"", "ai.onnx"}),
        )
        function = function_of(form)
        if function is None:
            return None
        moving = [item.name for item in model.graph.input if item.name not in fixed]
        places = [moving.index(name) if name in moving else None for name in node.input]
        known = [fixed.get(name) for name in node.input]

        def own(*inputs: Array) -> Any:
            given = [
                value if place is None else inputs[place]
                for place, value in zip(places, known, strict=True)
            ]
            found = function(*given)
            return found if isinstance(found, tuple) else np.asarray(found)

        return own

    @cached_property
    def _function(self) -> Function:
        """What computes the output of the inputs that move."""
        if self._own is not None:
            return self._own
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415  (an extra)

        model = self._parsed
        fixed = {item.name for item in model.graph.initializer}
        names = [item.name for item in model.graph.input if item.name not in fixed]
        evaluator = ReferenceEvaluator(model)

        def reference(*inputs: Array) -> Any:
            found = evaluator.run(None, dict(zip(names, inputs, strict=True)))
            return found[0] if len(found) == 1 else tuple(found)

        return reference

    @property
    def _parsed(self) -> Any:
        import onnx  # noqa: PLC0415  (an extra)

        return onnx.load_model_from_string(self.model.tobytes())

    def __getstate__(self) -> dict[str, Any]:
        """Leave the functions behind: another process makes its own."""
        return {"kind": self.kind, "model": self.model}
