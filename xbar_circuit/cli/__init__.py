"""The command line: ``xbar <verb>``, one module a verb.

A verb is the function in the module of its name (or, with parts of its own, the typer application
in the package of its name), found there and imported when it is asked for: a verb does not pay for
the others' imports. A verb raises the package's own errors; :func:`main`
turns each into one clean message on stderr and an exit code, so no verb does.

=====  ==============================================================exit   meaning
=====  ==============================================================0      done
1      a check failed: a comparison out of tolerance, a machine not ready
2      an argument that was refused (as typer itself does)
3      the simulator is missing, failed, or did not converge
4      a model file or netlist that is missing or refused
5      a file or folder that cannot be written or read: permissions, a full disk, another run in it
130    interrupted by Ctrl-C (SIGINT); the message says whether the same command goes on
143    ended by SIGTERM; the same
=====  ==============================================================
"""

from __future__ import annotations

import ast
import os
import pkgutil
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext, redirect_stdout
from contextvars import ContextVar
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from xbar_circuit import __version__
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._made_by import WORDS
from xbar_circuit.cli._resuming import interruptible, terminable
from xbar_circuit.errors import (
    ConvergenceError,
    ModelFileError,
    ParameterError,
    ShapeError,
    SimulatorError,
    SimulatorNotFoundError,
    XbarError,
)

__all__ = ["app", "main", "verbs"]

_EXIT_CODES: tuple[tuple[type[XbarError], int], ...] = (
    (ParameterError, 2),
    (ShapeError, 2),
    (SimulatorNotFoundError, 3),
    (SimulatorError, 3),
    (ConvergenceError, 3),
    (ModelFileError, 4),
    (XbarError, 1),
)
_NOT_WRITTEN = 5
_PROBE_BYTES = 1 << 16
#: What is printed: "all", "quiet" (nothing) or "json" (the summary).
_PRINTED: ContextVar[str] = ContextVar("printed", default="all")


def verbs() -> tuple[str, ...]:
    """Return the names of all verbs."""
    names = (m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return tuple(sorted(name.replace("_", "-") for name in names))


class _Verbs(TyperGroup):
    """The modules of this package as commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the verbs."""
        del ctx
        return list(verbs())

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that was typed; typer's "did you mean" reads the names in `commands`."""
        self.commands = dict.fromkeys(self.list_commands(ctx))  # type: ignore[assignment]
        return super().resolve_command(ctx, args)

    listing = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the list of verbs, for which none is imported."""
        self.listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one verb; for the list of verbs, only read what it says of itself."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        if self.listing:
            return _literal(TyperCommand(cmd_name, help=_docstring(name)))
        work = getattr(import_module(f"{__name__}.{name}"), name)
        verb = work
        if not isinstance(work, typer.Typer):
            verb = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            verb.command(cmd_name)(work)
        command: Any = typer.main.get_command(verb)
        for part in getattr(command, "commands", {"": command}).values():
            part.callback = _named(_after_probe(part.callback, part.params), part.params)
        return _literal(command)


def _docstring(name: str) -> str:
    """Return the docstring of a verb, read from its source."""
    folder = Path(__file__).with_name(name)
    if folder.is_dir():  # a verb with parts: what its face says
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        return ast.get_docstring(tree) or ""
    source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""


def _literal(command: Any) -> Any:
    """Return a command whose help keeps its square brackets, which rich takes for markup."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = escape(part.help)
    for below in getattr(command, "commands", {}).values():
        _literal(below)
    return command


def _folder_of(arguments: Mapping[str, Any]) -> str:
    """Return the name of a circuit's folder: its kind, or that of one's own that replaces it."""
    circuit = str(arguments["circuit"])
    own = arguments.get("subcircuit")
    if own is None or circuit != "behavioural":
        return circuit
    return re.sub(r"[^\w.-]+", "_", own.rpartition(":")[2]).strip(".") or circuit


def _after_probe(work: Any, params: Sequence[Any]) -> Callable[..., Any]:
    """Return a verb's work, to be begun only if its folder ``out`` can be written.

    The folder is held while it works, so that no second run writes the same files. It prints what
    ``--quiet`` and ``--json`` leave: nothing, or the summary that it wrote.
    """
    usual = next((p.default for p in params if p.name == "out"), None)

    @wraps(work)
    def probed(**arguments: Any) -> Any:
        if "circuit" in arguments and arguments["out"] == usual:  # each circuit has its folder
            arguments["out"] = Path(arguments["out"]) / _folder_of(arguments)
        out = arguments.get("out") and Path(arguments["out"])
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=out) as probe:
                probe.write(bytes(_PROBE_BYTES))
        from xbar_circuit._files import held  # noqa: PLC0415  NumPy, which the list does without

        with (
            interruptible(out, goes_on=getattr(work, "resumes", False)),
            nullcontext() if out is None else held(out),
        ):
            return _told_as_asked(work, arguments)

    return probed


