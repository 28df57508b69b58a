"""A piece of work and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xbar_circuit.errors import ParameterError, XbarError

__all__ = ["Item", "ItemFailure", "ItemOutcome", "generator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of work: a call that depends only on the data here.

    Parameters
    ----------
    name
        Unique readable name in its run: ``"corner=ss, sample=3"``.
    arguments
        Keyword arguments of the function: plain data, arrays, descriptions.
    stream
        The name that its random numbers depend on. None is the item's own name, so every item draws
        independently; items with the same stream draw the same numbers, for comparisons in pairs.

    Raises
    ------
    ParameterError
        The name is empty, or an argument is called ``rng``.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    stream: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ParameterError.about(
                "name", got=repr(self.name), expected="some text", remedy="name every item"
            )
        if "rng" in self.arguments:
            raise ParameterError.about(
                "arguments",
                got="an argument called rng",
                expected="arguments without randomness",
                remedy="leave rng out: every item gets a generator of its own",
            )

    @property
    def random_stream(self) -> str:
        """The name that the random numbers depend on."""
        return self.name if self.stream is None else self.stream


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFailure:
    """Why an item has no value.

    kind : the class of the error.
    message : what it said.
    trace : traceback.
    """

    kind: str
    message: str
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutcome:
    """Outcome of one item.

    Parameters
    ----------
    item
        The piece of work.
    value
        What the function returned, as plain data and arrays; None where it failed.
    failure
        Why it failed; None where it did not.
    seconds
        Time spent by the worker process [s].
    restored
        Whether it was found in the folder, from an earlier run.
    """

    item: Item
    value: Any = None
    failure: ItemFailure | None = None
    seconds: float = 0.0
    restored: bool = False

    @property
    def failed(self) -> bool:
        """Whether there is no value."""
        return self.failure is not None

    def unwrap(self) -> Any:
        """Return the value of an item that succeeded.

        Returns
        -------
        object
            What the function returned.

        Raises
        ------
        XbarError
            The item failed.
        """
        if self.failure is not None:
            raise XbarError(
                f"{self.item.name}: got {self.failure.kind} ({self.failure.message}), expected a"
                " value; see the outcome's failure.trace"
            )
        return self.value


def generator(seed: int, stream: str) -> np.random.Generator:
    """Return the generator of one stream: a matter of its name, not of its place or its process.

    The eight words of the name's SHA-256 are the ``spawn_key`` of a ``numpy.random.SeedSequence``.

    >>> float(generator(1, "a").normal()) == float(generator(1, "a").normal())
    True
    >>> float(generator(1, "a").normal()) == float(generator(1, "b").normal())
    False
    """
    words = np.frombuffer(hashlib.sha256(stream.encode()).digest(), dtype=">u4")
    sequence = np.random.SeedSequence(seed, spawn_key=[int(word) for word in words])
    return np.random.default_rng(sequence)
