"""Lines of NumPy for ONNX's operators, each held against ONNX's own reference."""

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator

from xbar_circuit.network.importers._onnx_reference import reference_operator
from xbar_circuit.network.operators._onnx_functions import KINDS

FLOATS, WHOLE, BYTES, TRUTHS = ("float32",), ("int32", "int64"), ("uint8", "int8"), ("bool",)
NUMBERS = (*FLOATS, *WHOLE)
SHAPES = ((2, 3, 4), (5,), ())
PAIRS = (((2, 3, 4), (3, 1)), ((4,), (2, 3, 4)), ((2, 1), (1, 3)), ((), (2, 2)), ((3,), ()))


def values(shape, kind, low=-3.0, high=3.0):
    rng = np.random.default_rng([len(shape), *shape])
    if kind == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if kind == "uint8":
        return np.asarray(rng.integers(0, 256, shape), kind)
    if kind == "int8":
        return np.asarray(rng.integers(-128, 128, shape), kind)
    numbers = rng.uniform(low, high, shape)
    return np.asarray(np.rint(numbers) if kind.startswith("int") else numbers, kind)


def nonzero(array):
    return np.where(array == 0, np.ones_like(array), array)


def case(kind, *inputs, moving=(0,), opset=18, outputs=1, **told):
    """Inputs are arrays, None for one that is left out; those not in `moving` are constants."""
    return kind, inputs, moving, opset, outputs, told


def elementwise():
    for kind, kinds in (
        *((kind, FLOATS) for kind in ("Ceil", "Cos", "Exp", "Floor", "Round", "Sin")),
        *((kind, NUMBERS) for kind in ("Abs", "Neg", "Sign")),
        ("Not", TRUTHS),
    ):
        yield from (case(kind, values(shape, one)) for shape in SHAPES for one in kinds)
    for kind in ("Log", "Sqrt"):  # also of what has none
        yield from (case(kind, values(shape, "float32")) for shape in SHAPES)
    yield case("Round", np.array([0.5, 1.5, 2.5, -0.5, -1.5], np.float32))
    for kind, kinds in (
        *((kind, NUMBERS) for kind in ("Add", "Sub", "Mul", "Max", "Min", "Sum")),
        *(
            (kind, NUMBERS)
            for kind in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
        ),
        ("And", TRUTHS),
        ("Or", TRUTHS),
    ):
        for one in kinds:
            if kind == "Sum" and one != "float32":
                continue
            for first, second in PAIRS:
                a, b = values(first, one), values(second, one)
                yield case(kind, a, b, moving=(0, 1))
                yield case(kind, a, b, moving=(1,))
    for kind in ("Max", "Min", "Sum"):
        yield case(kind, *(values(s, "float32") for s in ((2, 3), (3,), (1, 1))), moving=(0, 2))
    for one in NUMBERS:
        for first, second in PAIRS:
            yield case("Div", values(first, one), nonzero(values(second, one)), moving=(0, 1))
            chosen = values(first, "bool")
            yield case("Where", chosen, values(second, one), values((1,), one), moving=(0, 1))
    yield case("Div", values((2, 3), "float32"), np.zeros(3, np.float32))
    for power in (2.0, 0.5, -1.0, 3.0):
        yield case("Pow", values((2, 3), "float32"), np.float32(power))
    yield case("Pow", values((2, 3), "float32"), np.array([1.0, 2.0, 0.5], np.float32))
    yield case("Pow", values((2, 3), "int64"), np.array(2, np.int64))
    yield case("Pow", values((2, 3), "float32"), np.array(2, np.int64))
    yield case("MatMul", values((2, 3, 4), "float32"), values((4, 5), "float32"), moving=(0, 1))
    yield case("MatMul", values((4,), "float32"), values((2, 4, 3), "float32"), moving=(0, 1))


