"""Effective weights: what the tiles of a chip multiply with, as plain matrices.

The transfer matrix of every tile, wires and all, its digits added up and scaled back to weights,
drift compensation included. What they leave out is what is no matrix: the rounding and the ranges
of the converters, the noise of a read-out, and, for cells that are not linear, their curve. With
them any framework can evaluate what programming, drift and wires have made of a network.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._digits import Digits
from xbar_circuit.accelerator._drift import compensate
from xbar_circuit.accelerator._working_chip import WorkingChip
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import AnyOperator, MatrixOperator, RecurrentOperator

__all__ = ["effective_network", "effective_weights"]


def effective_weights(chip: WorkingChip) -> dict[str, FloatArray]:
    """Return the matrices (groups, rows, cols) of a chip's layers on tiles, by name.

    What passes between groups that share a tile has no place in them and is left out.

    Parameters
    ----------
    chip
        The programmed chip.

    Returns
    -------
    dict
        Layer -> weights (groups, rows, cols), dimensionless, wires and devices included.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> network = xc.network.fashion_mnist_lenet5()
    >>> images = xc.network.fashion_mnist_calibration().images[:8]
    >>> chip = xc.Accelerator().program(network, calibration=images, rng=np.random.default_rng(0))
    >>> effective_weights(chip)["dense3"].shape
    (1, 84, 10)
    """
    mapping = chip.mapping
    gains = compensate(mapping, chip.fresh, chip.transfers, kind=chip.drift_compensation)
    found = {}
    for plan, transfers, factors in zip(mapping.layers, chip.transfers, gains, strict=True):
        synapse = plan.accelerator.synapse
        digits = Digits.of(synapse)
        whole = np.zeros((plan.groups * plan.rows, plan.groups * plan.cols))
        for tile, transfer, factor in zip(plan.tiles, transfers, factors, strict=True):
            sums = digits.difference(transfer) @ digits.worth
            worth = tile.scale * factor * chip.parts[plan.name].gain / synapse.siemens_per_weight
            whole[slice(*tile.rows), slice(*tile.cols)] += sums * worth
        blocks = whole.reshape(plan.groups, plan.rows, plan.groups, plan.cols)
        each = np.arange(plan.groups)
        found[plan.name] = np.ascontiguousarray(blocks[each, :, each])
    return found


def effective_network(chip: WorkingChip) -> Network:
    """Return the chip's network with its effective weights; digital layers keep their own.

    Parameters
    ----------
    chip
        The programmed chip.

    Returns
    -------
    Network
        The same graph; its layers on tiles have the weights that the array realises.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> network = xc.network.fashion_mnist_lenet5()
    >>> images = xc.network.fashion_mnist_calibration().images[:8]
    >>> chip = xc.Accelerator().program(network, calibration=images, rng=np.random.default_rng(0))
    >>> effective_network(chip).run(images)[0].shape
    (8, 10)
    """
    weights = effective_weights(chip)
    nodes = []
    for node in chip.network.nodes:
        operator: AnyOperator = node.operator
        if isinstance(operator, MatrixOperator) and node.name in weights:
            operator = operator.with_matrices(weights[node.name])
        elif isinstance(operator, RecurrentOperator):
            names = {layer: f"{node.name}.{layer}" for layer in operator.layers}
            found = {layer: weights[name][0] for layer, name in names.items() if name in weights}
            operator = operator.with_layers(found)
        nodes.append(replace(node, operator=operator))
    return replace(chip.network, nodes=tuple(nodes))
