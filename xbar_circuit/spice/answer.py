"""What the simulator answers: named vectors, one plot for each analysis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError

__all__ = ["Answer", "Plot", "canonical_names"]

_FUNCTION = re.compile(r"([vi])\(\s*([^,()]+?)\s*(?:,\s*([^,()]+?)\s*)?\)")
_GROUND = "0"


def canonical_names(name: str) -> tuple[str, ...]:
    """Return the simulator's own names behind ``v(a)``, ``v(a,b)``, ``i(v1)`` or a bare name.

    >>> canonical_names("V(Out)"), canonical_names("i(Vdd)"), canonical_names("v(a, b)")
    (('out',), ('vdd#branch',), ('a', 'b'))
    """
    match = _FUNCTION.fullmatch(name.strip().lower())
    if match is None:
        return (name.strip().lower(),)
    kind, first, second = match.groups()
    if kind == "i":
        return (f"{first}#branch",)
    return (first,) if second is None else (first, second)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plot(Mapping[str, NDArray[Any]]):
    """Vectors of one analysis.

    Read a voltage as ``plot["v(out)"]``, ``plot["v(plus,minus)"]`` or ``plot["out"]``, a source's
    current as ``plot["i(vdd)"]``; letter case does not matter. An operating point has vectors of
    one point; an AC analysis has complex ones.

    Parameters
    ----------
    kind
        ``"op"``, ``"dc"``, ``"tran"``, ``"ac"``, ``"noise"``, ``"noise total"``.
    vectors
        By the simulator's own names: ``out``, ``vdd#branch``, ``time``, ``@m1[gm]``.
    """

    kind: str
    vectors: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a vector [V, A, s, Hz].

        Raises
        ------
        ParameterError
            There is no such vector; the message names what there is.
        """
        first, *second = (self._plain(part) for part in canonical_names(name))
        return first if not second else first - second[0]

    def _plain(self, name: str) -> NDArray[Any]:
        if name in self.vectors:
            return self.vectors[name]
        if name == _GROUND and self.vectors:
            zero: NDArray[Any] = 0.0 * next(iter(self.vectors.values()))
            return zero
        known = list(self.vectors)
        shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
        raise ParameterError.about(
            "vector",
            got=repr(name),
            expected=f"one of {shown or 'none at all'}",
            remedy="ask for it by `vectors=` when the deck is run",
        )

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return all(part in self.vectors or part == _GROUND for part in canonical_names(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def scale(self) -> NDArray[Any]:
        """The abscissa of the points: time [s], frequency [Hz] or the swept value.

        Raises
        ------
        ParameterError
            An operating point has none.
        """
        for name in ("time", "frequency", "v-sweep", "i-sweep", "temp-sweep", "res-sweep"):
            if name in self.vectors:
                return self.vectors[name].real
        return self._plain("a scale")

    def __repr__(self) -> str:
        points = max((vector.size for vector in self.vectors.values()), default=0)
        return f"<Plot {self.kind} {len(self.vectors)} vectors of {points} points>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer(Sequence[Plot]):
    """The plots of a run, in the order of its analyses, and the simulator's output.

    ``answer["v(out)"]`` reads from the plot when there is only one.

    Parameters
    ----------
    plots
        One for each analysis; :class:`~xbar_circuit.spice.Noise` gives two.
    said
        Output of the simulator.
    version
        ``"ngspice-46"``.
    seconds
        Time inside the simulator [s].
    """

    plots: tuple[Plot, ...]
    said: str
    version: str
    seconds: float

    def __getitem__(self, key: Any) -> Any:
        """Return a plot by its number, or a vector of the only plot by its name."""
        if isinstance(key, str):
            if len(self.plots) != 1:
                raise ParameterError.about(
                    "answer",
                    got=f"{key!r} with {len(self.plots)} plots",
                    expected="one plot",
                    remedy=f"say which: answer[0][{key!r}]",
                )
            return self.plots[0][key]
        return self.plots[key]

    def __len__(self) -> int:
        return len(self.plots)

    def __repr__(self) -> str:
        return f"<Answer of {self.version}: {', '.join(map(repr, self.plots))}>"
