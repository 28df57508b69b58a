"""Compiled windows against NumPy's views, in every layout, and what walks do with their memory."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import _compiler
from xbar_circuit.network import execution
from xbar_circuit.network.operators import Clip, Convolution, MaxPool, Relu
from xbar_circuit.network.operators._products import multiply

CASES = {
    "plain": {"kernel": (3, 3), "padding": ((1, 1), (1, 1))},
    "strided": {"kernel": (3, 2), "stride": (2, 1), "padding": ((0, 1), (2, 0))},
    "dilated": {"kernel": (2, 3), "dilation": (2, 2), "padding": ((1, 1), (2, 2))},
    "grouped": {"kernel": (3, 3), "groups": 2},
    "depthwise": {"kernel": (3, 3), "groups": 6, "padding": ((1, 1), (1, 1))},
    "one a channel": {"kernel": (3, 2), "groups": 6, "out": 6, "stride": (1, 2)},
    "every pixel": {"kernel": (1, 1)},
    "every pixel of many channels": {"kernel": (1, 1), "channels": 12},
    "many channels": {"kernel": (3, 2), "channels": 12, "stride": (1, 2)},
    "many channels with holes": {"kernel": (2, 2), "channels": 12, "dilation": (1, 2)},
    "one axis": {"kernel": (5,), "stride": (2,), "padding": ((2, 2),)},
    "three axes": {"kernel": (2, 3, 2), "padding": ((0, 0), (1, 1), (0, 0))},
}


def convolution(kernel, groups=1, out=12, channels=6, **options):
    rng = np.random.default_rng(4)
    axes = len(kernel)
    return Convolution(
        weight=rng.standard_normal((out, channels // groups, *kernel)),
        bias=rng.standard_normal(out),
        stride=options.get("stride", (1,) * axes),
        padding=options.get("padding", ((0, 0),) * axes),
        dilation=options.get("dilation", (1,) * axes),
        groups=groups,
    )


def maps(axes, *, last, channels=6):
    size = (channels, 9, 8, 7)[: axes + 1]
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
    x = maps(len(op.stride), last=last, channels=CASES[case].get("channels", 6))
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


FOLLOWING = {
    "ReLU, pooling": ("relu", "pool"),
    "pooling, ReLU": ("pool", "relu"),
    "clip, pooling": ("clip", "pool"),
    "pooling": ("pool",),
    "ReLU, clip": ("relu", "clip"),
    "clip, pooling, clip": ("clip", "pool", "other clip"),
    "pooling with a border": ("relu", "padded pool"),
    "overlapping windows": ("relu", "wide pool"),
    "two poolings": ("pool", "wide pool", "relu"),
}


def operator(kind, axes):
    pool = {"kernel": (2,) * axes, "stride": (2,) * axes, "padding": ((0, 0),) * axes}
    pool |= {"dilation": (1,) * axes}
    return {
        "relu": Relu(),
        "clip": Clip(low=-0.5, high=2.0),
        "other clip": Clip(low=0.25, high=3.0),
        "pool": MaxPool(**pool),
        "padded pool": MaxPool(**pool | {"padding": ((1, 1),) * axes}),
        "wide pool": MaxPool(**pool | {"kernel": (3,) * axes, "stride": (1,) * axes}),
    }[kind]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("case", ["plain", "one axis", "three axes", "one a channel"])
@pytest.mark.parametrize("after", FOLLOWING)
def test_what_follows_a_convolution_is_the_same_in_its_blocks(after, case, compiled, monkeypatch):
    """To the last bit, also of what is not a number."""
    if not compiled:
        monkeypatch.setattr(_compiler, "available", lambda: False)
    told = CASES[case] | {"stride": (1,) * len(CASES[case]["kernel"])}
    told["padding"] = tuple((2, 2) for _ in told["kernel"])
    op = convolution(**told)
    axes = len(op.stride)
    operators = [op, *(operator(kind, axes) for kind in FOLLOWING[after])]
    names = ["input", *(f"node{k}" for k in range(len(operators)))]
    nodes = tuple(
        xc.network.Node(name=name, operator=one, inputs=(before,))
        for name, one, before in zip(names[1:], operators, names, strict=False)
    )
    x = maps(axes, last=False)
    x[(1, 0, *(0,) * axes)] = np.nan
    network = xc.network.Network(nodes=nodes, input_shape=x.shape[1:])
    monkeypatch.setattr("xbar_circuit.network.operators._windows._BLOCK_BYTES", 2**16)
    found = network.run({"input": x})[0]
    wanted = op.prepared()(x)
    for one in operators[1:]:
        wanted = one.apply(wanted)
    assert np.isnan(wanted).any()
    np.testing.assert_array_equal(found, wanted)


def test_steps_take_what_follows_and_keep_what_others_read():
    op = convolution(kernel=(3, 3), padding=((1, 1), (1, 1)), out=6)
    pool = operator("pool", 2)
    chain = (("conv", op, "input"), ("relu", Relu(), "conv"), ("pool", pool, "relu"))
    nodes = tuple(xc.network.Node(name=n, operator=o, inputs=(i,)) for n, o, i in chain)
    network = xc.network.Network(nodes=nodes, input_shape=(6, 9, 8))
    assert [(step.node.name, step.outputs) for step in network.plan] == [("conv", ("pool",))]
    open_one = xc.network.Network(nodes=nodes, input_shape=(6, 9, 8), outputs=("relu", "pool"))
    assert [step.outputs for step in open_one.plan] == [("relu",), ("pool",)]
    x = maps(2, last=False)
    both, alone = open_one.run({"input": x}), network.run({"input": x})
    np.testing.assert_array_equal(both[1], alone[0])
