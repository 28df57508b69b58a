"""The figure of a network over temperature."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.plots._confidence import within_percent
from xbar_circuit.plots.style import COLOURS, DASHED, figure, name_single, save
from xbar_circuit.studies.network.chips import CORRECTIONS
from xbar_circuit.studies.network.temperature import TemperatureCurve

__all__ = ["draw_temperature_curve"]


def draw_temperature_curve(curve: TemperatureCurve, path: Path) -> None:
    """Draw accuracy over temperature, with and without correction; bars are 95 % intervals."""
    with figure(width=7.0, height=3.8) as (page, (axes,)):
        for colour, (kind, words) in zip(
            (COLOURS[1], COLOURS[0]), CORRECTIONS.items(), strict=True
        ):
            axes.errorbar(
                curve.celsius,
                100 * curve.mean(kind),
                yerr=within_percent(100 * curve.mean(kind), 100 * curve.half_width(kind)),
                fmt="o-",
                capsize=4,
                color=colour,
                label=words,
            )
        axes.axhline(100 * curve.digital_accuracy, **DASHED, label="digital")
        axes.axvline(
            curve.programmed_celsius,
            color=COLOURS[5],
            linewidth=1.0,
            linestyle=":",
            label="programmed at",
        )
        name_single(axes.xaxis, curve.celsius.tolist())
        axes.set_xlabel("temperature of the chip [degree Celsius]")
        axes.set_ylabel("accuracy [%]")
        axes.set_title("Accuracy over temperature, 95 % intervals")
        axes.set_ylim(max(axes.get_ylim()[0], -2.0), min(axes.get_ylim()[1], 102.0))
        axes.legend()
        save(page, path)
