"""Corners, temperatures, supplies and mismatch: under what a circuit is measured again.

A condition is a corner at a temperature with its supplies; samples of mismatch are drawn within
each. The two are never pooled: a sigma is that of samples, a range is that of conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.runs import Item, ItemOutcome, digest, run_items
from xbar_circuit.spice import simulator

__all__ = [
    "Variation",
    "at_condition",
    "conditions",
    "deck_key",
    "draws",
    "file_name",
    "kit_seeds",
    "measured_again",
    "models_key",
    "part_at",
    "plain",
    "spread_over",
    "temperatures_of",
]

PartT = TypeVar("PartT", bound=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One circuit off its nominal conditions.

    name : ``"corner=ss, celsius=85, sample=3"``.
    corner : section of its model library; empty is as given.
    celsius : temperature [degree Celsius].
    sample : number of the mismatch sample; -1 is none.
    seed : of the libraries' random functions, where the kit's own Monte Carlo is drawn; 0 is none.
    supplies : port -> voltage where it is not the circuit's own [V].
    parameters : what the mismatch added to each parameter.
    merits : figures of merit by name; None where the measurement failed.
    failure : why it failed; empty where it did not.
    """

    name: str
    corner: str
    celsius: float
    sample: int
    parameters: dict[str, float]
    merits: dict[str, float] | None
    failure: str = ""
    seed: int = 0
    supplies: dict[str, float] = field(default_factory=dict)

    @property
    def condition(self) -> str:
        """Its name without the sample: ``"corner=ss, celsius=85, vdd=1"``."""
        parts = [f"corner={self.corner}"] if self.corner else []
        parts.append(f"celsius={self.celsius:g}")
        return ", ".join([*parts, *(f"{port}={volt:g}" for port, volt in self.supplies.items())])


def conditions(
    corners: Sequence[str],
    temperatures: Sequence[float],
    *,
    mismatch: Mapping[str, float] | None = None,
    samples: int = 1,
    kit_samples: int = 0,
    supplies: Sequence[Mapping[str, float]] = (),
    rng: np.random.Generator | None = None,
) -> list[Variation]:
    """Return every corner at every temperature and supply with every sample, not yet measured.

    Parameters
    ----------
    corners, temperatures, supplies
        The grid; no corner and no supplies leave the circuit's own.
    mismatch, samples, rng
        As in :func:`draws`; the same samples for every corner and temperature.
    kit_samples
        How many samples are drawn by the random functions of the model library; each has a seed.

    Raises
    ------
    ParameterError
        Something is drawn without a generator.
    """
    drawn = draws(mismatch, samples, rng) if mismatch else [{}]
    seeds = kit_seeds(kit_samples, rng)
    chosen = (corners,) if isinstance(corners, str) else tuple(corners)
    rails = [
        {
            str(port).lower(): checks.number(f"supplies[{port!r}]", volt, "V", minimum=-1e6)
            for port, volt in one.items()
        }
        for one in supplies
    ]
    alone = not chosen and len(temperatures) == 1 and not rails
    if alone and not mismatch and not kit_samples:
        return []
    found = []
    for corner, celsius, rail in product(chosen or ("",), temperatures, rails or [{}]):
        for (k, parameters), (m, seed) in product(enumerate(drawn), enumerate(seeds)):
            one = Variation(
                name="",
                corner=corner,
                celsius=celsius,
                sample=k if mismatch else -1,
                parameters=parameters,
                merits=None,
                seed=seed,
                supplies=rail,
            )
            parts = [one.condition]
            parts += [f"sample={k}"] if mismatch else []
            parts += [f"kit sample={m}"] if kit_samples else []
            found.append(replace(one, name=", ".join(parts)))
    return found


def measured_again(
    measure: Callable[..., Mapping[str, float]],
    varied: Sequence[tuple[Variation, Mapping[str, Any]]],
    *,
    folder: Path | None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
) -> tuple[Variation, ...]:
    """Return the variations with the figures that were measured, failures included.

    Parameters
    ----------
    measure
        Returns the figures of one condition; a function of a module, called with ``rng=`` and the
        arguments besides each variation.
    varied
        What to measure, and with which arguments.
    folder, executor, workers, progress
        As in :func:`run_items`.
    """
    if not varied:
        return ()
    outcomes = run_items(
        measure,
        [Item(name=one.name, arguments=dict(arguments)) for one, arguments in varied],
        executor=executor,
        workers=workers,
        folder=folder,
        progress=progress,
    )
    return tuple(
        replace(
            one,
            merits=outcome.value,
            failure=""
            if outcome.failure is None
            else f"{outcome.failure.kind}: {outcome.failure.message}",
        )
        for (one, _), outcome in zip(varied, outcomes, strict=True)
    )


