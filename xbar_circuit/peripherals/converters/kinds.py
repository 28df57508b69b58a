"""What files, verbs and studies need to know of a kind of converter, in addition to its class.

A file calls it by a name, a page by a title; ``xbar characterize`` builds one of a width and draws
its mismatch; ``xbar agree-tiles`` takes a small one through every driver and synapse. A kind says
all of that once, in the module of its class. Whatever offers converters reads :data:`CONVERTERS`,
so that one of your own is a module here, or a class anywhere and :func:`register`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters.base import Converter
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = [
    "CONVERTERS",
    "ConverterBench",
    "ConverterKind",
    "bench_of",
    "register",
    "voltage_maker",
]

#: ``(bits, noise_lsb, range, circuit)`` to a converter: its width, its noise, what says its range
#: by name, and the user's circuit inside or None.
Maker = Callable[[int, float, Mapping[str, float], Subcircuit | None], Converter]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverterBench:
    """How a converter is made for a measurement, and what its mismatch is.

    Parameters
    ----------
    make
        Makes one from its width, noise [LSB], what says its range, and a circuit of the user's or
        None.
    mismatch
        Argument of the converter's ``drawn`` that one number sets: ``"unit_sigma"``.
    mismatch_of
        What that is, in words: ``"a unit capacitor"``.
    usual_mismatch
        A usual value of it.
    further
        Further arguments of ``drawn``, with their values.
    ranges
        Names of what says its range, some of ``low_volt``, ``high_volt``, ``low_ampere``,
        ``high_ampere`` and ``window_second``.
    takes_circuit
        Whether it takes a user's circuit.
    """

    make: Maker
    mismatch: str
    mismatch_of: str
    usual_mismatch: float
    further: Mapping[str, float] = field(default_factory=dict)
    ranges: tuple[str, ...] = ("low_volt", "high_volt")
    takes_circuit: bool = False

    def sigmas(self, sigma: float | None = None) -> dict[str, float]:
        """Return the arguments of ``drawn`` for one standard deviation.

        Parameters
        ----------
        sigma
            Standard deviation of what the mismatch is; None is the usual one.

        Returns
        -------
        dict
            Argument -> value, with those of `further`.
        """
        return {self.mismatch: self.usual_mismatch if sigma is None else sigma, **self.further}

    def drawn(
        self,
        rng: np.random.Generator,
        *,
        bits: int,
        noise_lsb: float = 0.0,
        sigma: float | None = None,
        given: Mapping[str, float] | None = None,
        circuit: Subcircuit | None = None,
    ) -> Converter:
        """Return a converter whose mismatch is drawn.

        Parameters
        ----------
        rng
            Random generator.
        bits
            Width of the converter.
        noise_lsb
            Noise of a decision [LSB].
        sigma
            Standard deviation of what the mismatch is; None is the usual one.
        given
            Its range, by the names in `ranges` [V, A or s]; what is missing has a usual value.
        circuit
            A user's circuit inside, where it takes one.

        Returns
        -------
        Converter
            The converter with its drawn errors.
        """
        made: Any = self.make(bits, noise_lsb, given or {}, circuit)
        result: Converter = made.drawn(rng, **self.sigmas(sigma))
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverterKind:
    """A kind of converter: its names, and how it is made where no one gives its parameters.

    Parameters
    ----------
    name
        Its ``kind`` in a TOML file, and the word of ``xbar characterize converter``.
    of
        Its class, a frozen dataclass; the fields are the keys of its table.
    title
        Its name on a page: ``"SAR converter"``.
    words
        Fields that are one of a few words, and these words.
    bench
        How it is measured; None leaves it out of ``xbar characterize converter``.
    example
        A small one with the errors and the noise that it has, for comparisons of whole tiles; None
        leaves it out of them.
    """

    name: str
    of: type[Converter]
    title: str
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bench: ConverterBench | None = None
    example: Converter | None = None


#: Every kind by its name; filled by the face of this package and by :func:`register`.
CONVERTERS: dict[str, ConverterKind] = {}


def register(kind: ConverterKind) -> None:
    """Add a kind of converter, for files, verbs and studies of this process.

    Raises
    ------
    ParameterError
        Another class has that name.
    """
    before = CONVERTERS.get(kind.name)
    if before is not None and before.of is not kind.of:
        raise ParameterError.about(
            "kind.name",
            got=f"{kind.name!r}, which is a {before.of.__name__}",
            expected="a name that no other converter has",
            remedy=f"call the {kind.of.__name__} something else",
        )
    CONVERTERS[kind.name] = kind


def bench_of(name: str, *, besides: Collection[str] = ()) -> ConverterBench:
    """Return how the converters of a kind are measured.

    Parameters
    ----------
    name
        Name of the kind.
    besides
        Other names that are allowed, for the message.

    Returns
    -------
    ConverterBench
        The kind's `bench`.

    Raises
    ------
    ParameterError
        No kind with a bench has that name.
    """
    known = {kind.name: kind.bench for kind in CONVERTERS.values() if kind.bench is not None}
    return known[checks.choice("circuit", name, (*known, *besides))]


def voltage_maker(of: Callable[..., Converter], *, circuit: str | None = None) -> Maker:
    """Return how a :class:`VoltageConverter` is made; `circuit` names its field of a circuit."""

    def make(
        bits: int, noise_lsb: float, given: Mapping[str, float], own: Subcircuit | None
    ) -> Converter:
        low, high = given.get("low_volt", 0.0), given.get("high_volt", 1.0)
        inside = {} if circuit is None else {circuit: own}
        noise = noise_lsb * (high - low) / 2.0**bits
        return of(bits=bits, low_volt=low, high_volt=high, noise_volt=noise, **inside)

    return make
