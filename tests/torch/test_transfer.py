"""The transfer matrix that torch differentiates, against finite differences and `nodal`."""

import numpy as np
import pytest
import torch

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.torch import differentiable_transfer

WIRES = xc.Wires(row_ohm=300.0, column_ohm=500.0, row_lead_ohm=40.0)
ENDS = xc.Terminals(left_ohm=100.0, bottom_ohm=200.0)


def devices(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0.1e-6, 25e-6, shape)


@pytest.mark.parametrize(
    ("wires", "terminals"),
    [
        (WIRES, ENDS),
        (xc.Wires(row_ohm=300.0, column_ohm=0.0), xc.Terminals()),
        (xc.Wires(row_ohm=0.0, column_ohm=500.0), xc.Terminals(left_ohm=1e3, right_ohm=2e3)),
        (WIRES, xc.Terminals(left_ohm=None, right_ohm=10.0, bottom_ohm=None, top_ohm=5.0)),
    ],
)
def test_the_gradient_is_that_of_the_adjoint_network(wires, terminals):
    g = devices(2, 7, 5)
    g[0, 2, 3] = 0.0  # an open device has one too
    weights = np.random.default_rng(2).standard_normal(g.shape)
    leaf = torch.tensor(g, requires_grad=True)
    made = differentiable_transfer(leaf, wires=wires, terminals=terminals)
    (made * torch.tensor(weights)).sum().backward()
    for k in range(2):
        bar = xc.Crossbar(conductance=g[k], wires=wires, terminals=terminals)
        assert made[k].detach().numpy() == approx(xc.nodal.transfer(bar), rel=1e-12)
        known = xc.nodal.gradients(bar, np.eye(7), weights[k])
        assert leaf.grad[k].numpy() == approx(known.conductance, rel=1e-9)


def test_the_gradient_is_that_of_finite_differences():
    g = devices(1, 9, 6)
    weights = np.random.default_rng(2).standard_normal(g.shape)
    leaf = torch.tensor(g, requires_grad=True)
    (
        differentiable_transfer(leaf, wires=WIRES, terminals=ENDS) * torch.tensor(weights)
    ).sum().backward()

    def value(i, j, change):
        moved = g.copy()
        moved[0, i, j] += change
        made = xc.nodal.transfer_tiles(moved, wires=WIRES, terminals=ENDS)
        return float((made * weights).sum())

    step = 1e-4 * 25e-6
    for i, j in ((0, 0), (4, 3), (8, 5)):
        slope = (value(i, j, step) - value(i, j, -step)) / (2.0 * step)
        assert leaf.grad[0, i, j].item() == approx(slope, rel=1e-6)


def test_the_diagonal_is_exact_for_ideal_wires_and_near_for_short_ones():
    g = devices(1, 8, 8)
    weights = torch.tensor(np.random.default_rng(2).standard_normal(g.shape))
    for ohm, tolerance in ((0.0, 1e-12), (1.0, 2e-3)):
        found = []
        for adjoint in ("exact", "diagonal"):
            leaf = torch.tensor(g, requires_grad=True)
            wires = xc.Wires(row_ohm=ohm, column_ohm=ohm)
            (differentiable_transfer(leaf, wires=wires, adjoint=adjoint) * weights).sum().backward()
            found.append(leaf.grad.numpy())
        apart = np.linalg.norm(found[0] - found[1]) / np.linalg.norm(found[0])
        assert apart < tolerance
    assert apart > 1e-6  # the other devices' currents are what it leaves out


def test_an_unknown_adjoint_is_refused():
    with pytest.raises(xc.ParameterError, match="adjoint"):
        differentiable_transfer(torch.ones(1, 1, 1), wires=WIRES, adjoint="none")