def spread_over(
    variations: Sequence[Variation],
    merit: str,
    *,
    corner: str | None = None,
    celsius: float | None = None,
    condition: str | None = None,
) -> tuple[float, float, float, float]:
    """Return mean, standard deviation, least and largest of a merit; NaN where nothing has it.

    The standard deviation is that of the drawn samples: conditions are no samples, so of several
    the deviations within each are averaged by their squares.

    Parameters
    ----------
    variations
        What was measured; failed ones have no value.
    merit
        Name of a figure.
    corner, celsius, condition
        Only the variations there; None is all.
    """
    groups: dict[str, list[float]] = {}
    for one in variations:
        here = corner in (None, one.corner) and celsius in (None, one.celsius)
        if one.merits is not None and here and condition in (None, one.condition):
            value = one.merits.get(merit)
            if value is not None and np.isfinite(value):
                groups.setdefault(one.condition, []).append(value)
    if not groups:
        return (float("nan"),) * 4
    arrays = [np.array(values) for values in groups.values()]
    every = np.concatenate(arrays)
    drawn = [(values.size - 1, values.var(ddof=1)) for values in arrays if values.size > 1]
    freedom = sum(count for count, _ in drawn)
    variance = sum(count * var for count, var in drawn) / freedom if freedom else 0.0
    return float(every.mean()), float(np.sqrt(variance)), float(every.min()), float(every.max())


def kit_seeds(kit_samples: int, rng: np.random.Generator | None) -> list[int]:
    """Return a seed for each sample of a kit's own Monte Carlo; one 0 where there is none.

    Raises
    ------
    ParameterError
        There is no generator.
    """
    checks.count("kit_samples", kit_samples, minimum=0)
    if kit_samples == 0:
        return [0]
    return [int(seed) for seed in _generator(rng).integers(2, 2**31 - 1, kit_samples)]


def _generator(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise ParameterError.about(
            "rng",
            got="None",
            expected="a numpy.random.Generator for the mismatch",
            remedy="give rng=numpy.random.default_rng(1)",
        )
    return rng


def draws(
    mismatch: Mapping[str, float], samples: int, rng: np.random.Generator | None
) -> list[dict[str, float]]:
    """Return normal numbers with the standard deviations asked for, one mapping a sample.

    Raises
    ------
    ParameterError
        There is no generator, or a value is out of range.
    """
    generator = _generator(rng)
    checks.count("samples", samples)
    sigmas = {key: checks.number(f"mismatch[{key!r}]", s, "SI") for key, s in mismatch.items()}
    return [
        {key: sigma * float(generator.standard_normal()) for key, sigma in sigmas.items()}
        for _ in range(samples)
    ]


def at_condition(circuit: Subcircuit, condition: Variation) -> Subcircuit:
    """Return a circuit at a condition, what was drawn added to its parameters (0 where not given).

    Raises
    ------
    ParameterError
        It has no such supply or parameter, or no library with corners.
    """
    for port in condition.supplies:
        checks.choice("supplies", port, tuple(circuit.supplies))
    drawn = condition.parameters
    moved = {key: circuit.parameters.get(key, 0.0) + value for key, value in drawn.items()}
    return circuit.varied(
        corner=condition.corner or None,
        parameters=moved,
        supplies=condition.supplies,
        seed=condition.seed or None,
    )


def deck_key(deck: str) -> str:
    """Return what changes when a deck, a file of it or ngspice's version does."""
    return digest([Provenance.of(deck).key, simulator().version])


def models_key(circuit: Subcircuit | None) -> str:
    """Return what changes when a file of a circuit or ngspice's version does."""
    return "" if circuit is None else deck_key("\n".join(["", *circuit.include_lines()]))


def part_at(part: PartT, condition: Variation) -> PartT:
    """Return a part of the read-out with the circuit inside of it at a condition.

    Raises
    ------
    ParameterError
        It has no circuit, or the circuit no such corner, supply or parameter.
    """
    for one in fields(part):
        inside = getattr(part, one.name)
        if isinstance(inside, Subcircuit):
            return replace(part, **{one.name: at_condition(inside, condition)})
    if condition.corner or condition.supplies or condition.parameters or condition.seed:
        raise ParameterError.about(
            "corners",
            got=f"{condition.name} of a {type(part).__name__} without a circuit",
            expected="a circuit with what is varied",
            remedy="a behavioural part has temperatures alone",
        )
    return part


def temperatures_of(celsius: float | Sequence[float]) -> tuple[float, ...]:
    """Return one temperature or several as a tuple [degree Celsius].

    Raises
    ------
    ParameterError
        There is none, or it is below absolute zero.
    """
    values = tuple(celsius) if isinstance(celsius, (Sequence, np.ndarray)) else (celsius,)
    if not values:
        raise ParameterError.about(
            "celsius", got="none", expected="at least one temperature", remedy="27.0 is nominal"
        )
    return tuple(
        checks.number("celsius", value, "degree Celsius", minimum=-273.15) for value in values
    )


def file_name(name: str) -> str:
    """Return a condition's name as one that every file system takes."""
    return "".join(sign if sign.isalnum() or sign in "=-._" else "-" for sign in name)


def plain(value: Any) -> Any:
    """Return a report's value as plain JSON; complex numbers as pairs, NaN and infinity as null."""
    if isinstance(value, np.ndarray):
        return [plain(entry) for entry in value.tolist()]
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, (tuple, list)):
        return [plain(entry) for entry in value]
    if isinstance(value, Variation):
        value = {name: getattr(value, name) for name in value.__slots__}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value
