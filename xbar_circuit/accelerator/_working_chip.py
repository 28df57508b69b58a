"""A chip at work: programmed tiles with their ranges, at an age and a temperature, that multiply.

What is asked about a chip beyond its outputs (error budget, cost, spot check) takes one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.accelerator._chip_multiplier import ChipMultiplier
from xbar_circuit.accelerator._digital_layer import DigitalLayer
from xbar_circuit.accelerator._drift import compensate
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._layer import AnalogLayer, LayerParts, transfers_of
from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator._programming import Conductances, Programmed
from xbar_circuit.accelerator.mapping import Mapping as MappedNetwork
from xbar_circuit.accelerator.wire_aware import WireAware
from xbar_circuit.network.execution import MEMORY_BYTES, accuracy, run_feeds
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import Array
from xbar_circuit.tile import Tile

__all__ = ["Inputs", "WorkingChip"]

#: Inputs of a network: by their name, or the one array of a network with one input.
Inputs = Mapping[str, NDArray[Any]] | NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkingChip:
    """A programmed accelerator at one age and temperature, as far as it computes.

    Its fields are those that `xbar_circuit.accelerator.Chip` states.
    """

    mapping: MappedNetwork
    programmed: Programmed
    parts: Mapping[str, LayerParts]
    digital: Mapping[str, DigitalLayer]
    fresh: Conductances
    constants: Mapping[str, tuple[tuple[float, Array], ...]]
    second: float = 0.0
    celsius: float | None = None
    storage_celsius: float | None = None
    drift_compensation: str = "global"
    memory_bytes: int = MEMORY_BYTES
    wire_aware: WireAware | None = None
    device: str | None = None

    @property
    def network(self) -> Network:
        """What was programmed."""
        return self.mapping.network

    @property
    def accelerator(self) -> Hardware:
        """What it was programmed on."""
        return self.mapping.accelerator

    def at(
        self,
        second: float,
        *,
        celsius: float | None = None,
        storage_celsius: float | None = None,
    ) -> Self:
        """Return the same chip at another age and temperature; nothing is programmed again.

        Read-outs keep the ranges of programming time, drift compensation is digital.

        Parameters
        ----------
        second
            Since programming [s].
        celsius
            Of the tiles [degree Celsius]: devices, transistors of cells, amplifiers, converters,
            thermal noise; None is the temperature of the programming.
        storage_celsius
            Since programming [degree Celsius], by which drift is faster; None is the temperature
            of the programming: a chip that has just been warmed.

        Returns
        -------
        Chip
            A chip with the same devices; its conductances and layers are computed on first use.

        Raises
        ------
        ParameterError
            A number out of range, or a table or calibrated model of another temperature.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
        >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
        >>> pcm = xc.devices.PcmStatistics.joshi2020()
        >>> accelerator = xc.Accelerator(rows=4, cols=4, statistics=pcm)
        >>> chip = accelerator.program(network, calibration=np.eye(2), rng=np.random.default_rng(1))
        >>> later = chip.at(86400.0)
        >>> later
        <Chip 1 tiles of 4 x 4, 1 layers, 86.4 ks after programming>
        >>> bool(later.conductances[0][0].sum() < chip.conductances[0][0].sum())  # drift
        True
        """
        checks.number("second", second, "s")
        for name, value in (("celsius", celsius), ("storage_celsius", storage_celsius)):
            if value is not None:
                checks.number(name, value, "degree Celsius", minimum=-273.15, above=True)
        if celsius is not None:
            for plan in self.mapping.layers:
                plan.accelerator.refuse_celsius(celsius)
        return replace(self, second=second, celsius=celsius, storage_celsius=storage_celsius)

    @property
    def temperature_celsius(self) -> float | None:
        """Of the tiles now [degree Celsius]; None where none was given."""
        return self.programmed.celsius if self.celsius is None else self.celsius

    @cached_property
    def conductances(self) -> Conductances:
        """Of every tile now [S]."""
        return self.programmed.conductances(
            self.second, celsius=self.celsius, storage_celsius=self.storage_celsius
        )

    @cached_property
    def transfers(self) -> Conductances:
        """Of every tile now, wires, terminals, drivers and read-outs included [S]."""
        celsius, before = self.temperature_celsius, self.programmed.celsius
        exact = all(state is None for layer in self.programmed.states for state in layer)
        if celsius == before and (exact or self.second == 0.0):
            return self.fresh
        found = []
        for k, plan in enumerate(self.mapping.layers):
            owners, held = self.parts[plan.name].accelerators, self.conductances[k]
            tiles = [a.tile(g, celsius=celsius) for a, g in zip(owners, held, strict=True)]
            if exact and all(map(_same_array, tiles, self._tiles_before(k))):
                found.append(self.fresh[k])
            else:
                found.append(transfers_of(tiles, device=self.device))
        return tuple(found)

    def _tiles_before(self, layer: int) -> list[Tile]:
        """Return the tiles of a layer as they are now, at the temperature of the programming."""
        owners = self.parts[self.mapping.layers[layer].name].accelerators
        return [
            a.tile(g, celsius=self.programmed.celsius)
            for a, g in zip(owners, self.conductances[layer], strict=True)
        ]

    @cached_property
    def layers(self) -> dict[str, AnalogLayer | DigitalLayer]:
        """All layers at work, by name, in order."""
        kind = self.drift_compensation
        before = self._responses(self.fresh, self.programmed.celsius)
        now = self._responses(self.transfers, self.temperature_celsius)
        gains = compensate(self.mapping, before, now, kind=kind)
        made: dict[str, AnalogLayer | DigitalLayer] = {
            plan.name: AnalogLayer(
                plan,
                self.parts[plan.name],
                self.conductances[k],
                self.transfers[k],
                gains=gains[k],
                celsius=self.temperature_celsius,
                constants=self.constants[plan.name] if kind == "none" else None,
            )
            for k, plan in enumerate(self.mapping.layers)
        }
        made.update(self.digital)
        return {name: made[name] for name, _ in self.network.matrix_nodes}

    def _responses(self, transfers: Conductances, celsius: float | None) -> Conductances:
        """Return what a known input on each word line alone gives at a temperature [S].

        Where rows drive gates, their transistors' share of it too.
        """
        found = []
        for plan, held in zip(self.mapping.layers, transfers, strict=True):
            cell = plan.accelerator.crossbar(held[0], celsius=celsius).cell
            if cell.loads_row:
                found.append(held)
                continue
            volts = [a.driver.full_scale_volt for a in self.parts[plan.name].accelerators]
            found.append(
                tuple(
                    cell.respond(np.full_like(g, volt), np.zeros_like(g), g).current / volt
                    for g, volt in zip(held, volts, strict=True)
                )
            )
        return tuple(found)

    def multiplier(self, *, noise: bool = True) -> ChipMultiplier:
        """Return what multiplies in `network.run` in place of NumPy.

        Parameters
        ----------
        noise
            Whether parts that have noise draw it, from the chip's seed.

        Returns
        -------
        ChipMultiplier
            A `network.execution.Multiplier` of this chip's layers.
        """
        celsius = self.temperature_celsius
        moment = round(self.second * 1000), round(1000 * (celsius or 0.0)) + 10**6
        return ChipMultiplier(self.layers, seed=(self.programmed.seed, *moment) if noise else None)

    def run(
        self,
        inputs: Inputs,
        *,
        noise: bool = True,
        workers: int = 2,
        progress: Callable[[int], object] | None = None,
    ) -> list[Array]:
        """Compute the network's outputs.

        Parameters
        ----------
        inputs
            As for ``network.run``, or the one array of a network with one input.
        noise
            Whether parts that have noise draw it.
        workers
            Threads; the result does not depend on it.
        progress
            Called with the number of samples done, batch by batch.

        Returns
        -------
        list of arrays
            The network's outputs, float32, each (n, ...) for n samples.

        Raises
        ------
        ParameterError
            A name that is no input, or the memory does not hold one sample.
        ShapeError
            The inputs do not fit the network.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
        >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
        >>> inputs = np.array([[1.0, 0.5], [0.2, 0.9]])
        >>> chip = xc.Accelerator(rows=4, cols=4).program(network, calibration=inputs)
        >>> (output,) = chip.run(inputs)
        >>> output.astype(float).round(2).tolist()
        [[1.13, 0.0], [0.43, 0.8]]
        """
        network, feeds = self.network.fed(inputs)
        return run_feeds(
            network,
            feeds,
            self.multiplier(noise=noise),
            memory_bytes=working_bytes(self.memory_bytes, self.mapping, feeds),
            workers=workers,
            progress=progress,
        )

    def accuracy(self, inputs: Inputs, labels: NDArray[np.integer], **options: Any) -> float:
        """Return the share of samples whose largest output is the label's.

        Of several outputs the first one counts.

        Parameters
        ----------
        inputs
            As for `run`.
        labels
            The right classes (n,), whole numbers.
        options
            ``noise``, ``workers`` and ``progress``, as for `run`.

        Returns
        -------
        float
            The share, from 0 to 1.

        Raises
        ------
        ParameterError
            A name that is no input, or the memory does not hold one sample.
        ShapeError
            The inputs do not fit the network, or the labels the inputs.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
        >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
        >>> inputs = np.array([[1.0, 0.5], [0.2, 0.9]])
        >>> chip = xc.Accelerator(rows=4, cols=4).program(network, calibration=inputs)
        >>> chip.accuracy(inputs, np.array([0, 1]))
        1.0
        """
        return accuracy(self.run(inputs, **options)[0], labels)


def _same_array(one: Tile, other: Tile) -> bool:
    """Whether two tiles of the same conductances have the same loaded array."""
    return (one.loaded.terminals, one.crossbar.cell) == (
        other.loaded.terminals,
        other.crossbar.cell,
    )
