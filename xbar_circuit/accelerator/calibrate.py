"""Calibrate an accelerator's read-out: the circuit in it, on a column like those of its tiles.

The column has the accelerator's wires, conductances of its whole range, and as many of its rows as
ngspice runs quickly; the driver's voltage is such that the column's currents fill the read-out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Ohmic
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Dac, Readout
from xbar_circuit.tile import Tile, calibrate

__all__ = ["calibrate_readout"]

_FILLED = 0.75  # of the ideal range, so that offsets of the circuit leave room
_ROWS = 64  # of the column that loads the circuit while it is calibrated


def calibrate_readout(
    accelerator: Accelerator,
    *,
    rng: np.random.Generator,
    celsius: float | None = None,
    samples: int = 24,
    held_out: int = 12,
    rows: int = _ROWS,
    analog: bool = True,
    folder: str | Path | None = None,
    time_limit_second: float | None = 1200.0,
    progress: Callable[[int], object] | None = None,
) -> Accelerator:
    """Return the accelerator with a model of its read-out, fitted to ngspice.

    Parameters
    ----------
    accelerator
        Its read-out, wires, terminals and conductance range are used; linear cells stand in the
        column whatever its own are, as the model is the read-out's.
    rng
        Draws conductances and inputs.
    celsius
        Temperature [degree Celsius]; None is 27. Models that the accelerator has of other
        temperatures are kept.
    samples, held_out
        Number of products for the fit, and held out.
    rows
        Of the column, at most those of a tile.
    analog
        Whether the amplifier's noise and settling are measured too.
    folder
        Where decks and answers are kept; the same call resumes there after an interruption.
    time_limit_second
        Time allowed to each ngspice run [s].
    progress
        Called with the number of products of each run that is done.

    Returns
    -------
    Accelerator
        The same with the fitted model, which states its held-out error.

    Raises
    ------
    ParameterError
        The read-out's range is unknown, or too few codes fall inside it.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    readout, synapse = accelerator.readout, accelerator.synapse
    shape = min(rows, accelerator.rows), 2 if readout.subtracts_before else 1
    mean = 0.5 * (synapse.g_min_siemens + synapse.g_max_siemens)
    spread = rng.uniform(synapse.g_min_siemens, synapse.g_max_siemens, shape)
    volt = _FILLED * reach_ampere(readout) / (shape[0] * mean)
    column = Tile(
        Crossbar(
            conductance=spread,
            cell=Ohmic(),
            wires=accelerator.wires,
            terminals=accelerator.terminals,
        ),
        Dac(bits=12, full_scale_volt=volt),
        readout,
        celsius=celsius,  # type: ignore[arg-type]  # None is 27
    )
    model = calibrate(
        column,
        rng=rng,
        samples=samples,
        held_out=held_out,
        analog=analog,
        folder=folder,
        time_limit_second=time_limit_second,
        progress=progress,
    ).fast_model
    others = tuple(one for one in accelerator.models if not one.holds_at(column.celsius))
    return replace(accelerator, model=(model, *others) if others else model)


def reach_ampere(readout: Readout) -> float:
    """Return the largest current of either sign that ideal parts would still tell apart [A].

    Raises
    ------
    ParameterError
        The parts do not say.
    """
    converter = readout.converter
    low, high = converter.input_low, converter.input_high
    start, slope = 0.0, 1.0
    if readout.amplifier is not None and readout.amplifier.output_unit == "V":
        start, slope = readout.amplifier.ideal_line
    room = min(start - low, high - start) / abs(slope)
    if not math.isfinite(room) or room <= 0.0:
        raise ParameterError.about(
            "readout",
            got="one whose range for currents of both signs is unknown",
            expected="an amplifier whose reference lies within its converter's range",
            remedy="set reference_volt, low_volt and high_volt, or calibrate a tile of your own",
        )
    return room
