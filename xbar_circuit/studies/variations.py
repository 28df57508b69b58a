"""Corners, temperatures and mismatch: the conditions under which a circuit is measured again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit

__all__ = [
    "Variation",
    "at_condition",
    "conditions",
    "draws",
    "file_name",
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


def conditions(
    corners: Sequence[str],
    temperatures: Sequence[float],
    *,
    mismatch: Mapping[str, float] | None = None,
    samples: int = 1,
    rng: np.random.Generator | None = None,
) -> list[Variation]:
    """Return every corner at every temperature with every sample, not yet measured.

    Parameters
    ----------
    corners, temperatures
        The grid; no corner leaves the circuit's own.
    mismatch, samples, rng
        As in :func:`draws`; the same samples for every corner and temperature.

    Raises
    ------
    ParameterError
        Something is drawn without a generator.
    """
    drawn = draws(mismatch, samples, rng) if mismatch else [{}]
    chosen = (corners,) if isinstance(corners, str) else tuple(corners)
    if not chosen and len(temperatures) == 1 and not mismatch:
        return []
    found = []
    for corner in chosen or ("",):
        for celsius in temperatures:
            for k, parameters in enumerate(drawn):
                parts = [f"corner={corner}"] if corner else []
                parts.append(f"celsius={celsius:g}")
                parts += [f"sample={k}"] if mismatch else []
                found.append(
                    Variation(
                        name=", ".join(parts),
                        corner=corner,
                        celsius=celsius,
                        sample=k if mismatch else -1,
                        parameters=parameters,
                        merits=None,
                    )
                )
    return found


def draws(
    mismatch: Mapping[str, float], samples: int, rng: np.random.Generator | None
) -> list[dict[str, float]]:
    """Return normal numbers with the standard deviations asked for, one mapping a sample.

    Raises
    ------
    ParameterError
        There is no generator, or a value is out of range.
    """
    if rng is None:
        raise ParameterError.about(
            "rng",
            got="None",
            expected="a numpy.random.Generator for the mismatch",
            remedy="give rng=numpy.random.default_rng(1)",
        )
    checks.count("samples", samples)
    sigmas = {key: checks.number(f"mismatch[{key!r}]", s, "SI") for key, s in mismatch.items()}
    return [
        {key: sigma * float(rng.standard_normal()) for key, sigma in sigmas.items()}
        for _ in range(samples)
    ]


def at_condition(circuit: Subcircuit, corner: str, drawn: Mapping[str, float]) -> Subcircuit:
    """Return a circuit at a corner, what was drawn added to its parameters (0 where not given)."""
    moved = {key: circuit.parameters.get(key, 0.0) + value for key, value in drawn.items()}
    return circuit.varied(corner=corner or None, parameters=moved)


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
