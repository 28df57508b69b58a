"""The transfer matrix of an array as a function of its devices that torch can differentiate.

With v the voltages across the devices when row i alone is at 1 V, and z those when column j
does, ``dT_ij / dg = v z`` for every device (S. W. Director and R. A. Rohrer, IEEE Trans. Circuit
Theory 16, 318, 1969); `nodal.gradients` solves both networks for given inputs. A layer needs the
sum over all i and j at once, weighted by the gradient of the loss. That is the reverse sweep
through the exact reduction of the array, which eliminates by sums and quotients of conductances
only: it costs a few reductions, whatever the number of inputs, and no digits.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.nodal._reduction import Arrays, transfer_arrays
from xbar_circuit.nodal.hierarchical import held_ends
from xbar_circuit.wires import Terminals, Wires

__all__ = ["ADJOINTS", "differentiable_transfer"]

#: How gradients go through the wires: exactly, or each device by what the array passes of it.
ADJOINTS = ("exact", "diagonal")


def differentiable_transfer(
    conductance: Any,
    *,
    wires: Wires,
    terminals: Terminals | None = None,
    adjoint: str = "exact",
    known: FloatArray | None = None,
) -> Any:
    """Return the transfer matrices of arrays of ohmic devices, differentiable once.

    Parameters
    ----------
    conductance
        Tensor (tiles, rows, cols) [S]; 0 is open.
    wires, terminals
        The same for all tiles, as for `nodal.transfer_tiles`.
    adjoint
        ``"exact"``; or ``"diagonal"``, which takes ``T / g`` for a device's derivative and leaves
        out what it does to its neighbours' currents: a tenth of the time, exact for ideal wires.
    known
        The transfers, where they have been computed already.

    Returns
    -------
    tensor
        (tiles, rows, cols) [S], of the kind of `conductance`.

    Raises
    ------
    ParameterError, ShapeError, ConvergenceError
        As `nodal.transfer_tiles`; or an unknown `adjoint`.

    >>> g = torch.full((1, 1, 1), 0.1, dtype=torch.float64, requires_grad=True)
    >>> wires = Wires(row_ohm=1.0, column_ohm=2.0)
    >>> differentiable_transfer(g, wires=wires).sum().backward()
    >>> round(g.grad.item(), 9), round(1 / (1 + 0.1 * 3.0) ** 2, 9)
    (0.591715976, 0.591715976)
    """
    checks.choice("adjoint", adjoint, ADJOINTS)
    return _Transfer.apply(conductance, wires, terminals or Terminals(), adjoint, known)


class _Transfer(torch.autograd.Function):  # type: ignore[misc]  # torch is not typed here
    """Forward by the engine of the inference, backward by the adjoint."""

    @staticmethod
    def forward(  # noqa: PLR0917  torch calls it by place
        ctx: Any,
        conductance: Any,
        wires: Wires,
        terminals: Terminals,
        adjoint: str,
        known: FloatArray | None,
    ) -> Any:
        if known is None:
            held = conductance.detach().cpu().numpy().astype(np.float64)
            known = nodal.transfer_tiles(held, wires=wires, terminals=terminals)
        result = torch.from_numpy(np.ascontiguousarray(known)).to(conductance)
        ctx.save_for_backward(conductance, result)
        ctx.array = wires, terminals, adjoint
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Any) -> Any:
        conductance, result = ctx.saved_tensors
        wires, terminals, adjoint = ctx.array
        if adjoint == "diagonal":
            passed = result / conductance
            found = gradient * torch.where(conductance > 0.0, passed, torch.ones_like(passed))
        else:
            found = _reverse(conductance, wires, terminals, gradient)
        return found, None, None, None, None


def _reverse(conductance: Any, wires: Wires, terminals: Terminals, gradient: Any) -> Any:
    """Return the gradient (tiles, rows, cols) to the devices."""
    with torch.enable_grad(), warnings.catch_warnings():
        # array-api-compat copies tensors by torch.asarray, which tells of its defaults
        warnings.filterwarnings("ignore", message="torch.asarray")
        device = conductance.detach().double().requires_grad_()
        arrays = Arrays(
            device=device,
            row_ohm=wires.row_ohm,
            column_ohm=wires.column_ohm,
            ends=held_ends(wires, terminals),
        )
        (found,) = torch.autograd.grad(transfer_arrays(arrays), device, gradient.double())
    return found.to(conductance)
