"""Corners, temperatures and mismatch: the conditions under which a circuit is measured again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit

__all__ = [
    "Variation",
    "at_condition",
    "conditions",
    "draws",
    "file_name",
    "kit_seeds",
    "plain",
    "temperatures_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One circuit off its nominal conditions.

    name : ``"corner=ss, celsius=85, sample=3"``.
    corner : section of its model library; empty is as given.
    celsius : temperature [degree Celsius].
    sample : number of the mismatch sample; -1 is none.
    seed : of the libraries' random functions, where the kit's own Monte Carlo is drawn; 0 is none.
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


def conditions(
    corners: Sequence[str],
    temperatures: Sequence[float],
    *,
    mismatch: Mapping[str, float] | None = None,
    samples: int = 1,
    kit_samples: int = 0,
    rng: np.random.Generator | None = None,
) -> list[Variation]:
    """Return every corner at every temperature with every sample, not yet measured.

    Parameters
    ----------
    corners, temperatures
        The grid; no corner leaves the circuit's own.
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
    if not chosen and len(temperatures) == 1 and not mismatch and not kit_samples:
        return []
    found = []
    for corner in chosen or ("",):
        for celsius in temperatures:
            for (k, parameters), (m, seed) in product(enumerate(drawn), enumerate(seeds)):
                parts = [f"corner={corner}"] if corner else []
                parts.append(f"celsius={celsius:g}")
                parts += [f"sample={k}"] if mismatch else []
                parts += [f"kit sample={m}"] if kit_samples else []
                found.append(
                    Variation(
                        name=", ".join(parts),
                        corner=corner,
                        celsius=celsius,
                        sample=k if mismatch else -1,
                        parameters=parameters,
                        merits=None,
                        seed=seed,
                    )
                )
    return found


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


def at_condition(
    circuit: Subcircuit, corner: str, drawn: Mapping[str, float], *, seed: int = 0
) -> Subcircuit:
    """Return a circuit at a corner, what was drawn added to its parameters (0 where not given)."""
    moved = {key: circuit.parameters.get(key, 0.0) + value for key, value in drawn.items()}
    return circuit.varied(corner=corner or None, parameters=moved, seed=seed or None)


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
