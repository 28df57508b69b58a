"""A torch network on a programmed chip: run at any age, and exported with its effective weights."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xbar_circuit._files import replacing
from xbar_circuit.accelerator._chip_multiplier import ChipMultiplier
from xbar_circuit.accelerator._loads import LayerLoad, layer_load
from xbar_circuit.accelerator._making import program_with
from xbar_circuit.accelerator._ranges import Calibrator
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.cost import Cost, cost_of_loads
from xbar_circuit.accelerator.effective import effective_weights
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.network.execution import Multiplier
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Array
from xbar_circuit.torch.array_layer import CrossbarLayer
from xbar_circuit.torch.conversion import arguments, crossbar_layers
from xbar_circuit.torch.layers import KINDS

__all__ = ["TorchChip", "program_module"]

_KEPT = 200  # vectors of each layer that load its arrays for the energy


@dataclass(frozen=True, kw_only=True, eq=False)
class TorchChip:
    """A torch network whose layers are tiles of a programmed chip; made by `program_module`.

    Parameters
    ----------
    module
        The converted network, in evaluation mode.
    chip
        Its tiles at one age and temperature: conductances, transfers, parts, layers. Its network is
        the layers alone, without what torch computes between them.
    """

    module: Any
    chip: Chip

    def at(self, second: float, *, celsius: float | None = None) -> TorchChip:
        """Return the same chip at another age and temperature, see `accelerator.Chip.at`.

        Parameters
        ----------
        second
            Since programming [s].
        celsius
            Of the tiles [degree Celsius]; None is the temperature of the programming.

        Returns
        -------
        TorchChip
            The same network and devices; nothing is programmed again.

        Raises
        ------
        ParameterError
            A number out of range, or a table or calibrated model of another temperature.
        """
        return replace(self, chip=self.chip.at(second, celsius=celsius))

    def __call__(self, *inputs: Any, noise: bool = True) -> Any:
        """Return what the network computes, without a gradient.

        Parameters
        ----------
        inputs
            As the network takes them.
        noise
            Whether parts that have noise draw it, the same for every call.
        """
        with self.running(noise=noise) as module:
            return module(*inputs)

    @contextmanager
    def running(self, *, noise: bool = True) -> Iterator[Any]:
        """Let the chip compute in the network for more than one call.

        Parameters
        ----------
        noise
            Whether parts that have noise draw it.

        Yields
        ------
        torch.nn.Module
            The converted network, whose layers compute on the chip until the ``with`` block ends.
        """
        with _multiplying(self.module, self.chip.multiplier(noise=noise)) as module:
            yield module

    def cost(
        self,
        *inputs: Any,
        samples: int,
        architecture: str | None = None,
        beside: Sequence[LayerLoad] = (),
    ) -> Cost:
        """Return energy, time and area of one sample, see `accelerator.Chip.cost`.

        What torch computes between the layers is counted only if it is given.

        Parameters
        ----------
        inputs
            Inputs of the network, which load the arrays.
        samples
            How many samples these inputs are: images, or characters.
        architecture
            Whose published numbers are used instead of the parts' own.
        beside
            Digital products besides the layers, of one sample, in float32.

        Returns
        -------
        Cost
            Energy [J], latency [s] and area [m2] of one sample.

        Raises
        ------
        ParameterError
            Converters without a width, or an unknown architecture.
        """
        recorder = _Recorder(self.chip.multiplier(noise=False))
        with _multiplying(self.module, recorder) as module:
            module(*inputs)
        mapping = self.chip.mapping
        plans = {plan.name: plan for plan in mapping.layers}
        loads = [
            layer_load(
                name,
                operator.matrices.shape,
                plans.get(name),
                products=max(1, round(recorder.products[name] / samples)),
                inputs=max(1, round(recorder.inputs[name] / samples)),
            )
            for name, operator in self.chip.network.matrix_nodes
        ]
        return cost_of_loads(self.chip, [*loads, *beside], recorder.kept, architecture=architecture)

    def effective(self) -> Any:
        """Return a plain torch network with the effective weights, see `accelerator.effective`.

        Returns
        -------
        torch.nn.Module
            A copy with torch's own layers; digital layers keep their weights.
        """
        weights = effective_weights(self.chip)
        made = copy.deepcopy(self.module)
        for name, layer in crossbar_layers(made).items():
            plain = _plain(layer)
            if name in weights:  # a digital layer keeps its own
                matrices = np.ascontiguousarray(weights[name].transpose(0, 2, 1))
                values = torch.from_numpy(matrices).reshape(layer.weight.shape).to(layer.weight)
                plain.weight = torch.nn.Parameter(values, requires_grad=layer.weight.requires_grad)
            if layer is made:
                return plain
            parent, _, own_name = name.rpartition(".")
            setattr(made.get_submodule(parent), own_name, plain)
        return made

    def to_onnx(self, path: str | Path, *inputs: Any) -> Path:
        """Write the network with its effective weights as an ONNX file.

        Parameters
        ----------
        path
            Path of the file.
        inputs
            Example inputs of the network; the first axis of each is left open.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        OSError
            The folder cannot be written.
        """
        target = Path(path)
        names = [f"input{k}" if k else "input" for k in range(len(inputs))]
        with replacing(target) as temporary, warnings.catch_warnings():
            # the TorchScript exporter is deprecated, but needs no further package
            warnings.simplefilter("ignore")
            torch.onnx.export(
                self.effective(),
                inputs,
                str(temporary),
                dynamo=False,
                input_names=names,
                dynamic_axes={name: {0: "batch"} for name in names},
            )
        return target


def program_module(
    module: Any,
    *,
    calibration: Any,
    rng: np.random.Generator | None = None,
    celsius: float | None = None,
    wire_aware: bool = False,
    drift_compensation: str = "global",
) -> TorchChip:
    """Program a chip with a converted network, as `accelerator.program` does with an imported one.

    Parameters
    ----------
    module
        From `convert`.
    calibration
        What the network takes, or a tuple of that; the ranges are set by it. Never the test set.
    rng
        Draws the devices, and everything drawn later; None uses a generator with seed 0.
    celsius
        Temperature while it is programmed and its ranges are set [degree Celsius]; None is that of
        the statistics and of the calibrated parts.
    wire_aware
        Whether conductances are chosen for the array with its wires.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.

    Returns
    -------
    TorchChip
        The chip, which is called like the network.

    Raises
    ------
    ParameterError
        The network is not converted, an unknown choice, or the inputs do not reach a layer.

    >>> import torch
    >>> import xbar_circuit as xc
    >>> module = torch.nn.Linear(4, 3)
    >>> inputs = torch.ones(2, 4)
    >>> accelerator = xc.Accelerator(rows=8, cols=8)
    >>> chip = program_module(xc.torch.convert(module, accelerator), calibration=inputs)
    >>> bool((chip(inputs) - module(inputs)).abs().max() < 0.05)  # 8 bits and 1 ohm per segment
    True
    """
    own = copy.deepcopy(module).eval()
    layers = crossbar_layers(own)
    seed = 0 if rng is None else int(rng.integers(2**63))
    first = next(iter(layers.values())).tiles.accelerator
    network = Network(
        nodes=tuple(
            Node(name=name, operator=layer.operator(), inputs=(INPUT,))
            for name, layer in layers.items()
        ),
        input_shape=(1,),
        source=type(module).__name__,
    )
    mapping = map_network(
        network,
        first,
        digital={n: layer.tiles.bits for n, layer in layers.items() if layer.tiles.bits},
        elsewhere={
            name: layer.tiles.accelerator
            for name, layer in layers.items()
            if layer.tiles.accelerator is not first and not layer.tiles.bits
        },
    )

    def calibrate(finder: Calibrator) -> None:
        with _multiplying(own, finder) as network_with_finder:
            network_with_finder(*arguments(calibration))

    chip = program_with(
        Chip,
        mapping,
        calibrate,
        seed=seed,
        celsius=celsius,
        aware=wire_aware,
        drift_compensation=drift_compensation,
    )
    return TorchChip(module=own, chip=chip)


class _Recorder:
    """Multiplies as a chip does, counts, and keeps some vectors of each layer."""

    def __init__(self, multiplier: ChipMultiplier) -> None:
        self.products: dict[str, int] = {}
        self.inputs: dict[str, int] = {}
        self.kept: dict[str, Array] = {}
        self._multiplier = multiplier

    def encode(self, name: str, inputs: Array) -> Array:
        """Return the input codes of a layer."""
        self.inputs[name] = self.inputs.get(name, 0) + inputs.size
        return self._multiplier.encode(name, inputs)

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        """Return the products of a layer."""
        self.products[name] = self.products.get(name, 0) + len(vectors)
        evenly = np.linspace(0, len(vectors) - 1, min(len(vectors), _KEPT)).astype(int)
        self.kept[name] = vectors[evenly]
        return self._multiplier.multiply(name, vectors, step=step)


@contextmanager
def _multiplying(module: Any, multiplier: Multiplier) -> Iterator[Any]:
    """Yield a converted network with another multiplier in it, without gradients."""
    layers = crossbar_layers(module).values()
    for layer in layers:
        layer.tiles.multiplier = multiplier
    try:
        with torch.no_grad():
            yield module
    finally:
        for layer in layers:
            layer.tiles.multiplier = None


def _plain(layer: CrossbarLayer) -> Any:
    """Return a layer of torch's own with everything of a converted one but its tiles."""
    kind: Any = next(kind for kind, made in KINDS.items() if made is type(layer))
    plain = kind.__new__(kind)
    own = {name: value for name, value in layer.__dict__.items() if name != "tiles"}
    plain.__dict__.update(own)
    plain.__dict__["_parameters"] = dict(layer.__dict__["_parameters"])
    return plain
