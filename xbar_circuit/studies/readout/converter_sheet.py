"""A converter with a circuit inside at corners, temperatures, supplies and with mismatch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.readout.converter import characterize_converter
from xbar_circuit.studies.readout.variations import (
    Variation,
    conditions,
    file_name,
    measured_again,
    models_key,
    part_at,
    temperatures_of,
)

__all__ = ["vary_converter"]


def vary_converter(
    converter: Converter,
    *,
    corners: Sequence[str] = (),
    celsius: float | Sequence[float] = 27.0,
    supplies: Sequence[Mapping[str, float]] = (),
    mismatch: Mapping[str, float] | None = None,
    samples: int = 1,
    kit_samples: int = 0,
    rng: np.random.Generator | None = None,
    search: str = "critical",
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
) -> tuple[Variation, ...]:
    """Measure a converter's circuit in ngspice at every condition, with every sample.

    Parameters
    ----------
    converter
        With a circuit of transistors: the comparator of a SAR, the analog part of a ramp, the
        oscillator of a counter.
    corners, celsius, supplies, mismatch, samples, kit_samples, rng
        As of :func:`characterize_amplifier`; mismatch is that of the circuit's parameters.
    search
        How thresholds are found at each, as of :func:`characterize_converter`.
    folder, executor, workers, progress
        As of :func:`run_items`; a folder keeps decks and what is done.

    Returns
    -------
    tuple of Variation
        With the merits of a :class:`ConverterReport`; a failed one says why.

    Raises
    ------
    ParameterError
        It has no circuit, or an argument does not fit.
    """
    if converter.circuit is None:
        raise ParameterError.about(
            "converter",
            got=f"a {type(converter).__name__} without a circuit",
            expected="one with a circuit of transistors inside",
            remedy="converter_yield draws the mismatch of a behavioural one",
        )
    home = None if folder is None else Path(folder)
    varied = []
    for condition in conditions(
        corners,
        temperatures_of(celsius),
        mismatch=mismatch,
        samples=samples,
        kit_samples=kit_samples,
        supplies=supplies,
        rng=rng,
    ):
        other = part_at(converter, condition)
        arguments = {
            "converter": other,
            "celsius": condition.celsius,
            "search": search,
            "folder": None if home is None else str(home / "decks" / file_name(condition.name)),
            "provenance": models_key(other.circuit),
        }
        varied.append((condition, arguments))
    return measured_again(
        measure_converter,
        varied,
        folder=None if home is None else home / "variations",
        executor=executor,
        workers=workers,
        progress=progress,
    )


def measure_converter(
    *,
    rng: np.random.Generator,  # noqa: ARG001  of the runner; what is drawn is in the circuit
    converter: Converter,
    celsius: float,
    search: str,
    folder: str | None,
    provenance: str,  # noqa: ARG001  an edited model file is measured anew
) -> dict[str, float]:
    """Return the figures of merit at one condition; what a worker process calls."""
    return characterize_converter(
        converter, engine="spice", search=search, celsius=celsius, folder=folder
    ).merits
