"""Read what VACASK writes: a header of text, then double-precision numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import SimulatorError

__all__ = ["read_raw"]

_COUNT = re.compile(rb"^No\. (Variables|Points):\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(rb"^\s*\d+\s+(\S+)\s+\S+.*$", re.MULTILINE)


def read_raw(path: Path) -> dict[str, FloatArray]:
    """Return the vectors of a binary raw file of real numbers, by name.

    Raises
    ------
    SimulatorError
        The file is missing or is something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SimulatorError(
            f"vacask: got no {path.name} ({error.strerror}), expected its answer"
        ) from error
    head, mark, body = content.partition(b"Binary:\n")
    counts = {key.lower(): int(value) for key, value in _COUNT.findall(head)}
    names = [name.decode() for name in _NAME.findall(head.partition(b"Variables:\n")[2])]
    variables, points = counts.get(b"variables", 0), counts.get(b"points", 0)
    if not mark or len(names) != variables or len(body) < 8 * variables * points or not points:
        raise SimulatorError(
            f"vacask: got {path.name} with {len(names)} of {variables} names and {len(body)} bytes,"
            f" expected {points} points of real numbers"
        )
    values = np.frombuffer(body, dtype="<f8", count=variables * points).reshape(points, variables)
    return dict(zip(names, values.T, strict=True))
