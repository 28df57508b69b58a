"""The chips of a study: a network mapped by its settings, programmed, and read warm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from xbar_circuit.accelerator._making import program_mapping
from xbar_circuit.accelerator._memory import check_memory
from xbar_circuit.accelerator._replicas import balanced_replicas
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.mapping import Mapping, cells_of, map_network
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.wire_aware import WireAware
from xbar_circuit.network.execution import accuracy
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.operators import Array

__all__ = ["CORRECTIONS", "Report", "accuracy_at", "copies_of", "make_chip", "mapped"]

#: Digital corrections that are compared, by the name that `Chip.drift_compensation` has for them.
CORRECTIONS = {"none": "no correction", "global": "one factor per array"}

#: Called with the progress: stage, steps done now, steps in all.
Report = Callable[[str, int, int], object]


def mapped(network: Network, settings: InferenceSettings, inputs: Array | None = None) -> Mapping:
    """Return a network on the accelerators of some settings.

    Parameters
    ----------
    network, settings
        What is mapped, and onto what.
    inputs
        All that will run on it: the memory that this takes is checked before anything is mapped.

    Raises
    ------
    ParameterError
        As `map_network`, or the settings' memory limit is too small.
    """
    if inputs is not None:
        cells = cells_of(
            network, settings.accelerator, digital=settings.digital, elsewhere=settings.elsewhere
        )
        check_memory(settings.memory_bytes, network, cells=cells, inputs=inputs)
    return map_network(
        network, settings.accelerator, digital=settings.digital, elsewhere=settings.elsewhere
    )


def make_chip(
    mapping: Mapping,
    settings: InferenceSettings,
    calibration: Dataset,
    *,
    seed: int,
    aware: WireAware | None = None,
    celsius: float | None = None,
) -> Chip:
    """Program a chip and set its ranges; `Chip.at` lets it age.

    Parameters
    ----------
    mapping
        The network on its accelerators.
    settings
        Say whether programming is wire-aware, how drift is compensated, and the memory limit.
    calibration
        What the ranges are set by.
    seed
        Seed of the random generator.
    aware
        What wire-aware programming made of this mapping, where it is known.
    celsius
        Temperature of the programming [degree Celsius]; None is that of the statistics.
    """
    return program_mapping(
        Chip,
        mapping,
        calibration=calibration.images,
        seed=seed,
        celsius=celsius,
        aware=settings.wire_aware if aware is None else aware,
        drift_compensation=settings.drift_compensation,
        memory_bytes=settings.memory_bytes,
    )


def copies_of(mapping: Mapping, settings: InferenceSettings) -> dict[str, int]:
    """Return how many copies of each layer the tile budget makes, 1 without one.

    Raises
    ------
    ParameterError
        An unknown architecture, or fewer tiles than one copy needs.
    """
    if settings.tile_budget is None:
        return {plan.name: 1 for plan in mapping.layers}
    return balanced_replicas(
        mapping, tiles=settings.tile_budget, architecture=settings.architecture
    )


def accuracy_at(
    chip: Chip,
    test: Dataset,
    celsius: float,
    *,
    second: float,
    stored_warm: bool = False,
    measure: Callable[[Array], Any] | None = None,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Return a chip's accuracy at a temperature, by correction.

    Parameters
    ----------
    chip
        Already programmed; it may be of any age.
    test
        Images with labels.
    celsius
        Temperature of the read [degree Celsius].
    second
        Age [s].
    stored_warm
        Whether it was kept at that temperature since it was programmed.
    measure
        What outputs are worth; None is their accuracy.
    workers, progress
        As for `Chip.run`.

    Raises
    ------
    ParameterError
        A table or a calibrated model belongs to another temperature.
    """
    store = celsius if stored_warm else None
    found: dict[str, Any] = {}
    for kind in CORRECTIONS:
        warm = replace(chip, drift_compensation=kind)
        warm = warm.at(second, celsius=celsius, storage_celsius=store)
        (outputs,) = warm.run(test.images, workers=workers, progress=progress)
        found[kind] = accuracy(outputs, test.classes) if measure is None else measure(outputs)
    return found
