"""Memory of a run: what it has really needed."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["peak_bytes"]


def peak_bytes() -> int:
    """Return the largest resident set of this process so far [byte].

    On Linux the kernel's high-water mark of this very program (``VmHWM``); elsewhere that of
    ``getrusage``, which may count the program that started this one.

    Returns
    -------
    int
        The size [byte].

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
