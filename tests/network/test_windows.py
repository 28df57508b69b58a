"""Compiled windows against NumPy's views, in every layout, and what walks do with their memory."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import _compiler
from xbar_circuit.network import execution
from xbar_circuit.network.operators import Convolution, MaxPool, Relu
from xbar_circuit.network.operators._products import multiply

CASES = {
    "plain": {"kernel": (3, 3), "padding": ((1, 1), (1, 1))},
    "strided": {"kernel": (3, 2), "stride": (2, 1), "padding": ((0, 1), (2, 0))},
    "dilated": {"kernel": (2, 3), "dilation": (2, 2), "padding": ((1, 1), (2, 2))},
    "grouped": {"kernel": (3, 3), "groups": 2},
    "depthwise": {"kernel": (3, 3), "groups": 6, "padding": ((1, 1), (1, 1))},
    "one a channel": {"kernel": (3, 2), "groups": 6, "out": 6, "stride": (1, 2)},
    "one axis": {"kernel": (5,), "stride": (2,), "padding": ((2, 2),)},
    "three axes": {"kernel": (2, 3, 2), "padding": ((0, 0), (1, 1), (0, 0))},
}


def convolution(kernel, groups=1, out=12, channels=6, **told):
    rng = np.random.default_rng(4)
    axes = len(kernel)
    return Convolution(
        weight=rng.standard_normal((out, channels // groups, *kernel)),
        bias=rng.standard_normal(out),
        stride=told.get("stride", (1,) * axes),
        padding=told.get("padding", ((0, 0),) * axes),
        dilation=told.get("dilation", (1,) * axes),
        groups=groups,
    )


def maps(axes, *, last):
    size = (6, 9, 8, 7)[: axes + 1]
    x = np.random.default_rng(5).standard_normal((5, *size)).astype(np.float32)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if last else x


def by_hand(op, x):
    """Every output pixel as one sum, in double precision."""
    x = np.pad(x.astype(float), ((0, 0), (0, 0), *op.padding))
    kernel = op.weight.shape[2:]
    counts = [
        (n - (k - 1) * d - 1) // s + 1
        for n, k, d, s in zip(x.shape[2:], kernel, op.dilation, op.stride, strict=True)
    ]
    found = np.zeros((len(x), len(op.weight), *counts))
    wide, many = op.weight.shape[1], len(op.weight) // op.groups
    for place in np.ndindex(*counts):
        cut = tuple(
            slice(p * s, p * s + (k - 1) * d + 1, d)
            for p, s, k, d in zip(place, op.stride, kernel, op.dilation, strict=True)
        )
        for o in range(len(op.weight)):
            g = o // many
            part = x[(slice(None), slice(g * wide, (g + 1) * wide), *cut)]
            product = (part * op.weight[o]).reshape(len(x), -1).sum(axis=1)
            found[(slice(None), o, *place)] = product + op.bias[o]
    return found


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_convolution_is_the_sum_over_its_window(case, last, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(_compiler, "available", lambda: False)
    op = convolution(**CASES[case])
    x = maps(len(op.stride), last=last)
    exact = by_hand(op, x)
    size = np.abs(exact).max()
    whole = op.fold(multiply(op.unfold(x), op.matrices), x)
    parts = op.through(lambda v: multiply(v, op.matrices), x)
    for found in (whole, parts, op.prepared()(x)):
        assert found.shape == exact.shape
        assert np.abs(found - exact).max() < 1e-6 * size
    channel = 3
    patches = op.unfold(x).reshape(len(x), -1, op.weight[0].size * op.groups)
    one = op.weight.shape[2:]
    seen = patches.reshape(*patches.shape[:2], -1, int(np.prod(one)))[:, 0, channel]
    cut = tuple(slice(0, (k - 1) * d + 1, d) for k, d in zip(one, op.dilation, strict=True))
    padded = np.pad(x, ((0, 0), (0, 0), *op.padding))
    np.testing.assert_array_equal(seen, padded[(slice(None), channel, *cut)].reshape(len(x), -1))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_largest_of_a_window_whatever_the_layout(last, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(_compiler, "available", lambda: False)
    pool = MaxPool(kernel=(3, 2), stride=(2, 2), padding=((1, 1), (0, 0)), dilation=(1, 1))
    x = maps(2, last=last)
    x[0, 0, 0, 0] = np.nan
    found = pool.apply(x)
    assert np.isnan(found[0, 0, 0, 0])
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)), constant_values=-np.inf)
    for i, j in np.ndindex(found.shape[2:]):
        cut = padded[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 2]
        np.testing.assert_array_equal(found[:, :, i, j], cut.max(axis=(2, 3)))


def test_activation_in_place_leaves_what_others_read():
    """Of a convolution that a branch reads too, and of the caller's own array."""
    op = convolution(kernel=(3, 3), padding=((1, 1), (1, 1)), out=6)
    nodes = (
        xc.network.Node(name="first", operator=Relu(), inputs=("input",)),
        xc.network.Node(name="conv", operator=op, inputs=("first",)),
        xc.network.Node(name="relu", operator=Relu(), inputs=("conv",)),
        xc.network.Node(name="sum", operator=xc.network.operators.Add(), inputs=("conv", "relu")),
        xc.network.Node(name="last", operator=op, inputs=("sum",)),
        xc.network.Node(name="end", operator=Relu(), inputs=("last",)),
    )
    network = xc.network.Network(nodes=nodes, input_shape=(6, 9, 8))
    x = maps(2, last=False)
    kept = x.copy()
    found = execution.run(network, x, workers=1)
    np.testing.assert_array_equal(x, kept)
    middle = by_hand(op, np.maximum(x, 0.0))
    exact = np.maximum(by_hand(op, middle + np.maximum(middle, 0.0)), 0.0)
    assert np.abs(found - exact).max() < 1e-6 * exact.max()
