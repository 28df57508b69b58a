"""Conversion: the linear and convolutional layers of a torch network become the array."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from xbar_circuit import _checks as checks
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.importers._torch_names import WHOLE
from xbar_circuit.torch.array_layer import CrossbarLayer, LayerTiles
from xbar_circuit.torch.layers import KINDS
from xbar_circuit.torch.transfer import ADJOINTS

__all__ = ["convert", "crossbar_layers", "set_ranges"]


def convert(
    module: Any,
    accelerator: Accelerator,
    *,
    digital: Sequence[str] | Mapping[str, int | None] = (),
    elsewhere: Mapping[str, Accelerator] | None = None,
    rng: np.random.Generator | None = None,
    adjoint: str = "exact",
    calibration: Any = None,
) -> Any:
    """Return a copy of a torch network whose layers compute on the array.

    Every ``Linear``, ``Conv1d`` and ``Conv2d`` is replaced, whatever holds it; all else stays as it
    is. So do classes derived from these, such as the projections inside torch's own
    ``MultiheadAttention``, which never calls them.

    Parameters
    ----------
    module
        A ``torch.nn.Module``; it stays as it is. The copy has the same parameters under the same
        names: ``load_state_dict`` takes checkpoints of either.
    accelerator
        Tiles, drivers, read-outs, devices.
    digital
        Names of layers that stay as they are, as ``named_modules`` and `network.from_torch` give
        them; or their width in
        bits by name: whole numbers of that width on a chip, float32 in training. None stays.
    elsewhere
        Layers on another accelerator, by name.
    rng
        Draws programming and read noise anew at every step of a training, by the accelerator's
        statistics, and the noise of its parts; None draws none. In evaluation mode none is drawn.
    adjoint
        ``"exact"`` or ``"diagonal"``, see `differentiable_transfer`.
    calibration
        Inputs of the network, or a tuple of inputs: the ranges of drivers and read-outs are set by
        it, see `set_ranges`. None sets them by each batch.

    Returns
    -------
    torch.nn.Module
        The copy; gradients flow through the array.

    Raises
    ------
    ParameterError
        No layer to convert, an unknown name, an unknown `adjoint`, or cells that are not linear.

    >>> import torch
    >>> import xbar_circuit as xc
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    >>> analog = convert(module, xc.Accelerator(rows=8, cols=8))
    >>> type(analog[0]).__name__, analog(torch.ones(2, 4)).shape
    ('CrossbarLinear', torch.Size([2, 3]))
    """
    checks.instance("module", module, nn.Module, example="torch.nn.Sequential(...)")
    checks.instance("accelerator", accelerator, Accelerator, example="xc.Accelerator()")
    checks.choice("adjoint", adjoint, ADJOINTS)
    if rng is not None:
        checks.instance("rng", rng, np.random.Generator, example="np.random.default_rng(1)")
    others = dict(elsewhere or {})
    found = {name or WHOLE: part for name, part in module.named_modules() if type(part) in KINDS}
    widths = dict(digital) if isinstance(digital, Mapping) else dict.fromkeys(digital)
    unknown = sorted({*widths, *others} - set(found))
    if unknown or not set(found) - set(widths):
        raise ParameterError.about(
            "digital, elsewhere" if unknown else "module",
            got=f"unknown layers {unknown}" if unknown else "no layer for the array",
            expected=f"some of the layers {sorted(found)}"
            if found
            else "a network with Linear, Conv1d or Conv2d layers",
            remedy="correct the names; module.named_modules() lists them",
        )
    for name, own in {"accelerator": accelerator, **others}.items():
        if not own.synapse.cell.linear:
            raise ParameterError.about(
                f"{name}.synapse.cell",
                got=type(own.synapse.cell).__name__,
                expected="linear cells, whose gradients are known",
                remedy="train with devices.Ohmic() and program the trained network on the others",
            )
    made = copy.deepcopy(module)
    layers: list[CrossbarLayer] = []
    for name in found:
        if name in widths and widths[name] is None:
            continue
        part = made if name == WHOLE and type(made) in KINDS else made.get_submodule(name)
        tiles = LayerTiles(
            name=name,
            accelerator=others.get(name, accelerator),
            adjoint=adjoint,
            rng=rng,
            layers=layers,
            bits=widths.get(name),
        )
        replaced = KINDS[type(part)].of(part, tiles)
        if part is made:
            made = replaced
            continue
        parent, _, own_name = name.rpartition(".")
        setattr(made.get_submodule(parent), own_name, replaced)
    for part in made.modules():
        if isinstance(part, nn.TransformerEncoderLayer):
            part.activation_relu_or_gelu = 0  # no fused kernel past the layers in it
    if calibration is not None:
        set_ranges(made, calibration)
    return made


def set_ranges(module: Any, inputs: Any) -> None:
    """Fix the ranges of a converted network's drivers and read-outs by what inputs make of them.

    Parameters
    ----------
    module
        From `convert`.
    inputs
        What the network takes, or a tuple of that.

    Raises
    ------
    ParameterError
        It is not converted, or the inputs reach no layer.

    >>> import torch
    >>> import xbar_circuit as xc
    >>> analog = convert(torch.nn.Linear(4, 3), xc.Accelerator(rows=8, cols=8))
    >>> set_ranges(analog, torch.ones(2, 4))
    >>> analog.tiles.parts.input_scale
    1.0
    """
    layers = crossbar_layers(module)
    modes = {part: part.training for part in module.modules()}
    for layer in layers.values():
        layer.tiles.fixing = True
    try:
        with torch.no_grad():
            module.eval()(*arguments(inputs))
    finally:
        for layer in layers.values():
            layer.tiles.fixing = False
        for part, training in modes.items():
            part.training = training


def crossbar_layers(module: Any) -> dict[str, CrossbarLayer]:
    """Return the layers of a converted network that are the array, by name.

    Raises
    ------
    ParameterError
        There is none.
    """
    found = {part.tiles.name: part for part in module.modules() if isinstance(part, CrossbarLayer)}
    if not found:
        raise ParameterError.about(
            "module",
            got=f"a {type(module).__name__} without layers that are the array",
            expected="a network from xbar_circuit.torch.convert",
            remedy="convert it first",
        )
    return found


def arguments(inputs: Any) -> tuple[Any, ...]:
    """Return what a network is called with."""
    return inputs if isinstance(inputs, tuple) else (inputs,)
