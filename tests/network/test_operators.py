"""Operators against loops written out by hand."""

import numpy as np
import pytest

from xbar_circuit import ParameterError, ShapeError
from xbar_circuit.network import Network, Node
from xbar_circuit.network.importers._simplify import fold_affine
from xbar_circuit.network.operators import (
    Affine,
    AveragePool,
    Clip,
    Concat,
    Convolution,
    Dense,
    HardSwish,
    MaxPool,
    Pad,
    Prelu,
    Reshape,
    Sigmoid,
    Softmax,
)


def multiply(operator, inputs):
    vectors = operator.unfold(inputs)
    products = np.einsum("ngr,grc->ngc", vectors, operator.matrices)
    return operator.fold(products, inputs)


def convolve_by_hand(x, w, b, stride, padding, dilation, groups):
    n, _, height, width = x.shape
    out, per_group, kh, kw = w.shape
    (top, bottom), (left, right) = padding
    big = np.zeros((n, x.shape[1], height + top + bottom, width + left + right))
    big[:, :, top : top + height, left : left + width] = x
    oh = (big.shape[2] - (kh - 1) * dilation[0] - 1) // stride[0] + 1
    ow = (big.shape[3] - (kw - 1) * dilation[1] - 1) // stride[1] + 1
    y = np.zeros((n, out, oh, ow))
    for o in range(out):
        group = o // (out // groups)
        for i in range(oh):
            for j in range(ow):
                for c in range(per_group):
                    for p in range(kh):
                        for q in range(kw):
                            y[:, o, i, j] += (
                                w[o, c, p, q]
                                * big[
                                    :,
                                    group * per_group + c,
                                    i * stride[0] + p * dilation[0],
                                    j * stride[1] + q * dilation[1],
                                ]
                            )
        y[:, o] += b[o]
    return y