def _told_as_asked(work: Any, arguments: dict[str, Any]) -> Any:
    printed_as = _PRINTED.get()
    if printed_as == "all":
        return work(**arguments)
    if printed_as == "json" and "out" not in arguments:
        raise ParameterError.about(
            "--json",
            got="a command that writes no results",
            expected="one with a folder of results",
            remedy="leave --json out",
        )
    page, failed, out = sys.stdout, None, arguments.get("out")
    with ExitStack() as stack:
        if printed_as == "json" and getattr(work, "folder_on_request", False) and out is None:
            out = arguments["out"] = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            try:
                out = work(**arguments) or out  # a folder that the verb has named itself
            except typer.Exit as leaving:  # a check failed, and the summary says which
                failed = leaving
        if printed_as == "json":
            _print_summary(out, page)
    if failed is not None:
        raise failed
    return None


def _named(work: Any, params: Sequence[Any]) -> Callable[..., Any]:
    """Return a verb's work whose refusals name the option that was typed, not an argument."""
    typed = {p.name: p.opts[0] for p in params if p.param_type_name == "option"}

    @wraps(work)
    def named(**arguments: Any) -> Any:
        try:
            return work(**arguments)
        except (ParameterError, ShapeError) as error:
            words, colon, rest = str(error).partition(": got ")
            name, bracket, place = words.partition("[")  # volts[0, 1] is an entry of one
            if not colon or name not in typed:
                raise
            raise type(error)(f"{typed[name]}{bracket}{place}{colon}{rest}") from error

    return named


def _print_summary(out: Path | str | None, page: TextIO) -> None:
    """Print what a verb wrote for machines."""
    path = None if out is None else Path(out) / "summary.json"
    if path is None or not path.is_file():
        raise ParameterError.about(
            "--json",
            got="no summary.json of this command",
            expected="one in its folder of results",
            remedy="leave --json out, and read what it wrote there",
        )
    print(path.read_text(encoding="utf-8"), end="", file=page)


app = typer.Typer(
    name="xbar",
    cls=_Verbs,
    help="Crossbars for in-memory computing: ngspice and fast nodal analysis, one description.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"xbar_circuit {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            is_eager=True,
            callback=lambda wanted: _tell_version(wanted=wanted),
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors and progress.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print summary.json instead of readable text.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            help="Reduce tiles there: cuda, cuda:1, torch:cpu, cupy:0; else XBAR_DEVICE, or cpu.",
        ),
    ] = None,
) -> None:
    """Hold the options that stand before every verb."""
    del version  # it has spoken already
    _PRINTED.set("json" if as_json else "quiet" if quiet else "all")
    if device is not None:
        from xbar_circuit._backend import backend  # noqa: PLC0415 - it loads NumPy

        backend(device)  # one that is not there is refused before the work
        os.environ["XBAR_DEVICE"] = device


def _exit_code(error: XbarError) -> int:
    """Return the exit code of an error; a disk that is full is one, whoever came upon it."""
    code = next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
    return _NOT_WRITTEN if code == 1 and isinstance(error.__cause__, OSError) else code


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the interpreter with its exit code.

    Parameters
    ----------
    arguments
        The words after ``xbar``; by default those of the process.

    Raises
    ------
    SystemExit
        Always, with the exit code of the table above.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # new processes must not look into the current folder first
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        WORDS.set(words)
        with terminable():
            app(args=words, prog_name="xbar")
    except XbarError as error:
        SafeConsole(stderr=True, soft_wrap=True).print(
            f"{type(error).__name__}: {error}", style="bold red", highlight=False
        )
        sys.exit(_exit_code(error))
    except OSError as error:
        SafeConsole(stderr=True, soft_wrap=True).print(
            f"{error}; give another folder with --out, or free some space, or allow writing there",
            style="bold red",
            highlight=False,
        )
        sys.exit(_NOT_WRITTEN)
