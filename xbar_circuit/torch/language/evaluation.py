"""Evaluation of a language network: bits per character, and the text that it writes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.torch.language.storage import Language

__all__ = ["bits_per_character", "generate", "windows"]


def windows(codes: Any, *, context: int, count: int | None = None) -> Any:
    """Return stretches (count, context + 1) of a text, evenly spread over it.

    Parameters
    ----------
    codes
        The text as codes (n,).
    context
        Characters that are seen at once.
    count
        How many; None takes every half context one, so that `bits_per_character` judges every
        character of the text once.

    Raises
    ------
    ParameterError
        The text is too short.
    """
    last = len(codes) - context - 1
    if last < 0:
        raise ParameterError.about(
            "text",
            got=f"{len(codes)} characters",
            expected=f"more than the {context} of a context",
            remedy="give a longer text",
        )
    every = np.arange(0, last + 1, context // 2)
    if count is not None and count < len(every):
        every = every[np.linspace(0, len(every) - 1, count).astype(int)]
    return torch.stack([codes[start : start + context + 1] for start in every.tolist()])


def bits_per_character(
    logits: Callable[[Any], Any],
    seen: Any,
    *,
    batch: int = 32,
    progress: Callable[[int], object] | None = None,
) -> FloatArray:
    """Return the mean code length of the characters of each window's second half [bit].

    Every judged character has at least half a context before it.

    Parameters
    ----------
    logits
        What the network makes of characters (batch, time).
    seen
        As `windows` returns it.
    batch
        Windows at once.
    progress
        Called with the number of windows done, batch by batch.
    """
    found = []
    half = (seen.shape[1] - 1) // 2
    with torch.no_grad():
        for part in seen.split(batch):
            nats = functional.cross_entropy(
                logits(part[:, :-1])[:, half:].flatten(0, 1),
                part[:, half + 1 :].flatten(),
                reduction="none",
            )
            found.append(nats.reshape(len(part), -1).double().mean(dim=1).numpy())
            if progress is not None:
                progress(len(part))
    result: FloatArray = np.concatenate(found) / math.log(2.0)
    return result


def generate(
    step: Callable[..., tuple[Any, Any]],
    language: Language,
    prompt: str,
    *,
    count: int,
    rng: np.random.Generator,
    temperature: float = 0.7,
) -> str:
    """Return what a network writes after a prompt, character by character.

    Keys and values of what was written are kept, so each character costs one product of each layer.

    Parameters
    ----------
    step
        ``Transformer.step`` of the network, or of one that is a chip.
    language
        Its alphabet and context.
    prompt
        How it begins; at most a context long.
    count
        How many characters.
    rng
        Draws them, one number per character: the same generator makes two networks that agree write
        the same text.
    temperature
        By which logits are divided; below 1 prefers the likely.

    Raises
    ------
    ParameterError
        The prompt is empty, longer than a context, or of unknown characters.
    """
    codes = language.encode(prompt)
    if not 0 < len(codes) <= language.model.shape.context:
        raise ParameterError.about(
            "prompt",
            got=f"{len(codes)} characters",
            expected=f"1 to {language.model.shape.context}",
            remedy="give a shorter beginning",
        )
    written: list[int] = []
    with torch.no_grad():
        logits, past = step(codes[None])
        for k in range(count):
            chance: NDArray[np.float64] = (
                torch.softmax(logits[0, -1].double() / temperature, 0).cpu().numpy()
            )
            code = int(np.searchsorted(np.cumsum(chance), rng.random() * chance.sum()))
            written.append(min(code, len(chance) - 1))
            logits, past = step(torch.tensor([[written[-1]]]), past, start=len(codes) + k)
    return language.decode(written)
