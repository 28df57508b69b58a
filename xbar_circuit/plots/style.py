"""How every figure looks, and how it is written.

Figures are made without any global state of matplotlib: no pyplot, no backend, no rcParams that
outlive the call.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from xbar_circuit._files import replacing
from xbar_circuit.errors import ParameterError

__all__ = [
    "COLOURS",
    "DASHED",
    "FORMATS",
    "also_as",
    "decimal_ticks",
    "figure",
    "name_single",
    "save",
    "whole_ticks",
]

#: Kinds of files that a figure can be written as.
FORMATS = ("png", "svg", "pdf")
_ALSO: ContextVar[tuple[str, ...]] = ContextVar("also", default=())
_DOTS_PER_INCH = 150

#: Colours that stay apart for colour-blind readers (Okabe and Ito, 2008), in order of use.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: A line of reference across a panel, such as the digital accuracy.
DASHED: Any = {"color": COLOURS[6], "linewidth": 1.0, "linestyle": "--"}

_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=list(COLOURS)),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.09,
    "font.size": 10,
    "grid.color": "#d9e0e6",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


class _ShownFigure(Figure):
    """A figure that a notebook shows without pyplot, which alone teaches IPython to draw one."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=_DOTS_PER_INCH)
        return content.getvalue()


@contextmanager
def figure(
    rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 4.0, **options: Any
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield a figure and its axes, row by row, in the project's style.

    Parameters
    ----------
    rows, columns
        Panels.
    width, height
        Size [inch].
    options
        Passed to ``Figure.subplots``, such as ``sharex=True``.

    Yields
    ------
    tuple
        The figure, and its axes as a list.

    >>> with figure(1, 2) as (page, (left, right)):
    ...     _ = left.plot([0, 1], [0, 1])
    """
    with mpl.rc_context(_STYLE):
        page = _ShownFigure(figsize=(width, height))
        grid = page.subplots(rows, columns, squeeze=False, **options)
        yield page, list(grid.ravel())


def decimal_ticks(axis: Axis) -> None:
    """Label a logarithmic axis of a decade or two with plain numbers: 0.5, 1, 2, 5, 10.

    Parameters
    ----------
    axis
        ``axes.xaxis`` or ``axes.yaxis``.
    """
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))


def name_single(axis: Axis, values: Iterable[float]) -> None:
    """Leave one tick, the value itself, where all values along an axis are one.

    Parameters
    ----------
    axis
        An x axis.
    values
        Of everything that is drawn along it.
    """
    found = set(values)
    if len(found) == 1:
        (value,) = found
        axis.set_ticks([value], [f"{value:.4g}"])
        axis.set_minor_locator(NullLocator())


def whole_ticks(*axes: Axis) -> None:
    """Put ticks at whole numbers only: indices, counts, bits.

    Parameters
    ----------
    axes
        Such as ``axes.xaxis``.
    """
    for axis in axes:
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


@contextmanager
def also_as(formats: Iterable[str]) -> Iterator[None]:
    """Let `save` write every figure in these formats too, in addition to the one it is asked for.

    Parameters
    ----------
    formats
        Of `FORMATS`.

    Yields
    ------
    None
        While the block runs.

    Raises
    ------
    ParameterError
        One is unknown.

    >>> with also_as(["svg", "pdf"]):
    ...     pass
    """
    wanted = tuple(dict.fromkeys(formats))
    for one in wanted:
        if one not in FORMATS:
            raise ParameterError.about(
                "formats", got=one, expected=", ".join(FORMATS), remedy="for example ['svg']"
            )
    token = _ALSO.set(wanted)
    try:
        yield
    finally:
        _ALSO.reset(token)


def save(page: Figure, path: Path) -> None:
    """Write a figure in the format that its name ends in, whole or not at all.

    Parameters
    ----------
    page
        The figure.
    path
        Ends in .png, .svg or .pdf. The formats of `also_as` are written next to it.

    Raises
    ------
    ParameterError
        The name ends in none of these.
    OSError
        A file cannot be written.
    """
    own = path.suffix[1:].lower()
    if own not in FORMATS:
        raise ParameterError.about(
            "path",
            got=str(path),
            expected="a name that ends in " + ", ".join(f".{one}" for one in FORMATS),
            remedy="for example path='read.png'",
        )
    for kind in dict.fromkeys((own, *_ALSO.get())):
        # no time of writing: the same figure is the same file
        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
        with (
            replacing(path if kind == own else path.with_suffix(f".{kind}")) as temporary,
            mpl.rc_context({"svg.hashsalt": path.stem}),
        ):
            page.savefig(temporary, format=kind, dpi=_DOTS_PER_INCH, metadata=undated)
