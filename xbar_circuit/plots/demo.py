"""Figures of the demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.plots._confidence import percent_bars
from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.network.demo import CLASSES, Demo

__all__ = ["draw_accuracy", "draw_agreement", "draw_drop", "draw_images"]


def draw_accuracy(demo: Demo, path: Path) -> None:
    """Draw accuracy over segment resistance and over converter width."""
    with figure(1, 2, width=9.0, height=3.6, sharey=True) as (page, (left, right)):
        ohms = [ohm for ohm in demo.accuracy_by_ohm if ohm > 0.0]
        shares = [demo.accuracy_by_ohm[ohm] for ohm in ohms]
        bars: Any = {"fmt": "o-", "capsize": 3, "label": "exact wires, 95 % over the images"}
        left.errorbar(ohms, 100 * np.array(shares), percent_bars(shares, demo.images), **bars)
        left.set_xscale("log")
        left.set_xticks(ohms, [f"{ohm:g}" for ohm in ohms])
        left.minorticks_off()
        left.set_xlabel("wire resistance per segment [ohm]")
        left.set_ylabel("accuracy [%]")
        left.set_title(f"Wires ({Accelerator().readout.converter.bits}-bit converters)")
        bits = list(demo.accuracy_by_bits)
        shares = list(demo.accuracy_by_bits.values())
        right.errorbar(bits, 100 * np.array(shares), percent_bars(shares, demo.images), **bars)
        right.set_xticks(bits)
        right.set_xlabel("resolution of the column converters [bit]")
        right.set_title(f"Converters ({Accelerator().wires.row_ohm:g} ohm segments)")
        for axes in (left, right):
            axes.axhline(
                100 * demo.digital_accuracy,
                color=COLOURS[6],
                linewidth=1.0,
                linestyle="--",
                label="digital, float32",
            )
        left.axhline(
            100 * demo.ideal_accuracy,
            color=COLOURS[1],
            linewidth=2.0,
            linestyle=":",
            label="tiles without wires",
        )
        left.legend(loc="lower left")
        save(page, path)


def draw_drop(demo: Demo, path: Path) -> None:
    """Draw the conductances of a tile, the voltage that its devices lose, its column errors."""
    drop = demo.drop
    rows, columns = drop.conductance.shape
    with figure(1, 3, width=10.5, height=3.7) as (page, (first, second, third)):
        for axes, values, title, unit, colours in (
            (first, 1e6 * drop.conductance, "Conductance", "conductance [uS]", "viridis"),
            (second, 1e3 * drop.loss_volt, "Voltage lost on the wires", "voltage [mV]", "magma_r"),
        ):
            picture = axes.imshow(values, aspect="auto", cmap=colours, interpolation="nearest")
            axes.grid(visible=False)
            axes.set_title(title)
            axes.set_xlabel("bit line (column)")
            page.colorbar(picture, ax=axes, label=unit)
        for axes in (first, second):
            axes.set_ylabel("word line (row)")
        error = 100 * drop.column_error
        third.bar(np.arange(columns), error, width=1.0, color=COLOURS[0])
        third.set_title("Current of each bit line")
        third.set_xlabel("bit line (column)")
        third.set_ylabel("difference to ideal wires [%]")
        page.suptitle(f"A {rows} x {columns} tile of {drop.layer}, inputs from real images")
        save(page, path)


def draw_agreement(demo: Demo, path: Path) -> None:
    """Draw how far the engines are apart, compared with the effect of wires and float32."""
    with figure(width=7.5, height=3.6) as (page, (axes,)):
        place = np.arange(len(demo.checks))
        floor = 1e-17
        kinds = (
            ("wires against no wires", "ideal_relative_difference", COLOURS[1]),
            ("float32 against float64", "float32_relative_difference", COLOURS[4]),
            ("fast engine against ngspice", "worst_relative_difference", COLOURS[0]),
        )
        for k, (label, name, colour) in enumerate(kinds):
            values = [max(getattr(check, name), floor) for check in demo.checks]
            axes.bar(place + (k - 1) * 0.27, values, width=0.25, label=label, color=colour)
        axes.set_yscale("log")
        axes.set_ylim(1e-17, 10.0)
        axes.axhline(1e-6, color=COLOURS[6], linewidth=1.0, linestyle="--")
        axes.set_xticks(place, [f"{c.layer}\n{c.shape[0]} x {c.shape[1]}" for c in demo.checks])
        axes.set_ylabel("difference / full-scale current")
        axes.set_title("Both engines on real activations")
        axes.legend(ncols=3, loc="upper center", fontsize=8)
        save(page, path)


def draw_images(demo: Demo, path: Path) -> None:
    """Draw test images with what the analog and the digital network say."""
    count = len(demo.shown)
    columns = min(count, 5)
    rows = -(-count // columns)
    with figure(rows, columns, width=9.0, height=2.3 * rows) as (page, panels):
        for axes in panels:
            axes.set_axis_off()
        for axes, image, label, digital, analog in zip(
            panels,
            demo.shown,
            demo.labels,
            demo.digital_classes,
            demo.analog_classes,
            strict=False,
        ):
            axes.imshow(image, cmap="gray_r", interpolation="nearest")
            axes.set_title(
                f"label: {CLASSES[label]}\nanalog: {CLASSES[analog]}\ndigital: {CLASSES[digital]}",
                fontsize=8,
                fontweight="normal" if analog == label else "bold",
                color=COLOURS[6] if analog == label else COLOURS[1],
            )
        save(page, path)
