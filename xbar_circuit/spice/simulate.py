"""Run a deck in ngspice and get named vectors back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xbar_circuit import _checks as checks
from xbar_circuit.errors import (
    ConvergenceError,
    ModelFileError,
    ParameterError,
    SimulatorError,
)
from xbar_circuit.spice._binning import model_fault
from xbar_circuit.spice._client import WORKERS, WorkerLostError
from xbar_circuit.spice._job import Command, Job, JobFailure, JobOutcome, RawPlot, Setup
from xbar_circuit.spice._saved_decks import SAVED_DECKS
from xbar_circuit.spice.analyses import Analysis, Noise, Tran
from xbar_circuit.spice.answer import Answer, Plot, canonical_names
from xbar_circuit.spice.commands import Alter, Listing
from xbar_circuit.spice.locating import Installation, locate
from xbar_circuit.spice_text import Flat, checked, flatten

__all__ = ["Simulator", "run", "simulator"]

_DIALECTS = ("", "all", "hs", "hsa", "ps", "psa", "lt", "lta", "ki", "ltps", "ltpsa", "va")
_RANDOM = ("trnoise", "trrandom", "gauss", "unif", "limit(", "poisson", "exponential", "rnd")
_END = re.compile(r"^[ \t]*\.end(?:[ \t;$/][^\n]*)?$", re.IGNORECASE | re.MULTILINE)
# first lines that ngspice takes for more than a title, though they stand where the title stands
_TITLE = re.compile(r"[ \t]*\.title\b[ \t]*", re.IGNORECASE | re.ASCII)
_CARD = re.compile(r"[ \t]*(?:\.|\*[ \t]*(?:ng_script|#[ \t]*[a-z]))", re.IGNORECASE | re.ASCII)
_UNTITLED = re.compile(r"[ \t]*(?:[*@#$+;/][^\n]*)?|[^\n]*\\[ \t]*", re.ASCII)
_KINDS = {
    "noise1": "noise",
    "noise2": "noise total",
}
_LAST_WORDS = 1500


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """The ngspice that the engine uses.

    installation : where it is.
    version : such as ``"ngspice-46"``.
    klu : whether the KLU solver is built in; without it large arrays take minutes.
    xspice, code_models : whether digital and other code models are built in, and loaded.
    osdi : whether compiled Verilog-A models can be loaded.
    confined : what its process cannot do once it is loaded: ``"programs"``, ``"files"`` (outside
        its own folder), ``"network"``.
    """

    installation: Installation
    version: str
    klu: bool
    xspice: bool
    code_models: bool
    osdi: bool
    confined: tuple[str, ...] = ()


def run(
    deck: str,
    *analyses: Analysis,
    vectors: Sequence[str] | None = None,
    include: str = "",
    osdi: Sequence[str | Path] = (),
    folder: str | Path | None = None,
    time_limit_second: float | None = 600.0,
    seed: int = 1,
    transient_op: bool = False,
    compatibility: str = "",
    allow_control: bool = False,
) -> Answer:
    r"""Run a deck in ngspice, in a process of its own, and return its vectors.

    The result depends on the arguments alone, never on what ran before.

    Parameters
    ----------
    deck
        SPICE text; its first line, also an empty one, is the title. ``.end`` may be missing. Ask
        for the KLU solver with ``.options klu`` when it holds an array.
    analyses
        What to run, in order: :class:`Op`, :class:`Dc`, :class:`Tran`, :class:`Ac`,
        :class:`Noise`, with :class:`Alter` between them to change a source. With none, what the
        deck's own dot lines ask for.
    vectors
        What to return: ``"v(out)"``, ``"i(vdd)"``, ``"@m1[gm]"``; ``"all"`` means all node
        voltages and source currents. None is all. Device quantities (``@``) come only if named.
    include
        Text put behind the title: ``.include``, ``.lib``, ``.model`` or ``.subckt`` of your own.
    osdi
        Compiled Verilog-A models to load before the deck.
    folder
        Where relative file names in the deck start from; the current folder by default. Those in
        an included file start from that file's own folder, then from here.
    time_limit_second
        Time allowed to the simulator [s]; None waits without limit.
    seed
        Seed of the random functions in expressions (``agauss``). Transient noise (``trnoise``) is
        not repeatable: ngspice seeds it with its process number.
    transient_op
        Accept, where Newton, gmin and source stepping fail, what ngspice's transient from zero
        settles at as an operating point. It is not exact, and hides floating nodes.
    compatibility
        Dialect of foreign libraries, ngspice's ``ngbehavior``: ``"hsa"``, ``"psa"``, ``"lta"``.
    allow_control
        Let control blocks and programs in the deck and its included files run, with all that your
        account may do. Otherwise ngspice reads only what was checked, and its process can start no
        programs and write no files, as far as the system allows that to be forbidden.

    Returns
    -------
    Answer
        One :class:`Plot` for each analysis, two for noise: ``answer[0]["v(out)"]``.

    Raises
    ------
    ParameterError
        An argument is of the wrong kind.
    ModelFileError
        A file is missing; the text runs commands and may not; it has control characters, unusual
        line ends or unterminated quotes.
    ConvergenceError
        An analysis found no solution or stopped early.
    SimulatorError
        ngspice refused the deck, crashed, exited, or took too long; the error has its message and
        the saved deck.
    SimulatorNotFoundError
        There is no ngspice.

    >>> import xbar_circuit as xc
    >>> answer = xc.spice.run("divider\nV1 in 0 1\nR1 in out 1k\nR2 out 0 3k", xc.spice.Op())
    >>> answer["v(out)"], answer["i(v1)"]
    (array([0.75]), array([-0.00025]))
    """
    for name, text, example in (
        ("deck", deck, '"divider\\nV1 in 0 1\\nR1 in 0 1k"'),
        ("include", include, "'.include \"my_models.lib\"'"),
    ):
        checks.instance(name, text, str, example=example)
    checks.count("seed", seed)
    checks.choice("compatibility", compatibility, _DIALECTS)
    if time_limit_second is not None:
        checks.number(
            "time_limit_second", time_limit_second, "s", above=True, remedy="None waits for ever"
        )
    _check_analyses(analyses)
    home = Path.cwd() if folder is None else Path(folder).expanduser().resolve()
    if not home.is_dir():
        raise ModelFileError(
            f"folder: got {str(folder)!r}, expected a folder that exists; create it or correct it"
        )
    wanted = None if vectors is None else _wanted(vectors)
    setup = _setup(osdi, compatibility, home, confined=not allow_control)
    title, body = _parted(deck, allow_control=allow_control)
    flat = [
        flatten(
            text,
            folder=home,
            origin=origin,
            dialect=compatibility,
            allow_control=allow_control,
            first_line=first,
        )
        for text, origin, first in ((include, "the include text", 1), (body, "the deck", 2))
    ]
    whole = _assemble(title, flat, _save_line(wanted, analyses))
    job = Job(
        deck=whole,
        commands=tuple(
            Command(
                text=analysis.command,
                answers=not isinstance(analysis, (Alter, Listing)),
                least_step_second=analysis.least_step_second
                if isinstance(analysis, Tran)
                else None,
            )
            for analysis in analyses
        ),
        wanted=None if wanted is None or "all" in wanted or "allv" in wanted else wanted,
        folder=home,
        seed=seed,
        transient_op=transient_op,
        pieces=tuple({**flat[0].pieces, **flat[1].pieces}.items()),
    )
    saved = _SavedDeck(job, setup)
    lower = whole.lower()
    fresh = allow_control or seed != 1 or any(word in lower for word in _RANDOM)
    try:
        outcome, worker = WORKERS.run(setup, job, seconds=time_limit_second, fresh=fresh)
    except WorkerLostError as error:
        said = "\n".join(getattr(error, "__notes__", []))
        raise saved.error(f"got {error}, expected an answer", said) from error
    if isinstance(outcome, JobFailure):
        if outcome.kind == "convergence":
            raise saved.unconverged(outcome.message, worker.said())
        raise saved.error(outcome.message, worker.said(), worker.ready.version)
    answer = Answer(
        plots=_plots(outcome),
        said=worker.said(),
        version=worker.ready.version,
        seconds=outcome.seconds,
    )
    _check_complete(analyses, outcome, saved, answer)
    return answer


def simulator() -> Simulator:
    """Return which ngspice is used and what it can do.

    Returns
    -------
    Simulator
        Installation, version, and whether KLU, XSPICE code models and Verilog-A (OSDI) are there.

    Raises
    ------
    SimulatorNotFoundError
        There is none, or it does not load.
    """
    installation = locate()
    ready = WORKERS.worker(_setup((), "", Path.cwd())).ready
    return Simulator(
        installation=installation,
        version=ready.version,
        klu=ready.klu,
        xspice=ready.xspice,
        code_models=ready.code_models,
        osdi=ready.osdi,
        confined=ready.confined,
    )


class _SavedDeck:
    """A deck that is written to a file only when it failed."""

    def __init__(self, job: Job, setup: Setup) -> None:
        self._job, self._setup = job, setup

    def save(self) -> Path | None:
        """Write the deck so that ``ngspice -b`` runs it; return its path, None on a full disk."""
        lines = "".join(f".{command.text}\n" for command in self._job.commands if command.answers)
        text = _END.sub("", self._job.deck).rstrip("\n") + f"\n{lines}.end\n"
        osdi = "".join(f"* needs the OSDI model {path}\n" for path, _ in self._setup.osdi)
        title, _, body = text.partition("\n")
        return SAVED_DECKS.save(f"{title}\n{osdi}{body}", dict(self._job.pieces))

    def error(self, what: str, said: str, version: str = "") -> SimulatorError:
        """Return the error of a deck that failed other than by not converging."""
        path = self.save()
        what = model_fault(said, self._job.deck) or what
        return SimulatorError(_worded(what, said, path), version=version, said=said, deck=path)

    def unconverged(self, what: str, said: str) -> ConvergenceError:
        """Return the error of a deck without a solution."""
        path = self.save()
        return ConvergenceError(_worded(what, said, path), deck=path)


def _worded(what: str, said: str, path: Path | None) -> str:
    """Word a failure: what, where the deck is, and ngspice's last words."""
    words = said.strip()[-_LAST_WORDS:] or "(nothing)"
    saved = (
        f"run the saved deck {path} by hand"
        if path is not None
        else "its deck could not be saved in the temporary folder: make room, or set TMPDIR"
    )
    return f"ngspice: {what}; {saved}. Its last words:\n{words}"


