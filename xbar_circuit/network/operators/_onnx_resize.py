"""ONNX's `Resize`, axis by axis: its weights are what the reference makes of unit vectors."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from xbar_circuit.network.operators._onnx_form import Form

__all__ = ["resize_function"]


def resize_function(form: Form) -> Callable[..., Any] | None:
    """Return what resizes an array of floating point; None for crops and kept aspect ratios."""
    scales, sizes = form.constants.get(2), form.constants.get(3)
    policy = form.get("keep_aspect_ratio_policy", b"stretch")
    crops = form.get("coordinate_transformation_mode", b"") == b"tf_crop_and_resize"
    wanted = sizes if sizes is not None and sizes.size else scales
    if wanted is None or not wanted.size or crops or policy != b"stretch" or form.opset < 11:
        return None
    axes, text = form.get("axes", None), form.node.SerializeToString()

    def resize(data: Any, *_: Any) -> Any:
        if data.dtype != np.float32:
            raise TypeError(f"a resize of {data.dtype}")
        found = np.ascontiguousarray(data)
        chosen = range(data.ndim) if axes is None else axes
        for axis, one in zip(chosen, wanted.tolist(), strict=True):
            step = _Step.of(text, form.opset, data.shape[axis], one)
            found = step.along(found, axis % data.ndim)
        return found

    return resize


class _Step:
    """The resizing of one axis."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self._weights = weights
        chosen = weights.argmax(axis=0)
        self._same = np.array_equal(weights, np.eye(len(weights), dtype=np.float32))
        one_each = np.zeros_like(weights)
        one_each[chosen, np.arange(len(chosen))] = 1.0
        self._chosen = chosen if np.array_equal(weights, one_each) else None

    @staticmethod
    @lru_cache(maxsize=256)
    def of(node: bytes, opset: int, length: int, wanted: float) -> _Step:
        """Return the resizing of `length` numbers to a size, or by a scale."""
        from onnx import NodeProto, helper, numpy_helper  # noqa: PLC0415  (an extra)
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

        plain = NodeProto.FromString(node)
        kept = [one for one in plain.attribute if one.name != "axes"]
        del plain.attribute[:]
        plain.attribute.extend(kept)
        by_size = isinstance(wanted, int)
        pair = np.array([length, wanted]) if by_size else np.array([1.0, wanted], np.float32)
        del plain.input[:]
        plain.input.extend(["x", "", "", "by"] if by_size else ["x", "", "by"])
        graph = helper.make_graph(
            [plain],
            "one",
            [helper.make_tensor_value_info("x", 1, None)],
            [helper.make_empty_tensor_value_info(plain.output[0])],
            [numpy_helper.from_array(pair, "by")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        (found,) = ReferenceEvaluator(model).run(None, {"x": np.eye(length, dtype=np.float32)})
        return _Step(found)

    def along(self, data: Any, axis: int) -> Any:
        """Return an array resized along an axis."""
        if self._same:
            return data
        if self._chosen is not None:
            return np.take(data, self._chosen, axis=axis)
        return np.moveaxis(np.moveaxis(data, axis, -1) @ self._weights, -1, axis)
