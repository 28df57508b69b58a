"""The figure of a calibrated read-out: its curve, and its error on products held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.network.intervals import proportion
from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.readout.calibration import CalibrationReport

__all__ = ["draw_calibration"]


def draw_calibration(report: CalibrationReport, path: Path) -> None:
    """Draw codes over the column's current, and the model's error.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    found = report.calibration
    model = found.tile.fast_model
    micro = found.current.ravel() * 1e6
    grid = np.linspace(micro.min(), micro.max(), 801)
    with figure(1, 2, width=9.0, height=3.8) as (page, (curve, error)):
        curve.plot(grid, model.codes(grid * 1e-6), color=COLOURS[1], label="fast model")
        curve.plot(micro, found.spice_code.ravel(), ".", color=COLOURS[0], label="ngspice")
        curve.set(xlabel="column current [uA]", ylabel="code", title=report.case.name)
        curve.legend()
        apart = (found.fast_code - found.spice_code).ravel()
        error.plot(micro, apart, ".", color=COLOURS[0])
        sure = proportion(np.abs(apart) <= 1.0)
        reach = max(1.5, 1.2 * float(np.abs(apart).max()))
        error.set(
            xlabel="column current [uA]",
            ylabel="model - ngspice [LSB]",
            ylim=(-reach, reach),
            title=f"{100 * report.within_one:.1f} % of {apart.size} within 1 LSB"
            f" (95 %: from {100 * sure.low:.0f} %)",
        )
        save(page, path)
