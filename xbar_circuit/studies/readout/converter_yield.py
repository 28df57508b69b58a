"""Many converters of one design: what mismatch makes of them.

Each sample is drawn from a stream of its own and measured by the converter's bench; the samples run
through :func:`run_items`, so here, in worker processes or on a cluster alike, a failed sample is
kept as a failure, and a run that was interrupted goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.runs.items import Item, ItemOutcome
from xbar_circuit.runs.runner import run_items
from xbar_circuit.studies.readout.converter import characterize_converter

__all__ = ["FIGURES", "ConverterYield", "converter_yield"]

#: Figures of merit of each sample.
FIGURES = (
    "worst_inl_lsb",
    "worst_dnl_lsb",
    "missing",
    "offset_lsb",
    "gain_error",
    "enob",
    "sfdr_db",
    "noise_lsb",
)


@brief(
    lambda self: f"{self.name}: {100 * self.yield_share:.0f} % within {self.limit_lsb:g} LSB",
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConverterYield:
    """The samples and their spread.

    Parameters
    ----------
    name, bits, mismatch
        What was drawn.
    figures
        Each of :data:`FIGURES` over the samples that were measured (samples,).
    inl_lsb, dnl_lsb
        (samples, codes); NaN where a code is not reached.
    failures
        Name of each sample without a value, and why.
    limit_lsb
        Limit on INL and DNL for the yield.
    outcomes
        Outcomes of the runner.
    """

    name: str
    bits: int
    mismatch: Mapping[str, float]
    figures: Mapping[str, FloatArray]
    inl_lsb: FloatArray
    dnl_lsb: FloatArray
    failures: Mapping[str, str]
    limit_lsb: float
    outcomes: tuple[ItemOutcome, ...]

    @property
    def yield_share(self) -> float:
        """Share of all samples, failed ones included, with INL and DNL within the limit."""
        good = self.figures["worst_inl_lsb"] <= self.limit_lsb
        good &= self.figures["worst_dnl_lsb"] <= self.limit_lsb
        good &= self.figures["missing"] == 0
        return float(good.sum() / len(self.outcomes))

    @property
    def yield_half_width(self) -> float:
        """Half of its 95 % interval (Wald, with a success and a failure added)."""
        count = len(self.outcomes) + 2
        share = (self.yield_share * len(self.outcomes) + 1) / count
        return 1.96 * math.sqrt(share * (1.0 - share) / count)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The yield with its interval, `figures` over the samples, and the standard deviation of
            INL and DNL of each code [LSB]; what is not a finite number, such as a code that no
            sample reaches, is None.
        """
        return {
            "name": self.name,
            "bits": self.bits,
            "mismatch": dict(self.mismatch),
            "samples": len(self.outcomes),
            "failures": dict(self.failures),
            "limit_lsb": self.limit_lsb,
            "yield": self.yield_share,
            "yield_half_width": self.yield_half_width,
            "figures": {name: _plain(values) for name, values in self.figures.items()},
            "inl_sigma_lsb": _plain(np.nanstd(self.inl_lsb, axis=0)),
            "dnl_sigma_lsb": _plain(np.nanstd(self.dnl_lsb, axis=0)),
        }


