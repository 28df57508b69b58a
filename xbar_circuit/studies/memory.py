"""Memory of a study: what its limit leaves for the work, and what it has really needed."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from xbar_circuit.errors import ParameterError
from xbar_circuit.network.mapping import Mapping
from xbar_circuit.network.operators import Array

__all__ = ["peak_bytes", "working_bytes"]

_PROCESS_BYTES = 170_000_000  # interpreter and libraries
_CELL_BYTES = 72  # weights, targets, transfers now and at first, and their float32 rendering
_LEAST_BYTES = 20_000_000
_DEVICE_BYTES = 32  # conductance, drift exponent, and what a read makes of them


def working_bytes(limit_bytes: int, mapping: Mapping, images: Array) -> int:
    """Return what a limit on the whole process leaves for batches of images [byte].

    Interpreter, images and tiles have their share of the limit. It is counted from their sizes, not
    measured, so that the batches, and with them every bit of the result, depend on nothing else.

    Raises
    ------
    ParameterError
        Next to nothing is left.
    """
    cells = sum(tile.target.size for plan in mapping.layers for tile in plan.tiles)
    each = _CELL_BYTES + _DEVICE_BYTES * mapping.accelerator.devices_per_cell
    taken = _PROCESS_BYTES + 2 * images.nbytes + each * cells
    if limit_bytes - taken < _LEAST_BYTES:
        raise ParameterError.about(
            "memory_bytes",
            got=f"{limit_bytes:,}",
            expected=f"at least {taken + _LEAST_BYTES:,}: interpreter, images and tiles take"
            f" {taken:,} of it",
            remedy="raise the limit, or take fewer images or smaller data",
        )
    return limit_bytes - taken


def peak_bytes() -> int:
    """Return the largest resident set of this process so far [byte].

    On Linux the kernel's high-water mark of this very program (``VmHWM``); elsewhere that of
    ``getrusage``, which may count the program that started this one.

    >>> peak_bytes() > 1_000_000
    True
    """
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next(line for line in text.splitlines() if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
