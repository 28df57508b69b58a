"""Where libngspice is on this machine.

Debian and Ubuntu, Fedora, conda and Homebrew each put the shared library elsewhere, and PySpice
looks for one name only. The order here: the environment variable ``NGSPICE_LIBRARY_PATH``; the
project's own prefix ``.ngspice/`` (made by ``make setup`` where there is no root); the running
Python's environment (conda); ``CONDA_PREFIX``; Homebrew; the system. The environment variable
SPICE_SCRIPTS is not looked at: the start-up script that it names would run commands.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xbar_circuit.errors import SimulatorNotFoundError

__all__ = ["INSTALL_HINT", "Installation", "candidates", "locate"]

INSTALL_HINT = (
    "install it: `make setup` in the source tree; Debian 13 or Ubuntu"
    " `apt install libngspice0 ngspice`; conda `conda install -c conda-forge ngspice-lib`;"
    " macOS `brew install libngspice`;"
    " or set NGSPICE_LIBRARY_PATH to the library's file"
)

_NAMES = ("libngspice.so", "libngspice.so.0", "libngspice.dylib", "libngspice.0.dylib")
_HOMEBREW_PREFIXES = ("/opt/homebrew", "/home/linuxbrew/.linuxbrew")
_SYSTEM_PREFIXES = ("/usr/local", "/usr")
_PROJECT_PREFIX = Path(__file__).resolve().parents[2] / ".ngspice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An ngspice shared library and the folder of its start-up script.

    library : the file to load.
    scripts : folder with a `spinit` of its own, or None for the one that the library was built
        with.
    origin : how it was found, for display.
    """

    library: Path
    scripts: Path | None
    origin: str


def locate() -> Installation:
    """Return the first libngspice in the order above.

    Returns
    -------
    Installation
        The library's file, the folder of its start-up script, and how it was found.

    Raises
    ------
    SimulatorNotFoundError
        There is none, or ``NGSPICE_LIBRARY_PATH`` points at nothing.

    >>> locate().library.is_file()
    True
    """
    for installation in candidates():
        return installation
    raise SimulatorNotFoundError(
        "libngspice: got none in the project's .ngspice/, the Python environment, conda, Homebrew"
        f" or the system's library folders, expected one; {INSTALL_HINT}"
    )


def candidates() -> Iterator[Installation]:
    """Yield every libngspice there is, best first.

    Raises
    ------
    SimulatorNotFoundError
        ``NGSPICE_LIBRARY_PATH`` points at nothing.
    """
    named = os.environ.get("NGSPICE_LIBRARY_PATH")
    if named:
        library = Path(named).expanduser()
        if not library.is_file():
            raise SimulatorNotFoundError(
                f"NGSPICE_LIBRARY_PATH: got {named!r}, expected the file of the shared library;"
                " unset it or correct it"
            )
        own = _scripts_of(library)
        yield Installation(library=library, scripts=own, origin="NGSPICE_LIBRARY_PATH")
    seen: set[Path] = set()
    for origin, folder in _folders():
        for name in _NAMES:
            library = folder / name
            if library.is_file() and library.resolve() not in seen:
                seen.add(library.resolve())
                own = _scripts_of(library)
                yield Installation(library=library, scripts=own, origin=origin)


def _folders() -> Iterator[tuple[str, Path]]:
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    for folder in _library_folders(_PROJECT_PREFIX / "usr", multiarch):
        yield "the project's .ngspice/", folder
    for folder in _library_folders(Path(sys.prefix), multiarch):
        yield "the Python environment", folder
    if os.environ.get("CONDA_PREFIX"):
        yield "conda", Path(os.environ["CONDA_PREFIX"]) / "lib"
    for variable in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        for part in os.environ.get(variable, "").split(os.pathsep):
            if part:
                yield variable, Path(part)
    brew = os.environ.get("HOMEBREW_PREFIX")
    for prefix in (*([brew] if brew else []), *_HOMEBREW_PREFIXES):
        yield "Homebrew", Path(prefix) / "lib"
        yield "Homebrew", Path(prefix) / "opt/libngspice/lib"
    for prefix in _SYSTEM_PREFIXES:
        for folder in _library_folders(Path(prefix), multiarch):
            yield "the system", folder


def _library_folders(prefix: Path, multiarch: str) -> Iterator[Path]:
    if multiarch:
        yield prefix / "lib" / multiarch
    yield prefix / "lib64"
    yield prefix / "lib"


def _scripts_of(library: Path) -> Path | None:
    """Return the corrected start-up folder of an unpacked prefix, which is at its top."""
    for parent in library.resolve().parents[:4]:
        if (parent / "xbar-scripts" / "spinit").is_file():
            return parent / "xbar-scripts"
    return None