def converter_yield(
    converter: Converter,
    *,
    mismatch: Mapping[str, float],
    samples: int = 100,
    seed: int = 0,
    noise: bool = False,
    engine: str = "fast",
    limit_lsb: float = 0.5,
    executor: Executor | None = None,
    workers: int | None = 1,
    folder: str | Path | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
    name: str | None = None,
) -> ConverterYield:
    """Draw and measure many samples of a converter.

    Parameters
    ----------
    converter
        The design, with a method ``drawn(rng, **mismatch)``.
    mismatch
        Its keyword arguments: ``{"unit_sigma": 0.01}`` of a SAR.
    samples, seed
        How many; each has a stream of random numbers of its own.
    noise
        Whether the conversions are noisy.
    engine
        As in :func:`characterize_converter`; in ngspice each sample's decks are kept in `folder`.
    limit_lsb
        Limit on INL and DNL for the yield.
    executor, workers, folder, progress
        As in :func:`run_items`; by default one after the other in this process.
    name
        Name in the report.

    Returns
    -------
    ConverterYield
        INL and DNL of each sample (samples, codes) [LSB], its figures of merit, failures by name,
        and the share within the limit, from 0 to 1.

    Raises
    ------
    ParameterError
        An argument is out of range, or the converter has no ``drawn``.
    XbarError
        Not a single sample could be measured, or a result cannot be kept.

    >>> from xbar_circuit.peripherals import Sar
    >>> found = converter_yield(Sar(bits=4), mismatch={"unit_sigma": 0.01}, samples=5)
    >>> found.yield_share
    1.0
    """
    checks.count("samples", samples, minimum=2)
    checks.choice("engine", engine, ("fast", "spice"))
    checks.number("limit_lsb", limit_lsb, "LSB", above=True)
    if not callable(getattr(converter, "drawn", None)):
        raise ParameterError.about(
            "converter",
            got=type(converter).__name__,
            expected="a converter with a method drawn(rng, **mismatch)",
            remedy="use a Sar, Flash, Ramp or OscillatorCounter, or write one",
        )
    home = None if folder is None else Path(folder)
    try:
        _draw(converter, np.random.default_rng(0), mismatch)
    except TypeError as error:
        raise ParameterError.about(
            "mismatch",
            got=f"{sorted(mismatch)} ({error})",
            expected=f"the arguments of {type(converter).__name__}.drawn",
            remedy="see its docstring",
        ) from error
    items = [
        Item(
            name=f"sample {k}",
            arguments={
                "converter": converter,
                "mismatch": dict(mismatch),
                "noise": noise,
                "engine": engine,
                "decks": None if home is None else str(home / "decks" / f"sample-{k}"),
            },
        )
        for k in range(samples)
    ]
    outcomes = run_items(
        _measure,
        items,
        seed=seed,
        executor=executor,
        workers=None if executor is not None else workers,
        folder=None if home is None else home / "samples",
        progress=progress,
    )
    good = [outcome.value for outcome in outcomes if not outcome.failed]
    if not good:
        outcomes[0].unwrap()
    return ConverterYield(
        name=name or f"{type(converter).__name__} {converter.bits} bit, {samples} samples",
        bits=converter.known_bits(),
        mismatch=dict(mismatch),
        figures={key: np.array([float(value[key]) for value in good]) for key in FIGURES},
        inl_lsb=np.array([value["inl_lsb"] for value in good]),
        dnl_lsb=np.array([value["dnl_lsb"] for value in good]),
        failures={
            outcome.item.name: f"{outcome.failure.kind}: {outcome.failure.message}"
            for outcome in outcomes
            if outcome.failure is not None
        },
        limit_lsb=limit_lsb,
        outcomes=outcomes,
    )


def _measure(
    rng: np.random.Generator,
    *,
    converter: Converter,
    mismatch: Mapping[str, float],
    noise: bool,
    engine: str,
    decks: str | None,
) -> dict[str, Any]:
    """Draw one sample and measure it."""
    sample = _draw(converter, rng, mismatch)
    report = characterize_converter(
        sample,
        rng=rng if noise else None,
        engine=engine,
        folder=decks if engine == "spice" else None,
    )
    found = {name: getattr(report, name) for name in FIGURES if name != "missing"}
    return found | {
        "missing": len(report.missing_codes),
        "inl_lsb": report.inl_lsb,
        "dnl_lsb": report.dnl_lsb,
    }


def _draw(
    converter: Converter, rng: np.random.Generator, mismatch: Mapping[str, float]
) -> Converter:
    """Return one sample; every converter names its own kinds of mismatch."""
    draw: Callable[..., Converter] = getattr(converter, "drawn")  # noqa: B009  not of the protocol
    return draw(rng, **mismatch)


def _plain(values: FloatArray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
