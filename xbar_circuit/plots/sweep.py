"""Figures of a sweep: every result over the first axis, one line for each point of the others."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xbar_circuit.glossary import axis_label
from xbar_circuit.plots.style import COLOURS, figure, save, whole_ticks

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["draw_sweep"]

_MOST_LINES = 7
_LOG_SPAN = 20.0  # an axis whose values span more is drawn logarithmically


def draw_sweep(dataset: xr.Dataset, path: Path) -> None:
    """Draw the mean of every result over the seeds, with its standard deviation.

    Of more than seven lines the first seven are drawn; the title says so.
    """
    names = [
        str(name)
        for name, variable in dataset.data_vars.items()
        if name not in {"residual", "computing_seconds"} and variable.dtype.kind == "f"
    ]
    if not names:
        return
    columns = min(2, len(names))
    rows = math.ceil(len(names) / columns)
    with figure(rows, columns, width=5.2 * columns, height=3.6 * rows) as (page, axes):
        for panel, name in zip(axes, names, strict=False):
            _draw(panel, dataset, name)
        for panel in axes[len(names) :]:
            panel.set_visible(False)
        save(page, path)


def _draw(axes: Any, dataset: xr.Dataset, name: str) -> None:
    first, *others = (str(d) for d in dataset[name].dims if d != "seed")
    position = dataset[first].to_numpy()
    numeric = position.dtype.kind in "if"
    places = position.astype(float) if numeric else np.arange(len(position), dtype=float)
    ranges = [range(dataset.sizes[other]) for other in others]
    lines = list(itertools.product(*ranges))
    for k, line in enumerate(lines[:_MOST_LINES]):
        chosen = dict(zip(others, line, strict=True))
        part = dataset[name].isel(chosen).transpose(first, "seed")
        known = part.count("seed").to_numpy() > 0
        mean = np.full(len(places), np.nan)
        mean[known] = part.mean("seed", skipna=True).to_numpy()[known]
        spread = np.zeros(len(places))
        spread[known] = part.std("seed", skipna=True).to_numpy()[known]
        label = ", ".join(_named(d, dataset[d].to_numpy()[j]) for d, j in chosen.items())
        axes.errorbar(
            places, mean, spread, fmt="o-", color=COLOURS[k], capsize=3, label=label or None
        )
    if numeric and places.min() > 0.0 and places.max() / places.min() >= _LOG_SPAN:
        axes.set_xscale("log")
    if numeric and position.dtype.kind == "i" and axes.get_xscale() == "linear":
        whole_ticks(axes.xaxis)
    if not numeric:
        axes.set_xticks(places, [str(value) for value in position])
    axes.set_xlabel(axis_label(first))
    axes.set_ylabel(axis_label(name))
    if len(lines) > 1:
        shown = "" if len(lines) <= _MOST_LINES else f"first {_MOST_LINES} of {len(lines)} lines"
        axes.legend(fontsize=8, title=shown or None)


def _named(name: str, value: Any) -> str:
    """Return a swept name and its value, with the unit behind it."""
    words, _, unit = axis_label(name).partition(" [")
    return f"{words} = {_text(value)} {unit.removesuffix(']')}".rstrip()


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)