def moves():  # noqa: PLR0912 - a list of cases
    x = values((4, 5, 6), "float32")
    huge = 2**63 - 1
    for starts, ends, axes, steps in (
        ([1], [3], None, None),
        ([0, -3], [huge, -1], [0, 2], None),
        ([-1], [-huge - 1], [1], [-1]),
        ([3, 0], [0, 5], [-1, -2], [-2, 2]),
        ([7], [9], [1], None),
        ([1, 1, 1], [2, 3, 4], None, [1, 2, 3]),
    ):
        given = [None if n is None else np.array(n, np.int64) for n in (starts, ends, axes, steps)]
        for one in (x, values((4, 5, 6), "int32"), values((4, 5, 6), "bool")):
            yield case("Slice", one, *given)
    yield case("Slice", x, opset=9, starts=[1, 0], ends=[4, 9], axes=[0, 2])
    yield case("Slice", x, opset=9, starts=[-2], ends=[5])
    for axis in (0, 1, -1):
        for places in (np.array(2), np.array(-1), np.array([0, -2]), np.array([[1, 0], [2, 3]])):
            for moving in ((0,), (0, 1)):
                yield case("Gather", x, places.astype(np.int64), moving=moving, axis=axis)
    yield case("Gather", x, np.array([1], np.int32))
    yield case("Gather", np.arange(4, dtype=np.int64), np.array(2, np.int64))
    for order in ((2, 0, 1), (0, 2, 1), (1, 0, 2)):
        yield case("Transpose", x, perm=order)
    yield case("Transpose", x)
    yield case("Transpose", values((), "float32"))
    for axis in (0, -1, 1):
        others = values((4, 5, 6), "float32"), x[::-1]
        yield case("Concat", x, *others, moving=(0, 2), axis=axis)
    yield case("Concat", values((2,), "int64"), values((3,), "int64"), axis=0)
    for axes in ([0], [-1], [0, 3], [-1, 1], [4, 1]):
        yield case("Unsqueeze", x, np.array(axes, np.int64))
    yield case("Unsqueeze", x, opset=11, axes=[0, 2])
    narrow = values((1, 3, 1, 2), "float32")
    for axes in ([0], [-2], [0, 2]):
        yield case("Squeeze", narrow, np.array(axes, np.int64))
    yield case("Squeeze", narrow)
    yield case("Squeeze", narrow, opset=11, axes=[2])
    for shape in ([20, 6], [-1, 3, 2], [0, 30], [0, 0, -1], [120]):
        yield case("Reshape", x, np.array(shape, np.int64))
        yield case("Reshape", np.asfortranarray(x), np.array(shape, np.int64))
    yield case("Reshape", np.empty((0, 3), np.float32), np.array([3, 0], np.int64), allowzero=1)
    for axis in (0, 1, 2, 3, -1):
        yield case("Flatten", x, axis=axis)
    for shape in ([3, 4], [2, 3, 1], [1], [5, 1, 4]):
        for one in (values((3, 1), "float32"), values((3, 1), "int64"), values((3, 1), "bool")):
            yield case("Expand", one, np.array(shape, np.int64))
    for axis in (0, 1, -1):
        size = x.shape[axis]
        two = np.array([1, size - 1], np.int64)
        yield case("Split", x, two, outputs=2, axis=axis)
        yield case("Split", x, outputs=2, axis=axis, num_outputs=2)
        yield case("Split", x, two[:1] * size, outputs=1, axis=axis)
    yield case("Split", x, outputs=2, opset=13, axis=0)
    yield case("Split", x, outputs=2, opset=11, split=[1, 3])
    for repeats in ([1, 2, 1], [2, 1, 3]):
        yield case("Tile", x, np.array(repeats, np.int64))


def reductions():
    x = values((3, 4, 5), "float32")
    for kind in ("ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"):
        for axes in ([0], [-1], [0, 2], None):
            given = () if axes is None else (np.array(axes, np.int64),)
            for keep in (0, 1):
                yield case(kind, x, *given, keepdims=keep)
        yield case(kind, values((3, 4), "int64"), np.array([1], np.int64))
        told = {"axes": [1, -1]}
        old = (np.array([1, -1], np.int64),) if kind == "ReduceSum" else ()
        yield case(kind, x, *old, opset=13, **({} if old else told))
        yield case(kind, x, noop_with_empty_axes=1)
    for kind in ("Softmax", "LogSoftmax"):
        for axis in (0, 1, -1):
            yield case(kind, 5.0 * x, axis=axis)
    scale, bias = values((5,), "float32"), values((5,), "float32", 0.0, 1.0)
    yield case("LayerNormalization", x, scale, bias)
    yield case("LayerNormalization", x, scale, axis=2, epsilon=0.1)
    yield case("LayerNormalization", x, values((4, 5), "float32"), bias, axis=-2)
    yield case("Einsum", x, values((3, 5, 2), "float32"), moving=(0, 1), equation="bij,bjk->bik")
    yield case("Einsum", x, values((4,), "float32"), moving=(0, 1), equation="bij,i->j")


