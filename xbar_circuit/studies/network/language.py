"""A character-level transformer on PCM tiles: bits per character over a year, energy, and its text.

Two networks that differ in nothing but the noise on their weights while they were trained are
programmed into chips with exact wires and read at several ages, with some layers left digital. The
same windows of the test text are judged everywhere, so that what a chip costs is known far better
than the bits themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.accelerator._loads import LayerLoad
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.intervals import Estimate, mean_of, ratio
from xbar_circuit.runs import Kept
from xbar_circuit.torch.chip import TorchChip, program_module
from xbar_circuit.torch.conversion import convert
from xbar_circuit.torch.language import (
    Language,
    TransformerShape,
    bits_per_character,
    generate,
    windows,
)

__all__ = [
    "AGES",
    "PLACEMENTS",
    "LanguagePoint",
    "LanguageStudy",
    "attention_loads",
    "measure_language",
    "placed_layers",
]

#: When chips are read [s].
AGES = {"25 s": 25.0, "1 day": 86400.0, "30 days": 2.592e6, "1 year": 3.1536e7}
#: What stays digital, in whole numbers of 8 bits.
PLACEMENTS = ("all on tiles", "attention projections digital", "last layer digital")

_DIGITAL_BITS = 8
_CALIBRATION_WINDOWS = 64
_COST_WINDOWS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePoint:
    """One network in one placement at one age.

    network, placement, age : by name.
    bits : a character, mean over the chips, its interval over the windows of text.
    relative : bits over those of the digital run of the same network, on the same windows.
    chips : bits of each chip.
    """

    network: str
    placement: str
    age: str
    bits: Estimate
    relative: Estimate
    chips: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageStudy:
    """The whole study.

    digital : bits per character of each network in float32.
    points : on chips.
    costs : of one character, by placement.
    texts : what was written after the prompt, by who wrote it.
    prompt : how the texts begin.
    characters : of the test text that were judged.
    weights : of the network, without biases and the embedding.
    """

    digital: Mapping[str, Estimate]
    points: tuple[LanguagePoint, ...]
    costs: Mapping[str, Cost]
    texts: Mapping[str, str]
    prompt: str
    characters: int
    weights: int

    def point(self, network: str, placement: str, age: str) -> LanguagePoint:
        """Return one of the points.

        Parameters
        ----------
        network, placement, age
            Names, as in `LanguagePoint`.

        Returns
        -------
        LanguagePoint
            Bits per character of that network on chips.

        Raises
        ------
        ParameterError
            There is no such point.
        """
        known = {(p.network, p.placement, p.age): p for p in self.points}
        if (network, placement, age) not in known:
            raise ParameterError.about(
                "network, placement, age",
                got=(network, placement, age),
                expected=f"one of {sorted(known)}",
                remedy="correct the names, or measure this point",
            )
        return known[network, placement, age]


def measure_language(
    languages: Mapping[str, Language],
    accelerator: Accelerator,
    *,
    test: str,
    calibration: str,
    window_count: int = 64,
    seeds: int = 1,
    seed: int = 0,
    ages: Mapping[str, float] | None = None,
    placements: Sequence[str] = PLACEMENTS,
    drift_compensation: str = "column",
    prompt: str = "And the LORD said unto ",
    written: int = 240,
    architecture: str | None = None,
    folder: Path | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> LanguageStudy:
    """Measure language networks on chips.

    Parameters
    ----------
    languages
        By name; the first one writes the texts and tells the cost.
    accelerator
        Of every chip.
    test, calibration
        Texts: the one is judged, the other sets the ranges and loads the arrays.
    window_count
        Stretches of the test text that are judged, half a context each.
    seeds, seed
        Chips of each network and placement, and the seed of the first.
    ages
        Seconds since programming by name; None is `AGES`.
    placements
        Some of `PLACEMENTS`.
    drift_compensation
        As for `accelerator.program`.
    prompt, written
        Beginning of the texts, and how many characters are added.
    architecture
        Whose published numbers the cost takes.
    folder
        Where every finished chip is kept; the same call goes on there after a break. None keeps
        nothing.
    progress
        Called with a stage, how much of it was done, and how much there is.
    """
    checks.count("seeds", seeds)
    checks.count("window_count", window_count, minimum=2)
    times = dict(AGES if ages is None else ages)
    tell = progress or (lambda *_: None)
    total = len(languages) * len(placements) * seeds * len(times)
    digital, points, costs = {}, [], {}
    texts: dict[str, str] = {}
    judged = None
    kept = Kept(
        folder=folder,
        function=measure_language,
        arguments={
            "languages": {name: _content(one) for name, one in languages.items()},
            "accelerator": accelerator,
            "texts": (test, calibration, prompt),
            "windows": window_count,
            "ages": times,
            "drift_compensation": drift_compensation,
            "architecture": architecture,
        },
    )
    first = next(iter(languages))
    for name, language in languages.items():
        context = language.model.shape.context
        judged = windows(language.encode(test), context=context, count=window_count)
        ranges = windows(language.encode(calibration), context=context, count=_CALIBRATION_WINDOWS)
        exact = bits_per_character(language.model, judged)
        digital[name] = mean_of(exact)
        if name == first and written:
            texts["digital, float32"] = _written(language.model.step, language, prompt, written)
        for placement in placements:
            bits: dict[str, list[Any]] = {age: [] for age in times}
            analog = convert(
                language.model,
                accelerator,
                digital=dict.fromkeys(
                    placed_layers(language.model.shape, placement), _DIGITAL_BITS
                ),
            )
            for number in range(seed, seed + seeds):
                main = name == first and number == seed
                asked = _Asked(
                    times=times,
                    judged=judged,
                    ranges=ranges[:, :-1],
                    drift_compensation=drift_compensation,
                    prompt=prompt,
                    written=written if main and placement == placements[0] else 0,
                    architecture=architecture,
                    cost=main,
                )
                found = kept.once(
                    f"{name}, {placement}, chip {number}, {asked.written} written, cost {main}",
                    partial(_measured, analog, language, number, asked),
                )
                tell("bits per character", len(times), total)
                for age in times:
                    bits[age].append(found["bits"][age])
                texts |= found["texts"]
                if main:
                    costs[placement] = found["cost"]
            for age, chips in bits.items():
                mean = np.mean(chips, axis=0)
                points.append(
                    LanguagePoint(
                        network=name,
                        placement=placement,
                        age=age,
                        bits=mean_of(mean),
                        relative=ratio(mean, exact),
                        chips=tuple(float(one.mean()) for one in chips),
                    )
                )
    shape = languages[first].model.shape
    return LanguageStudy(
        digital=digital,
        points=tuple(points),
        costs=costs,
        texts=texts,
        prompt=prompt,
        characters=len(judged) * (shape.context // 2) if judged is not None else 0,
        weights=12 * shape.blocks * shape.width**2 + shape.width * shape.alphabet,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """What is asked of a chip, besides its bits at each of `times`: 0 `written` is no text."""

    times: Mapping[str, float]
    judged: Any
    ranges: Any
    drift_compensation: str
    prompt: str
    written: int
    architecture: str | None
    cost: bool


def _measured(analog: Any, language: Language, number: int, asked: _Asked) -> dict[str, Any]:
    """Program one chip, and return what it gives at each age as plain data."""
    chip = program_module(
        analog,
        calibration=asked.ranges,
        rng=np.random.default_rng(number),
        drift_compensation=asked.drift_compensation,
    )
    bits, texts = {}, {}
    for age, second in asked.times.items():
        later = chip.at(second)
        bits[age] = bits_per_character(later, asked.judged)
        if asked.written and age in (next(iter(asked.times)), list(asked.times)[-1]):
            with later.running() as module:
                texts[f"chip after {age}"] = _written(
                    module.step, language, asked.prompt, asked.written
                )
    cost = _cost(chip, language, asked.ranges, asked.architecture) if asked.cost else None
    return {"bits": bits, "texts": texts, "cost": cost}


def _content(language: Language) -> dict[str, Any]:
    """Return what a language is made of, as arrays and data."""
    weights = {name: one.numpy() for name, one in language.model.state_dict().items()}
    return {"weights": weights, "shape": language.model.shape, "alphabet": language.alphabet}


def placed_layers(shape: TransformerShape, placement: str) -> tuple[str, ...]:
    """Return the names of the layers that stay digital in a placement.

    >>> placed_layers(TransformerShape(alphabet=63, blocks=1), "last layer digital")
    ('head',)
    """
    checks.choice("placement", placement, PLACEMENTS)
    if placement == "last layer digital":
        return ("head",)
    if placement == "all on tiles":
        return ()
    return tuple(
        f"blocks.{block}.attention.{part}"
        for block in range(shape.blocks)
        for part in ("query_key_value", "output")
    )


def attention_loads(shape: TransformerShape) -> tuple[LayerLoad, ...]:
    """Return the digital products of a block's attention for one character behind a full context.

    Queries with all keys, and their weights with all values; keys and values are read from a
    buffer. Besides, what softmax, the two norms, the two sums and the GELU read.
    """
    width, context = shape.width, shape.context
    return tuple(
        LayerLoad(
            name=f"blocks.{block}.attention products",
            products=1,
            macs=2 * context * width,
            tiles=(),
            conversions=0,
            inputs=3 * width,
            outputs=width,
            digital_elements=shape.heads * context + 2 * width + 2 * width + 4 * width,
        )
        for block in range(shape.blocks)
    )


def _cost(chip: TorchChip, language: Language, seen: Any, architecture: str | None) -> Cost:
    """Return the cost of one character."""
    some = seen[:_COST_WINDOWS]
    return chip.cost(
        some,
        samples=some.numel(),
        architecture=architecture,
        beside=attention_loads(language.model.shape),
    )


def _written(step: Any, language: Language, prompt: str, count: int) -> str:
    return generate(step, language, prompt, count=count, rng=np.random.default_rng(7))