def _check_analyses(analyses: Sequence[object]) -> None:
    for analysis in analyses:
        if isinstance(analysis, type) or not isinstance(analysis, Analysis):
            raise ParameterError.about(
                "analyses",
                got=repr(analysis),
                expected="values such as Op() or Tran(step_second=1e-10, stop_second=1e-7)",
                remedy="arguments behind the analyses are keywords",
            )


def _wanted(vectors: Sequence[str]) -> tuple[str, ...]:
    """Return the simulator's names, without the ground."""
    if isinstance(vectors, str):
        raise ParameterError.about(
            "vectors", got=repr(vectors), expected="a list of names", remedy=f"write [{vectors!r}]"
        )
    names = [part for name in vectors for part in canonical_names(name) if part != "0"]
    for name in names:
        if not name or any(sign in name for sign in "\n\r \t;"):
            raise ParameterError.about(
                "vectors",
                got=repr(name),
                expected="names such as v(out) or i(vdd)",
                remedy="one vector per entry",
            )
    return tuple(dict.fromkeys(names))


def _save_line(wanted: Sequence[str] | None, analyses: Sequence[object]) -> str:
    """Return ``.save`` lines; noise needs everything, and is filtered afterwards."""
    if not wanted or any(isinstance(analysis, Noise) for analysis in analyses):
        return ""
    return "".join(
        f".save {' '.join(wanted[start : start + 8])}\n" for start in range(0, len(wanted), 8)
    )