def codes():
    x = values((2, 3, 4), "float32")
    for kind in BYTES:
        one, step = values((), kind), np.float32(0.03)
        yield case("QuantizeLinear", x, step, one)
        yield case("DequantizeLinear", values((2, 3, 4), kind), step, one)
        yield case("DequantizeLinear", values((2, 3, 4), kind), step)
        steps, zeros = np.array([0.01, 0.02, 0.5], np.float32), values((3,), kind)
        for axis in (1, -2):
            yield case("QuantizeLinear", x, steps, zeros, axis=axis)
            yield case("DequantizeLinear", values((2, 3, 4), kind), steps, zeros, axis=axis)
    yield case("QuantizeLinear", np.array([0.5, 1.5, 2.5], np.float32), np.float32(1), np.uint8(0))
    yield case("DequantizeLinear", values((3,), "int32"), np.float32(0.1), np.int32(0))


def resizes():
    x = values((2, 3, 5, 7), "float32")
    sizes = np.array([2, 3, 8, 4], np.int64)
    scales = np.array([1.0, 1.0, 2.0, 0.6], np.float32)
    modes = [
        ({"mode": mode}, coordinates)
        for mode in ("nearest", "linear", "cubic")
        for coordinates in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")
    ]
    modes += [
        ({"mode": "nearest", "nearest_mode": one}, "asymmetric")
        for one in ("floor", "ceil", "round_prefer_ceil")
    ]
    modes += [({"mode": "linear", "antialias": 1}, "half_pixel")]
    modes += [({"mode": "cubic", "exclude_outside": 1, "cubic_coeff_a": -0.5}, "half_pixel")]
    for mode, coordinates in modes:
        told = mode | {"coordinate_transformation_mode": coordinates}
        yield case("Resize", x, None, None, sizes, **told)
        yield case("Resize", x, None, scales, **told)
    yield case("Resize", x, None, np.array([2.0, 1.5], np.float32), axes=[2, 3], mode="linear")
    yield case("Resize", x, None, None, np.array([9, 3], np.int64), axes=[3, 1], mode="nearest")
    yield case("Resize", x, np.zeros(0, np.float32), scales, opset=11, mode="linear")


CASES = [*elementwise(), *moves(), *reductions(), *codes(), *resizes()]


def names_of(inputs):
    return ["" if one is None else f"x{k}" for k, one in enumerate(inputs)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_line_of_numpy_gives_what_the_reference_gives(kind):
    own = [one for one in CASES if one[0] == kind]
    assert own
    for _, inputs, moving, opset, outputs, told in own:
        names = names_of(inputs)
        node = helper.make_node(kind, names, [f"y{k}" for k in range(outputs)], **told)
        constants = {
            name: np.asarray(one)
            for k, (name, one) in enumerate(zip(names, inputs, strict=True))
            if name and k not in moving
        }
        samples = {names[k]: np.asarray(inputs[k]) for k in moving}
        operator = reference_operator(node, constants, samples, {"": opset})
        assert not operator.by_reference, (told, opset)
        found = operator.apply(*samples.values())
        found = found if isinstance(found, tuple) else (found,)
        wanted = reference(operator, samples)
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert isinstance(one, np.ndarray)
            assert one.dtype == other.dtype, told
            assert one.shape == other.shape, told
            if other.dtype.kind != "f":
                np.testing.assert_array_equal(one, other)
                continue
            np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))
            odd = ~np.isfinite(other)
            np.testing.assert_array_equal(one[odd], other[odd])
            size = np.abs(other[~odd]).max(initial=0.0)
            np.testing.assert_allclose(one[~odd], other[~odd], rtol=0.0, atol=1e-6 * size)


def reference(operator, samples):
    model = onnx.load_model_from_string(operator.model.tobytes())
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, samples)


@pytest.mark.parametrize(
    ("kind", "inputs", "moving", "told"),
    [
        ("Slice", [np.ones((3, 4), np.float32), np.array([0]), np.array([2])], (0, 1), {}),
        ("Reshape", [np.ones((3, 4), np.float32), np.array([-1])], (0, 1), {}),
        ("Reciprocal", [np.ones((3, 4), np.float32)], (0,), {}),
        (
            "Resize",
            [np.ones((1, 1, 4, 4), np.float32), None, None, np.array([1, 1, 2, 3])],
            (0,),
            {"keep_aspect_ratio_policy": "not_larger", "mode": "linear"},
        ),
    ],
)
def test_other_forms_are_left_to_the_reference(kind, inputs, moving, told):
    names = names_of(inputs)
    node = helper.make_node(kind, names, ["y"], **told)
    constants = {
        n: one
        for k, (n, one) in enumerate(zip(names, inputs, strict=True))
        if n and k not in moving
    }
    samples = {names[k]: inputs[k] for k in moving}
    operator = reference_operator(node, constants, samples, {"": 18})
    assert operator.by_reference
    (wanted,) = reference(operator, samples)
    np.testing.assert_array_equal(operator.apply(*samples.values()), wanted)
