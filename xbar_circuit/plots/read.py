"""Maps of one read: where the voltage goes and where the current flows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.plots.style import COLOURS, figure, save, whole_ticks
from xbar_circuit.result import ReadResult
from xbar_circuit.units import si_scale

__all__ = ["draw_read"]


def draw_read(result: ReadResult, *, sample: int = 0, path: str | Path | None = None) -> Figure:
    """Draw the node voltages, device currents and wire-segment currents of one sample.

    Parameters
    ----------
    result
        A read, from any engine.
    sample
        Which vector of the batch.
    path
        Where to write the figure, as .png, .svg or .pdf; None writes nothing.

    Returns
    -------
    matplotlib.figure.Figure
        Six panels: voltage of word lines and of bit lines, device currents, segment currents of
        word lines and of bit lines, and the current of each column with that of ideal wires.

    Raises
    ------
    ParameterError
        No such sample, or an unknown kind of file.
    OSError
        The file cannot be written.

    >>> import xbar_circuit as xc
    >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
    >>> figure = draw_read(xc.read(xbar, [0.1]))
    >>> sum(bool(axes.get_title()) for axes in figure.axes)
    6
    """
    checks.count("sample", sample, minimum=0, maximum=len(result.volts) - 1)
    with figure(2, 3, width=12.0, height=7.2) as (page, axes):
        bit_line, word_line = "bit line (column)", "word line (row)"
        maps = (
            (result.row_voltage, "Word-line voltage", "V", bit_line, word_line),
            (result.column_voltage, "Bit-line voltage", "V", bit_line, word_line),
            (result.device_current, "Device current", "A", bit_line, word_line),
            (
                result.row_segment_current,
                "Word-line current, to the right",
                "A",
                "segment (0: left lead)",
                word_line,
            ),
            (
                result.column_segment_current,
                "Bit-line current, downwards",
                "A",
                bit_line,
                "segment (0: top lead)",
            ),
        )
        for ax, (field, title, unit, across, down) in zip(axes, maps, strict=False):
            _map(page, ax, field[sample], unit=unit)
            ax.set(title=title, xlabel=across, ylabel=down)
        _columns(axes[5], result, sample)
        page.suptitle(
            f"{result.crossbar.rows} x {result.crossbar.cols} array, sample {sample},"
            f" {result.engine}"
        )
        if path is not None:
            save(page, Path(path))
    return page


def _map(page: Figure, ax: Axes, values: FloatArray, *, unit: str) -> None:
    scale, prefix = _scale(values)
    picture = ax.imshow(values / scale, aspect="auto", cmap="viridis", interpolation="nearest")
    quantity = "voltage" if unit == "V" else "current"
    page.colorbar(picture, ax=ax, label=f"{quantity} [{prefix}{unit}]")
    ax.grid(visible=False)
    whole_ticks(ax.xaxis, ax.yaxis)


def _columns(ax: Axes, result: ReadResult, sample: int) -> None:
    """Draw the column currents, and those of the same devices at the full input voltage."""
    current = result.column_current[sample]
    ideal = None if result.ideal_column_current is None else result.ideal_column_current[sample]
    scale, prefix = _scale(current if ideal is None else np.append(current, ideal))
    places = np.arange(len(current))
    ax.bar(places, current / scale, width=0.8, color=COLOURS[0], label="as read")
    if ideal is not None:
        ax.plot(
            places,
            ideal / scale,
            "_",
            markersize=12,
            markeredgewidth=2,
            color=COLOURS[1],
            label="without wires and terminals",
        )
        ends = np.append(current, ideal) / scale
        low, high = min(float(ends.min()), 0.0), max(float(ends.max()), 0.0)
        room = (high - low) or 1.0
        ax.set_ylim(low - (0.05 * room if low else 0.0), high + 0.45 * room)  # for the legend
        ax.legend(loc="upper left", ncols=1)
    ax.set_title("Column current")
    ax.set_xlabel("bit line (column)")
    ax.set_ylabel(f"current [{prefix}A]")
    whole_ticks(ax.xaxis)


def _scale(values: FloatArray) -> tuple[float, str]:
    return si_scale(float(np.max(np.abs(values), initial=0.0)))