def _parted(deck: str, *, allow_control: bool) -> tuple[str, str]:
    """Return the title, one that ngspice takes for a title, and what lies before the end."""
    title, _, body = checked(deck, "the deck").partition("\n")
    title = _TITLE.sub("", title)
    if not allow_control and _CARD.match(title):
        raise ModelFileError(
            f"the deck, line 1: got {title.strip()[:80]!r}, expected a title: the first line of a"
            " deck is never part of the circuit; put a line before it, or, for a script, pass"
            " allow_control=True if you trust this text with your account"
        )
    if not title.strip() or (not allow_control and _UNTITLED.fullmatch(title)):
        title = f"title {title}".rstrip(" \t\\")
    end = _END.search(body)
    return title, body if end is None else body[: end.start()]


def _assemble(title: str, flat: Sequence[Flat], save: str) -> str:
    """Put the user's text behind the title and the save lines before the end."""
    texts = (title, *(one.text for one in flat), save, ".end")
    return "\n".join(text.rstrip("\n") for text in texts if text.strip()) + "\n"


def _setup(
    osdi: Sequence[str | Path], compatibility: str, home: Path, *, confined: bool = True
) -> Setup:
    installation = locate()
    models = []
    for name in osdi:
        path = (home / Path(name).expanduser()).resolve()
        if not path.is_file():
            raise ModelFileError(
                f"osdi: got {str(name)!r}, expected a compiled Verilog-A model; compile the .va"
                " with openvaf-r"
            )
        models.append((path, path.stat().st_mtime_ns))
    return Setup(
        library=installation.library,
        scripts=installation.scripts,
        osdi=tuple(models),
        compatibility=compatibility,
        confined=confined,
    )


def _kind(raw: RawPlot) -> str:
    kind = raw.name.rstrip("0123456789")
    if kind == "noise":
        return "noise" if "frequency" in raw.vectors else "noise total"
    return kind


def _plots(outcome: JobOutcome) -> tuple[Plot, ...]:
    """Return all plots in order; of one command's, the one with a scale comes first."""
    return tuple(
        Plot(kind=_kind(raw), vectors=raw.vectors)
        for made in outcome.plots
        for raw in sorted(made, key=_kind)
    )


def _check_complete(
    analyses: Sequence[Analysis], outcome: JobOutcome, saved: _SavedDeck, answer: Answer
) -> None:
    for analysis, made in zip(analyses, outcome.plots, strict=False):
        if not made:
            continue
        first = min(made, key=_kind)
        missing = analysis.missing(first.vectors)
        if missing:
            what = f"`{analysis.command}` is incomplete: {missing}"
            raise saved.unconverged(what, answer.said)
