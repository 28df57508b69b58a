"""What travels between the package and its worker process: plain values, nothing else.

The worker holds foreign native code that reads foreign text. What it sends is therefore unpacked
only where it names the classes below and NumPy's arrays: a worker in which a deck got hold of the
process could otherwise make the package, which is not confined, run what it likes.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

__all__ = ["Command", "Job", "JobFailure", "JobOutcome", "RawPlot", "Ready", "Setup", "unpacked"]

_ANSWERS = ("JobFailure", "JobOutcome", "RawPlot", "Ready")
_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    # the second of each pair is NumPy 1's
    *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("_core", "core")),
    *((f"numpy.{core}.multiarray", "scalar") for core in ("_core", "core")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("_core", "core")),
}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a worker is made with; a worker serves jobs of one set-up only.

    library : libngspice.
    scripts : folder of its start-up script, or None.
    osdi : compiled Verilog-A models, each with the time of its last change [ns].
    compatibility : ngspice's ``ngbehavior``, empty for its own dialect.
    confined : give up programs, files and the network before the first deck.
    """

    library: Path
    scripts: Path | None
    osdi: tuple[tuple[Path, int], ...]
    compatibility: str
    confined: bool = True


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The worker's first word: what simulator it holds.

    resident_bytes : memory of the process before any circuit.
    confined : what the process can no longer do: ``"programs"``, ``"files"``, ``"network"``.
    """

    version: str
    banner: str
    klu: bool
    xspice: bool
    osdi: bool
    code_models: bool
    resident_bytes: int
    confined: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Command:
    """One simulator command.

    answers : whether it makes a plot; ``alter`` does not.
    least_step_second : mean step at which a transient leads nowhere and is ended; None for others.
    """

    text: str
    answers: bool = True
    least_step_second: float | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """One deck and the commands to run on it.

    deck : without includes but those of `pieces`.
    pieces : name and text of what the simulator has to include by itself.
    commands : what to do, in order; empty runs what the deck itself asks for.
    wanted : the simulator's names of the vectors to return, None for all.
    """

    deck: str
    commands: tuple[Command, ...]
    wanted: tuple[str, ...] | None
    folder: Path
    seed: int
    transient_op: bool
    pieces: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RawPlot:
    """One plot as the simulator has it.

    name : ``tran3``.
    names : of its vectors.
    values : one row for each, where all are equally long; thousands of small arrays would take
        longer to send than a large array takes to solve.
    """

    name: str
    names: tuple[str, ...]
    values: NDArray[Any] | tuple[NDArray[Any], ...]

    @property
    def vectors(self) -> dict[str, NDArray[Any]]:
        """The vectors by name."""
        return dict(zip(self.names, self.values, strict=True))


@dataclass(frozen=True, kw_only=True)
class JobOutcome:
    """A job that ran; plots : one tuple for each command."""

    plots: tuple[tuple[RawPlot, ...], ...]
    seconds: float
    resident_bytes: int


@dataclass(frozen=True, kw_only=True)
class JobFailure:
    """A job that did not.

    kind : ``"convergence"``, ``"deck"``, ``"exit"`` (the simulator left) or ``"load"`` (the
        library does not open).
    final : whether the worker ended itself.
    """

    kind: str
    message: str
    final: bool = False


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return a class that an answer may hold."""
        known = (module, name) in _ARRAYS or (module == __name__ and name in _ANSWERS)
        if not known:
            raise pickle.UnpicklingError(f"{module}.{name} where an answer was expected")
        return super().find_class(module, name)


def unpacked(content: bytes) -> Any:
    """Return a worker's answer.

    Raises
    ------
    pickle.UnpicklingError
        It holds something else than the classes of answers and arrays, or is damaged.
    """
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # whatever damaged bytes make of the classes
        raise pickle.UnpicklingError(f"damaged bytes ({error})") from error
