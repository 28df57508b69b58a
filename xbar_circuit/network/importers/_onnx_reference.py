"""ONNX's reference implementation: it folds constants, and computes what is not written here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators import OnnxOperator

__all__ = ["compute", "is_known", "reference_operator"]

_DRAWING = ("Random", "Multinomial", "Bernoulli")


def is_known(node: Any, opsets: Mapping[str, int]) -> bool:
    """Return whether the reference has an operator, and computes it without random numbers."""
    plain = node.domain in {"", "ai.onnx"}
    if node.op_type.startswith(_DRAWING) or not (plain or node.domain in opsets):
        return False
    try:
        _evaluator(_model(node, {}, {}, opsets))
    except NotImplementedError:
        return False
    except Exception:  # noqa: BLE001  what else is wrong shows when it is computed
        return True
    return True


def compute(node: Any, given: Mapping[str, Any], opsets: Mapping[str, int]) -> dict[str, Any]:
    """Return a node's outputs by name, for inputs by name."""
    evaluator = _evaluator(_model(node, {}, given, opsets))
    with np.errstate(all="ignore"):
        found = evaluator.run(None, dict(given))
    names = [name for name in node.output if name]
    return dict(zip(names, (_plain(value) for value in found), strict=True))


def reference_operator(
    node: Any,
    constants: Mapping[str, NDArray[Any]],
    samples: Mapping[str, Any],
    opsets: Mapping[str, int],
) -> OnnxOperator:
    """Return an operator that computes a node by the reference.

    Parameters
    ----------
    node
        The node.
    constants
        What it reads that is constant, by name.
    samples
        What else it reads, in the order of the operator's inputs.
    opsets
        Of the file.
    """
    single = {name: _single(value) for name, value in constants.items()}
    model = _model(node, single, samples, opsets)
    _evaluator(model)
    content = model.SerializeToString()
    kind = f"{node.domain}.{node.op_type}" if node.domain not in {"", "ai.onnx"} else node.op_type
    return OnnxOperator(kind=kind, model=np.frombuffer(content, dtype=np.uint8))


def _evaluator(model: Any) -> Any:
    """Return the reference of a model; it may take a later version of the operator set.

    The reference has some operators only as later versions define them, which do the same for what
    the earlier ones know.
    """
    from onnx import defs  # noqa: PLC0415  (an extra)
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

    while True:
        try:
            return ReferenceEvaluator(model)
        except RuntimeError as error:
            later = [o for o in model.opset_import if o.domain in {"", "ai.onnx"}]
            newest = defs.onnx_opset_version()
            if "No implementation" not in str(error) or later[0].version >= newest:
                raise
            later[0].version += 1


def _model(
    node: Any, constants: Mapping[str, Any], samples: Mapping[str, Any], opsets: Mapping[str, int]
) -> Any:
    """Return a model of one node."""
    from onnx import helper, numpy_helper  # noqa: PLC0415  (an extra)

    inputs = []
    for name, value in samples.items():
        if isinstance(value, list):
            inner = [_kind(item) for item in value[:1]] or [1]
            inputs.append(helper.make_tensor_sequence_value_info(name, inner[0], None))
        else:
            inputs.append(helper.make_tensor_value_info(name, _kind(value), None))
    if not samples and not constants:  # to see whether there is such an operator
        inputs = [helper.make_tensor_value_info(name, 1, None) for name in set(node.input) if name]
    results = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    fixed = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph([node], "one", inputs, results, fixed)
    wanted = [helper.make_opsetid(*item) for item in opsets.items()]
    return helper.make_model(graph, opset_imports=wanted)


def _kind(value: NDArray[Any]) -> int:
    from onnx import helper  # noqa: PLC0415  (an extra)

    return int(helper.np_dtype_to_tensor_dtype(np.asarray(value).dtype))


def _single(value: NDArray[Any]) -> NDArray[Any]:
    """Return floating point in float32, as all activations are."""
    array = np.asarray(value)
    wide = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array.astype(np.float32) if wide else array


def _plain(value: Any) -> Any:
    return value if isinstance(value, list) else np.asarray(value)
