"""Waveforms as a raw file, the format of SPICE 3 that waveform viewers open.

A header of text (ngspice manual, chapter "Analyses and Output Control", "Raw files"), then the
points as binary doubles, scale first. Several analyses follow one another in one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xbar_circuit._files import write_bytes
from xbar_circuit.spice.answer import Plot

__all__ = ["write_raw"]

_NAMES = {
    "op": "Operating Point",
    "dc": "DC transfer characteristic",
    "tran": "Transient Analysis",
    "ac": "AC Analysis",
    "noise": "Noise Spectral Density Curves",
    "noise total": "Integrated Noise",
}
_SCALES = ("time", "frequency", "v-sweep", "i-sweep", "temp-sweep", "res-sweep")


def write_raw(path: str | Path, plots: Sequence[Plot], *, title: str) -> None:
    """Write the plots of a run as a binary raw file.

    Parameters
    ----------
    path
        Of the file, usually with the suffix ``.raw``.
    plots
        In the order of the analyses; of a plot, the vectors as long as its first are written.
    title
        What the file says it shows; one line.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    write_bytes(Path(path), b"".join(_section(plot, title) for plot in plots if len(plot)))


def _section(plot: Plot, title: str) -> bytes:
    names = sorted(plot, key=lambda name: name not in _SCALES)
    points = plot.vectors[names[0]].size
    names = [name for name in names if plot.vectors[name].size == points]
    values = np.stack([plot.vectors[name] for name in names], axis=1)
    whole = np.iscomplexobj(values)
    head = [
        f"Title: {' '.join(title.split())}",
        "Date:",
        f"Plotname: {_NAMES.get(plot.kind, plot.kind)}",
        f"Flags: {'complex' if whole else 'real'}",
        f"No. Variables: {len(names)}",
        f"No. Points: {points}",
        "Variables:",
        *(f"\t{place}\t{_shown(name)}\t{_unit(name)}" for place, name in enumerate(names)),
        "Binary:",
    ]
    kind = np.dtype("<c16" if whole else "<f8")
    return ("\n".join(head) + "\n").encode() + values.astype(kind).tobytes()


def _shown(name: str) -> str:
    """Return a vector's name as viewers show it."""
    if name.endswith("#branch"):
        return f"i({name.removesuffix('#branch')})"
    return name if _unit(name) != "voltage" or "sweep" in name else f"v({name})"


def _unit(name: str) -> str:
    known = {"time": "time", "frequency": "frequency", "i-sweep": "current"}
    if name in known:
        return known[name]
    return "current" if name.endswith("#branch") else "voltage"
