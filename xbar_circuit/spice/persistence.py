"""Run a transient again with other numerics where ngspice gives up.

ngspice stops ordinary circuits with "Timestep too small": an array's wires of a few femtofarads,
KLU and charges resolved to 1e-20 C are enough (ngspice 46). Others it would never finish: at an
edge its steps shrink to 1e-17 s and stay there (an integrator before a SAR); `run` counts them and
ends such a run. The circuit is one at all rungs, but for the attofarad that one of them puts at
every node; what changes is how it is solved, and the answer names the rung that did it.

Gates of transistors on word lines of a few ohms have time constants of femtoseconds. Where a source
has a corner, or a code model an event, the step shrinks to resolve them, and in such steps the
rounding of their currents is larger than the tolerance: SPARSE 1.3, or the attofarad with a
coarser chgtol, gets past it.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import Any

from xbar_circuit.errors import ConvergenceError, SimulatorError
from xbar_circuit.spice.analyses import Analysis
from xbar_circuit.spice.answer import Answer
from xbar_circuit.spice.simulate import run

__all__ = ["AS_WRITTEN", "LADDER", "Rung", "run_persistently"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to solve a deck: a name for the report, and a card that overrides the deck's own."""

    name: str
    card: str
    another_solver: bool = False  # what helps where steps lead nowhere

    def of(self, deck: str) -> str:
        """Return the deck as it is run at this rung.

        Parameters
        ----------
        deck
            The deck as it was written, with its ``.end``.

        Returns
        -------
        str
            The deck with this rung's card before its end, which overrides the deck's own options;
            the same text where the rung has no card.
        """
        if not self.card:
            return deck
        body = _END.sub("", deck).rstrip("\n")
        return f"{body}\n* solved again: {self.name}\n{self.card}\n.end\n"


AS_WRITTEN = Rung(name="as written", card="")
LADDER = (
    AS_WRITTEN,
    Rung(name="chgtol 1e-14", card=".options chgtol=1e-14"),
    Rung(name="SPARSE 1.3", card=".options sparse", another_solver=True),
    Rung(
        name="1 aF at every node, chgtol 1e-14",
        card=".options cshunt=1e-18 itl4=200 chgtol=1e-14",
    ),
    Rung(name="reltol 1e-4, chgtol 1e-14", card=".options reltol=1e-4 chgtol=1e-14"),
    Rung(
        name="Gear, reltol 1e-4",
        card=".options method=gear reltol=1e-4 chgtol=1e-14",
        another_solver=True,
    ),
)
_END = re.compile(r"^[ \t]*\.end[ \t]*$", re.IGNORECASE | re.MULTILINE)
_GAVE_UP = re.compile(
    r"timestep too small|iteration limit|it stopped at|steps lead nowhere", re.IGNORECASE
)
_STALLED = re.compile(r"no answer within the time limit", re.IGNORECASE)
_LARGEST = 8000  # lines: beyond, SPARSE 1.3 takes minutes where KLU takes seconds


def run_persistently(deck: str, *analyses: Analysis, **settings: Any) -> tuple[Answer, Rung]:
    """Run a deck, and where a transient stops early or stalls run it again, rung by rung.

    A run that its time limit ended is tried with other solvers only, each with the same limit: at
    most twice more, so that a deck which is just long fails soon enough.

    Parameters
    ----------
    deck, analyses, settings
        As for :func:`~xbar_circuit.spice.run`; `time_limit_second` is for each run.

    Returns
    -------
    Answer, Rung
        What the first rung that came to its end gave, and which it was.

    Raises
    ------
    ConvergenceError
        No rung did, or it is no matter of time steps; the error is that of the deck as written.
    SimulatorError
        As for :func:`~xbar_circuit.spice.run`; or no rung came to its end within the time limit.
    ModelFileError, ParameterError
        As for :func:`~xbar_circuit.spice.run`.
    """
    first: ConvergenceError | SimulatorError | None = None
    tried = []
    stalled = False
    for rung in LADDER:
        if rung.card == ".options sparse" and deck.count("\n") > _LARGEST:
            continue
        if stalled and not rung.another_solver:
            continue
        tried.append(rung.name)
        try:
            answer = run(rung.of(deck), *analyses, **settings)
        except (ConvergenceError, SimulatorError) as error:
            hung = isinstance(error, SimulatorError) and bool(_STALLED.search(str(error)))
            stopped = isinstance(error, ConvergenceError) and bool(_GAVE_UP.search(str(error)))
            if not hung and not stopped:
                raise
            stalled = stalled or hung
            if first is None:
                first = error
            elif error.deck is not None:
                shutil.rmtree(error.deck.parent, ignore_errors=True)
            continue
        if first is not None and first.deck is not None:
            shutil.rmtree(first.deck.parent, ignore_errors=True)
        return answer, rung
    deck_file = None if first is None else first.deck
    words = f"{first} Tried: {', '.join(tried)}"
    if isinstance(first, SimulatorError):
        raise SimulatorError(
            words, version=first.version, said=first.said, deck=deck_file
        ) from first
    raise ConvergenceError(words, deck=deck_file) from first
