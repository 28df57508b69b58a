"""A chip: an accelerator that was programmed with a network, once; later and warmer by `Chip.at`.

`program` maps the network, draws and programs the devices, reduces every tile and sets all ranges.
Everything else takes the chip that came of it: outputs, accuracy, error budget, cost, and the check
of its tiles from the driver to the code in ngspice. What is drawn later (noise of reads, of
converters, of the arrays) comes from the chip's own seed, so a chip gives the same answers again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xbar_circuit import _checks as checks
from xbar_circuit.accelerator._digital_layer import DigitalLayer
from xbar_circuit.accelerator._drift import COMPENSATIONS, compensate
from xbar_circuit.accelerator._layer import AnalogLayer, LayerParts, transfers_of
from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator._programming import Conductances, Programmed, program_devices
from xbar_circuit.accelerator._ranges import Calibrator
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import Mapping as MappedNetwork
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.wire_aware import WireAware
from xbar_circuit.accelerator.wire_aware import wire_aware as wire_aware_of
from xbar_circuit.architecture import Architecture
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES, accuracy, batch_size, run_feeds, walk
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import Array
from xbar_circuit.tile import Tile

if TYPE_CHECKING:
    from xbar_circuit.accelerator.budget import Budget
    from xbar_circuit.accelerator.cost import Cost
    from xbar_circuit.accelerator.spot_check import TileCheck

__all__ = ["Chip", "ChipMultiplier", "Inputs", "program", "program_mapping", "program_with"]

#: Inputs of a network: by their name, or the one array of a network with one input.
Inputs = Mapping[str, NDArray[Any]] | NDArray[Any]


class ChipMultiplier:
    """Who multiplies for `network.execution.run`: the layers of a chip.

    Parameters
    ----------
    layers
        By name.
    seed
        Of what is noisy; None draws no noise.
    first
        Number of the batch's first sample, which names its random numbers.
    """

    def __init__(
        self,
        layers: Mapping[str, AnalogLayer | DigitalLayer],
        *,
        seed: tuple[int, ...] | None = None,
        first: int = 0,
    ) -> None:
        self.layers = layers
        self._seed, self._first = seed, first
        self._places = {name: k for k, name in enumerate(layers)}

    def starting(self, first: int) -> ChipMultiplier:
        """Return the multiplier of a batch that begins with sample `first`."""
        return ChipMultiplier(self.layers, seed=self._seed, first=first)

    def encode(self, name: str, inputs: Array) -> Array:
        """Return the input codes of a node."""
        return self.layers[name].encode(inputs)

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        """Return the products of a layer at a step of a sequence."""
        layer = self.layers[name]
        if isinstance(layer, DigitalLayer) or self._seed is None or not layer.noisy:
            return layer.products(vectors)
        stream = (*self._seed, self._places[name], self._first)
        return layer.products(vectors, stream=(*stream, step) if step else stream)


@dataclass(frozen=True, kw_only=True, eq=False)
class Chip:
    """One programmed accelerator at one age and temperature; made by `program` and `at`.

    Parameters
    ----------
    mapping
        What sits where, with the targets that were programmed.
    programmed
        Its devices.
    parts
        Of each layer on tiles, its drivers and read-outs with their ranges.
    digital
        Layers that are none.
    fresh
        Transfers of all tiles right after programming [S].
    constants
        Of each layer on tiles, what its codes were worth right after programming.
    second
        Age [s].
    celsius
        Temperature of the tiles [degree Celsius]; None is that of the programming.
    storage_celsius
        Temperature since programming; None is that of the programming.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.
    memory_bytes
        Limit on the memory of the whole process while it runs.
    wire_aware
        What wire-aware programming reached, if it was asked for.
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

    @property
    def network(self) -> Network:
        """What was programmed."""
        return self.mapping.network

    @property
    def accelerator(self) -> Accelerator:
        """What it was programmed on."""
        return self.mapping.accelerator

    def at(
        self,
        second: float,
        *,
        celsius: float | None = None,
        storage_celsius: float | None = None,
    ) -> Chip:
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

        Raises
        ------
        ParameterError
            A number out of range, or a table or calibrated model of another temperature.
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
        """Of the tiles now [degree Celsius]; None where nobody said one."""
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
                found.append(transfers_of(tiles))
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
        """Return who multiplies for `network.run`.

        Parameters
        ----------
        noise
            Whether parts that have noise draw it, from the chip's seed.
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
            The network's outputs.

        Raises
        ------
        ParameterError
            A name that is no input, or the memory does not hold one sample.
        ShapeError
            The inputs do not fit the network.
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
        """Return the share of samples whose largest output is the label's; options as for `run`.

        Of several outputs the first one counts.
        """
        return accuracy(self.run(inputs, **options)[0], np.asarray(labels))

    def budget(
        self,
        inputs: Inputs,
        labels: NDArray[np.integer] | None = None,
        *,
        calibration: Inputs | None = None,
        workers: int = 2,
        progress: Callable[[int], object] | None = None,
    ) -> Budget:
        """Return what each imperfection alone does to the chip's layers; see `budget.Budget`.

        Parameters
        ----------
        inputs
            What layers are judged by, and accuracies measured on.
        labels
            Of the inputs; None measures no accuracy.
        calibration
            What the ranges are set by where an imperfection stands alone; None is `inputs`.
        workers, progress
            As for `run`; `progress` counts imperfections.
        """
        from xbar_circuit.accelerator.budget import error_budget  # noqa: PLC0415  takes chips

        return error_budget(
            self, inputs, labels, calibration=calibration, workers=workers, progress=progress
        )

    def cost(
        self,
        inputs: Inputs | None = None,
        *,
        architecture: str | Architecture | None = None,
        replicas: Mapping[str, int] | None = None,
    ) -> Cost:
        """Return energy, time and area of an inference; see `cost.inference_cost`.

        Parameters
        ----------
        inputs
            What loads the arrays; None takes inputs of ones.
        architecture
            Whose published numbers stand in the place of the parts' own; None takes the parts'
            own, and where a part has none (ideal ones) the survey's median.
        replicas
            Copies of each layer's tiles by name; 1 unless said.
        """
        from xbar_circuit.accelerator.cost import inference_cost  # noqa: PLC0415  takes chips

        return inference_cost(self, inputs, architecture=architecture, replicas=replicas)

    def spot_check(
        self,
        inputs: Inputs,
        *,
        tiles: Sequence[tuple[int, int]] | None = None,
        vectors: int = 4,
        outputs: int | None = None,
        array: str | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[TileCheck]:
        """Run tiles in ngspice from the driver to the code; see `spot_check.check_tiles`.

        Parameters
        ----------
        inputs
            Samples whose activations the tiles see.
        tiles
            (layer, tile) places; None takes one tile of every shape in every layer.
        vectors
            Products of each tile.
        outputs
            Of each tile, so many outputs have read-outs in the deck, spread evenly; the columns of
            the others end in ideal virtual grounds, which is much faster where read-outs are
            circuits. None is all, and pairs that share a converter are always all.
        array
            In the decks of whole tiles: ``"full"`` has every wire and cell, ``"macromodel"`` a
            linear array's exact reduction to its ports, many times faster; None takes the first for
            small arrays. Every array is also run alone with every wire and cell.
        progress
            Called with 1 after each tile.

        Raises
        ------
        SimulatorError, SimulatorNotFoundError
            ngspice is missing or failed.
        """
        from xbar_circuit.accelerator.spot_check import check_tiles  # noqa: PLC0415  takes chips

        return check_tiles(
            self,
            inputs,
            tiles=tiles,
            vectors=vectors,
            outputs=outputs,
            array=array,
            progress=progress,
        )


def program(
    accelerator: Accelerator,
    network: Network,
    *,
    calibration: Inputs,
    rng: np.random.Generator | None = None,
    digital: Sequence[str] | Mapping[str, int | None] = (),
    elsewhere: Mapping[str, Accelerator] | None = None,
    celsius: float | None = None,
    wire_aware: bool = False,
    drift_compensation: str = "global",
    memory_bytes: int = MEMORY_BYTES,
) -> Chip:
    """Make a chip; see `Accelerator.program`, which calls this.

    Parameters
    ----------
    celsius
        Temperature while devices are programmed and ranges set [degree Celsius]; None is that of
        the statistics, about 300 K, and of the calibrated parts.
    wire_aware
        Whether conductances are chosen for the array with its wires.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.
    memory_bytes
        Limit on the memory of the whole process; of large networks only the first calibration
        inputs are used that fit.
    """
    seed = 0 if rng is None else int(rng.integers(2**63))
    return program_mapping(
        map_network(network, accelerator, digital=digital, elsewhere=elsewhere),
        calibration=calibration,
        seed=seed,
        celsius=celsius,
        aware=wire_aware,
        drift_compensation=drift_compensation,
        memory_bytes=memory_bytes,
    )


def program_mapping(
    mapping: MappedNetwork,
    *,
    calibration: Inputs,
    seed: int = 0,
    celsius: float | None = None,
    aware: bool | WireAware = False,
    drift_compensation: str = "global",
    memory_bytes: int = MEMORY_BYTES,
) -> Chip:
    """Make a chip of a mapped network.

    Parameters
    ----------
    mapping
        The network on its accelerators.
    calibration
        Inputs that the ranges are set by.
    seed
        Of everything that is drawn.
    celsius
        As for `program`.
    aware
        Whether conductances are chosen for the wires; or what came of that for this mapping, which
        chips of several seeds share.
    drift_compensation, memory_bytes
        As for `program`.

    Raises
    ------
    ParameterError
        The calibration inputs are nothing but zeros, or a choice is unknown.
    """
    network, known = mapping.network.fed(calibration)
    numbers = [array for array in known.arrays.values() if array.dtype.kind == "f"]
    if numbers and not any(array.any() for array in numbers):
        raise ParameterError.about(
            "calibration",
            got="nothing but zeros",
            expected="inputs like those that will be inferred, to set the ranges",
            remedy="give images of the training set, and check the normalisation",
        )
    room = working_bytes(memory_bytes, mapping, known)
    count = max(1, batch_size(network, room // 3, largest=len(known)))
    return program_with(
        mapping,
        lambda calibrator: walk(network, known[:count], calibrator),
        seed=seed,
        celsius=celsius,
        aware=aware,
        drift_compensation=drift_compensation,
        memory_bytes=memory_bytes,
    )


def program_with(
    mapping: MappedNetwork,
    calibrate: Callable[[Calibrator], object],
    *,
    seed: int,
    celsius: float | None = None,
    aware: bool | WireAware = False,
    drift_compensation: str = "global",
    memory_bytes: int = MEMORY_BYTES,
) -> Chip:
    """Make a chip of a mapped network that somebody else can run.

    Parameters
    ----------
    mapping
        The network on its accelerators.
    calibrate
        Runs the network on the calibration inputs, with what it is given to multiply.
    seed, celsius, aware, drift_compensation, memory_bytes
        As for `program_mapping`.

    Raises
    ------
    ParameterError
        A choice is unknown, or a layer saw no calibration inputs.
    """
    checks.choice("drift_compensation", drift_compensation, COMPENSATIONS)
    realised = None
    if aware:
        realised = aware if isinstance(aware, WireAware) else wire_aware_of(mapping)
        mapping = realised.mapping
    programmed = program_devices(mapping, seed=seed, celsius=celsius)
    calibrator = Calibrator(
        mapping, programmed.conductances(), seed=programmed.seed, celsius=celsius
    )
    with threadpool_limits(limits=1, user_api="blas"):
        calibrate(calibrator)
    missed = [plan.name for plan in mapping.layers if plan.name not in calibrator.parts]
    if missed:
        raise ParameterError.about(
            "calibration",
            got=f"inputs that do not reach the layers {missed}",
            expected="inputs that every layer sees, to set its ranges",
            remedy="name these layers as digital",
        )
    return Chip(
        mapping=mapping,
        programmed=programmed,
        parts=calibrator.parts,
        digital=calibrator.digital,
        fresh=tuple(calibrator.transfers[plan.name] for plan in mapping.layers),
        constants=calibrator.constants,
        drift_compensation=drift_compensation,
        memory_bytes=memory_bytes,
        wire_aware=realised,
    )


def _same_array(one: Tile, other: Tile) -> bool:
    """Whether two tiles of the same conductances have the same loaded array."""
    return (one.loaded.terminals, one.crossbar.cell) == (
        other.loaded.terminals,
        other.crossbar.cell,
    )
