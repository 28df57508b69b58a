"""What a user's SPICE file declares: the ports and parameters of a subcircuit, and no commands."""

from __future__ import annotations

import re
from pathlib import Path

from xbar_circuit.devices.model_library import scan
from xbar_circuit.errors import ModelFileError

__all__ = ["declaration", "refuse_control"]

_CONTROL = re.compile(r"^\s*\.control\b", re.IGNORECASE | re.MULTILINE)
_DEFINITION = re.compile(r"^\s*\.subckt\s+(\S+)(.*)$", re.IGNORECASE)


def declaration(file: Path, name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the ports and the parameters on the ``.subckt`` line, lower case.

    Raises
    ------
    ModelFileError
        The file is missing or has no such subcircuit.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ModelFileError(
            f"path: got {str(file)!r} ({error.strerror}), expected a SPICE file with"
            f" .subckt {name}; correct the path"
        ) from error
    found = []
    for line in _joined(text):
        match = _DEFINITION.match(line)
        if match is None:
            continue
        if match.group(1).lower() == name.lower():
            plain, *given = re.split(r"\bparams:", match.group(2), flags=re.IGNORECASE)
            words = re.sub(r"\s*=\s*", "=", " ".join([plain, *given])).lower().split()
            ports = re.sub(r"\s*=\s*", "=", plain).lower().split()
            return (
                tuple(word for word in ports if "=" not in word),
                frozenset(word.split("=")[0] for word in words if "=" in word),
            )
        found.append(match.group(1))
    raise ModelFileError(
        f"name: got {name!r}, expected one of the subcircuits in {str(file)!r}:"
        f" {', '.join(found) or 'none'}; correct the name"
    )


def refuse_control(file: Path, libraries: tuple[tuple[Path, str | None], ...]) -> None:
    """Refuse commands in any file that would be loaded, and files that are missing.

    Raises
    ------
    ModelFileError
        There is a control block, or a file cannot be read.
    """
    for top, section in ((file, None), *libraries):
        for path in scan(top, section or "").files:
            if _CONTROL.search(path.read_text(encoding="utf-8", errors="replace")):
                raise ModelFileError(
                    f"path: got a control block in {str(path)!r}, expected circuits only; move"
                    " .control ... .endc to a deck of your own, the bench brings its own analyses"
                )


def _joined(text: str) -> list[str]:
    """Join continuation lines and drop comments."""
    lines: list[str] = []
    for raw in text.splitlines():
        line = re.split(r"\s[;$]\s?", raw)[0].rstrip()
        if line.lstrip().startswith("*") or not line.strip():
            continue
        if line.lstrip().startswith("+") and lines:
            lines[-1] += " " + line.lstrip()[1:]
        else:
            lines.append(line)
    return lines