@pytest.mark.parametrize(
    ("channels", "out", "kernel", "stride", "padding", "dilation", "groups"),
    [
        (1, 3, (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        (2, 4, (3, 2), (2, 1), ((1, 0), (0, 2)), (1, 2), 1),
        (4, 4, (3, 3), (1, 2), ((1, 1), (1, 1)), (1, 1), 4),
        (4, 6, (2, 2), (1, 1), ((0, 1), (1, 0)), (2, 1), 2),
        (3, 2, (1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
    ],
)
def test_convolution_equals_seven_loops(channels, out, kernel, stride, padding, dilation, groups):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, channels, 7, 6)).astype(np.float32)
    w = rng.normal(size=(out, channels // groups, *kernel)).astype(np.float32)
    b = rng.normal(size=out).astype(np.float32)
    operator = Convolution(
        weight=w, bias=b, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    expected = convolve_by_hand(x, w, b, stride, padding, dilation, groups)
    np.testing.assert_allclose(multiply(operator, x), expected, rtol=1e-5, atol=1e-5)


def test_convolution_in_one_dimension_is_numpys():
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=12), rng.normal(size=4)
    operator = Convolution(
        weight=w[None, None],
        bias=np.zeros(1),
        stride=(1,),
        padding=((0, 0),),
        dilation=(1,),
    )
    found = multiply(operator, x.astype(np.float32)[None, None])
    np.testing.assert_allclose(found[0, 0], np.correlate(x, w, "valid"), rtol=1e-5, atol=1e-6)


def test_dense_works_on_the_last_axis():
    operator = Dense(weight=np.array([[1.0, 2.0], [3.0, 4.0]]), bias=np.array([10.0, 20.0]))
    found = multiply(operator, np.array([[[1.0, 0.0], [1.0, 1.0]]], dtype=np.float32))
    assert found.tolist() == [[[11.0, 22.0], [14.0, 26.0]]]


def test_max_pooling_never_lets_padding_win():
    pool = MaxPool(kernel=(2, 2), stride=(2, 2), padding=((1, 1), (1, 1)), dilation=(1, 1))
    x = -np.arange(1.0, 5.0, dtype=np.float32).reshape(1, 1, 2, 2)
    assert pool.apply(x).tolist() == [[[[-1.0, -2.0], [-3.0, -4.0]]]]


def test_average_pooling_counts_padding_only_when_asked():
    x = np.ones((1, 1, 2, 2), dtype=np.float32)
    sizes = {"kernel": (2, 2), "stride": (2, 2), "dilation": (1, 1)}
    padded = {"padding": ((1, 1), (1, 1))}
    assert AveragePool(**sizes, **padded).apply(x).tolist() == [[[[1.0, 1.0], [1.0, 1.0]]]]
    counted = AveragePool(**sizes, **padded, count_padding=True).apply(x)
    assert counted.tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]


def test_a_last_incomplete_window_counts_when_rounded_up():
    x = np.arange(5.0, dtype=np.float32).reshape(1, 1, 5)
    one = {"kernel": (2,), "stride": (2,), "padding": ((0, 0),), "dilation": (1,)}
    assert MaxPool(**one).apply(x).tolist() == [[[1.0, 3.0]]]
    assert MaxPool(**one, round_up=True).apply(x).tolist() == [[[1.0, 3.0, 4.0]]]
    assert AveragePool(**one, round_up=True).apply(x).tolist() == [[[0.5, 2.5, 4.0]]]


def test_activations_at_known_points():
    x = np.array([[-4.0, -1.0, 0.0, 1.0, 4.0]], dtype=np.float32)
    assert Clip(low=-1.0, high=6.0).apply(x).tolist() == [[-1.0, -1.0, 0.0, 1.0, 4.0]]
    np.testing.assert_allclose(HardSwish().apply(x), [[0, -1 / 3, 0, 2 / 3, 4]], atol=1e-6)
    np.testing.assert_allclose(Sigmoid().apply(x), 1 / (1 + np.exp(-x)), rtol=1e-6)
    assert Prelu(slope=np.float32(0.5)).apply(x).tolist() == [[-2.0, -0.5, 0.0, 1.0, 4.0]]
    np.testing.assert_allclose(Softmax().apply(1000 * x).sum(), 1.0, rtol=1e-6)


def test_sigmoid_does_not_overflow():
    assert Sigmoid().apply(np.array([-1e4, 1e4], dtype=np.float32)).tolist() == [0.0, 1.0]


def test_reshape_keeps_the_batch_and_finds_the_free_axis():
    assert Reshape(shape=(2, -1)).apply(np.zeros((3, 4, 2), dtype=np.float32)).shape == (3, 2, 4)


def test_inputs_that_do_not_fit_are_refused_by_name():
    dense = Dense(weight=np.ones((3, 2)), bias=np.zeros(2))
    with pytest.raises(ShapeError, match="inputs: got shape \\(1, 4\\)"):
        dense.unfold(np.zeros((1, 4), dtype=np.float32))
    convolution = Convolution(
        weight=np.ones((1, 1, 3, 3)),
        bias=np.zeros(1),
        stride=(1, 1),
        padding=((0, 0), (0, 0)),
        dilation=(1, 1),
    )
    with pytest.raises(ShapeError, match="inputs"):
        convolution.unfold(np.zeros((1, 1, 2, 2), dtype=np.float32))
    with pytest.raises(ShapeError, match="weight, bias"):
        Dense(weight=np.ones((3, 2)), bias=np.zeros(3))
    with pytest.raises(ParameterError, match="not finite"):
        Dense(weight=np.array([[np.nan]]), bias=np.zeros(1))


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
@pytest.mark.parametrize("padding", [((0, 0), (2, 1)), ((1, 2), (0, 3)), ((-1, 1), (2, -1))])
def test_a_border_is_numpys(mode, padding):
    x = np.arange(2.0 * 3 * 5, dtype=np.float32).reshape(2, 3, 5)
    pairs = ((0, 0), *padding)
    cut = x[
        tuple(slice(max(0, -b), n - max(0, -a)) for n, (b, a) in zip(x.shape, pairs, strict=True))
    ]
    grown = [(max(0, b), max(0, a)) for b, a in pairs]
    found = Pad(padding=padding, mode=mode).apply(x)
    np.testing.assert_array_equal(found, np.pad(cut, grown, mode=mode))


@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("layouts", [(True, True), (True, False), (False, False)])
def test_arrays_are_joined_whatever_their_layout(axis, layouts):
    rng = np.random.default_rng(3)
    parts = []
    for last in layouts:
        x = rng.standard_normal((2, 4, 3, 5)).astype(np.float32)
        parts.append(np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if last else x)
    found = Concat(axis=axis).apply(*parts)
    np.testing.assert_array_equal(found, np.concatenate(parts, axis=axis))
    if axis == 1 and all(layouts):  # for the convolution after it
        assert np.moveaxis(found, 1, -1).flags.c_contiguous


def affine(scale, shift):
    return Affine(scale=np.float32(scale), shift=np.float32(shift))


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (affine([2.0], [0.0]), affine([1.0], [3.0]), 1),
        (affine([[[2.0]], [[3.0]]], [[[0.5]], [[1.5]]]), affine([-1.5], [0.25]), 1),
        (affine([[[2.0]], [[3.0]]], [0.0]), affine([1.0, 2.0, 3.0, 4.0], [0.0]), 2),  # grows
        (affine([1e30], [0.0]), affine([1e30], [0.0]), 2),  # is not finite
    ],
)
def test_scales_and_shifts_one_after_another_are_one(first, second, count):
    nodes = (
        Node(name="first", operator=first, inputs=("input",)),
        Node(name="second", operator=second, inputs=("first",)),
    )
    network = fold_affine(Network(nodes=nodes, input_shape=(2, 3, 4)))
    assert len(network.nodes) == count
    size = 1.0 / float(first.scale.max())
    x = (size * np.random.default_rng(0).standard_normal((5, 2, 3, 4))).astype(np.float32)
    found = network.run({"input": x})[0]
    wanted = (x * first.scale + first.shift) * second.scale + second.shift
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=1e-6 * np.abs(wanted).max())
