"""What fine-tuning through the wires recovers, compared with wire-aware programming.

The same chips, from the same random numbers, of three networks: untouched, untouched but with
conductances chosen for the wires, and fine-tuned through the exact array without labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.runs import Kept
from xbar_circuit.torch.chip import program_module
from xbar_circuit.torch.conversion import convert
from xbar_circuit.torch.tuning import fine_tune, module_of

__all__ = ["WAYS", "FineTuning", "measure_fine_tuning"]

#: What is compared.
WAYS = ("untouched", "wire-aware programming", "fine-tuned")

_SHIFT = 2  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """The whole study.

    digital : accuracy of the network in float32.
    accuracy : of each chip, by `WAYS`.
    losses : of each step of the training [nat].
    images, training_images : how many were judged, and trained with.
    """

    digital: float
    accuracy: dict[str, tuple[float, ...]]
    losses: tuple[float, ...]
    images: int
    training_images: int


def measure_fine_tuning(
    network: Network,
    accelerator: Accelerator,
    *,
    test: Dataset,
    calibration: Dataset,
    steps: int = 300,
    seeds: int = 3,
    seed: int = 0,
    second: float = 25.0,
    adjoint: str = "diagonal",
    folder: Path | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> FineTuning:
    """Fine-tune a network through its array, and compare it on chips with the untouched one.

    Parameters
    ----------
    network
        A chain, see `torch.module_of`.
    accelerator
        Of the training and of every chip.
    test, calibration
        What is judged; what sets the ranges and is trained with, without its labels.
    steps
        Of the training.
    seeds, seed
        Chips of each way, and the seed of the first; it seeds the training too.
    second
        Age of the chips [s].
    adjoint
        As for `torch.convert`.
    folder
        Where the training and every chip are kept; the same call goes on there after a break. None
        keeps nothing.
    progress
        Called with a stage, how much of it was done, and how much there is.
    """
    checks.count("seeds", seeds)
    tell = progress or (lambda *_: None)
    teacher = module_of(network).eval()
    inputs = torch.from_numpy(np.array(calibration.images, dtype=np.float32))
    untouched = convert(teacher, accelerator, adjoint=adjoint)
    tuned = convert(teacher, accelerator, adjoint=adjoint, rng=np.random.default_rng((seed, 1)))
    study = {
        "network": network,
        "accelerator": accelerator,
        "inputs": np.asarray(calibration.images),
        "seed": seed,
        "steps": steps,
        "adjoint": adjoint,
    }
    losses = fine_tune(
        tuned,
        teacher,
        inputs,
        steps=steps,
        rng=np.random.default_rng((seed, 2)),
        varied=_varied,
        kept=None if folder is None else Kept(folder=folder, function=fine_tune, arguments=study),
        progress=lambda done: tell("training", done, steps),
    )
    images = torch.from_numpy(np.array(test.images, dtype=np.float32))
    labels = np.asarray(test.labels)
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    kept = Kept(
        folder=folder,
        function=measure_fine_tuning,
        arguments=study | {"second": second, "images": np.asarray(test.images), "labels": labels},
    )

    def judged(way: str, number: int) -> float:
        chip = program_module(
            tuned if way == "fine-tuned" else untouched,
            calibration=inputs,
            rng=np.random.default_rng(number),
            wire_aware=way == "wire-aware programming",
        )
        return _accuracy(chip.at(second), images, labels)

    for number in range(seed, seed + seeds):
        for way in WAYS:
            found[way].append(kept.once(f"{way}, chip {number}", partial(judged, way, number)))
            tell("chips", 1, seeds * len(WAYS))
    with torch.no_grad():
        digital = _accuracy(teacher, images, labels)
    return FineTuning(
        digital=digital,
        accuracy={way: tuple(values) for way, values in found.items()},
        losses=tuple(losses),
        images=len(images),
        training_images=len(inputs),
    )


def _varied(images: Any, rng: np.random.Generator) -> Any:
    """Return images shifted by up to two pixels, half of them mirrored: clothes may be."""
    if images.ndim != 4:  # no images
        return images
    down, right = rng.integers(-_SHIFT, _SHIFT + 1, 2).tolist()
    shifted = torch.roll(images, (down, right), dims=(2, 3))
    return shifted.flip(-1) if rng.random() < 0.5 else shifted


def _accuracy(network: Any, images: Any, labels: NDArray[Any], *, batch: int = 250) -> float:
    hits = [
        (network(part).argmax(1).numpy() == labels[k * batch : k * batch + len(part)])
        for k, part in enumerate(images.split(batch))
    ]
    return float(np.concatenate(hits).mean())
