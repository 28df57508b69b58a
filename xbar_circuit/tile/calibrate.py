"""Calibrate a tile: run random products in ngspice, fit the read-out's fast model, hold some back.

The bit line's voltage against its current gives the read-out's input resistance and voltage. With
these the fast engine knows the current of every column, and the codes say what the converter must
have seen: the middle of the code. The polynomial between the two is the model. Two products at the
ends of the inputs' range tell where the amplifier saturates, a step how it settles, and a noise
analysis what it adds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import HeldOut
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.tile._analog import amplifier_noise, amplifier_settling
from xbar_circuit.tile._measured_products import measure_products
from xbar_circuit.tile._readout_fit import (
    curve_fit,
    input_fit,
    middles_of,
    output_limits,
    thresholds_of,
)
from xbar_circuit.tile.tile import Tile

__all__ = ["Calibration", "calibrate", "fit_readout", "random_inputs"]

_ENDS = (1.0, 0.75)  # of the inputs' range, on all rows, where saturation is looked for


def calibrate(
    tile: Tile,
    *,
    rng: np.random.Generator,
    samples: int = 64,
    held_out: int = 32,
    degree: int | None = None,
    array: str = "full",
    columns: Sequence[int] | None = None,
    analog: bool = True,
    thresholds: ArrayLike | None = None,
    folder: str | Path | None = None,
    time_limit_second: float | None = 600.0,
    progress: Callable[[int], object] | None = None,
) -> Tile:
    """Return the tile with a model fitted to ngspice.

    Parameters
    ----------
    tile
        Tile to calibrate, at its temperature; its own model is not used.
    rng
        Draws the inputs.
    samples
        Number of products for the fit.
    held_out
        Number of held-out products.
    degree
        Degree of the polynomial: 1 for offset and gain, 3 for compression; None takes the smallest
        of 1, 3 and 5 beyond which the error of prediction (leaving one out) no longer falls by 3 %.
    array
        As in :meth:`Tile.mvm`.
    columns
        Columns that get a read-out in ngspice and are fitted together; None is all. One column of
        a large array, with its macromodel, calibrates the read-out of all of them.
    analog
        Whether the amplifier's settling and noise are measured too.
    thresholds
        Thresholds of the converter's circuit, measured (``characterize_converter(...).thresholds``)
        ``(2**bits - 1,)`` [V or A]: the model converts by these, with all that a formula leaves
        out. None takes those of the converter's own fast model.
    folder
        Where decks and answers are kept; the same call resumes there after an interruption.
    time_limit_second
        Time allowed to each ngspice run [s].
    progress
        Called with how many more of `samples` and `held_out` are done, after each run.

    Returns
    -------
    Tile
        The same tile; `Tile.fast_model` states its held-out error.

    Raises
    ------
    ParameterError
        Too few codes fall inside the converter's range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    return fit_readout(
        tile,
        rng=rng,
        samples=samples,
        held_out=held_out,
        degree=degree,
        array=array,
        columns=columns,
        analog=analog,
        thresholds=thresholds,
        folder=folder,
        time_limit_second=time_limit_second,
        progress=progress,
    ).tile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """A calibrated tile and its held-out products.

    tile : with its model.
    x : the inputs that were held out (products, rows).
    current : the fast engine's for them, in the columns that were read (products, columns) [A].
    spice_code, fast_code : codes of the circuit and of the model (products, columns).
    simulator_second : mean time of a product in ngspice [s].
    """

    tile: Tile
    x: FloatArray
    current: FloatArray
    spice_code: CodeArray
    fast_code: CodeArray
    simulator_second: float


def fit_readout(
    tile: Tile,
    *,
    rng: np.random.Generator,
    samples: int = 64,
    held_out: int = 32,
    degree: int | None = None,
    array: str = "full",
    columns: Sequence[int] | None = None,
    analog: bool = True,
    thresholds: ArrayLike | None = None,
    folder: str | Path | None = None,
    time_limit_second: float | None = 600.0,
    progress: Callable[[int], object] | None = None,
) -> Calibration:
    """Calibrate a tile as :func:`calibrate` does, and return the held-out products too.

    Parameters
    ----------
    tile, rng, samples, held_out, degree, array, columns, analog, thresholds
        As for `calibrate`.
    folder, time_limit_second, progress
        As for `calibrate`.

    Returns
    -------
    Calibration
        The tile with its model, and codes of both engines on the products held out.

    Raises
    ------
    ParameterError
        As for `calibrate`.
    """
    checks.count("samples", samples, minimum=2)
    checks.count("held_out", held_out)
    if degree is not None:
        checks.count("degree", degree, minimum=0, maximum=7)
    thresholds_of(tile.readout.converter, thresholds)  # refused before anything is simulated
    rows, cols = tile.crossbar.shape
    pairs = tile.readout.subtracts_before
    if pairs and columns is not None:
        raise ParameterError.about(
            "columns",
            got=repr(columns),
            expected="None where pairs of columns share a converter",
            remedy="calibrate a tile of one pair",
        )
    chosen = tuple(range(cols)) if columns is None else tuple(sorted(columns))
    drawn = random_inputs(rng, samples + held_out, rows)
    x = np.concatenate(
        [drawn, *(sign * end * np.ones((1, rows)) for sign in (1, -1) for end in _ENDS)]
    )
    read = tile.one_read(x)
    wanted = samples + held_out  # the extreme inputs are extra, and are not reported

    def report_progress(done: int) -> None:
        nonlocal wanted
        if progress is not None and wanted:
            progress(min(done, wanted))
        wanted -= min(done, wanted)

    measured = measure_products(
        tile,
        read,
        chosen,
        array=array,
        folder=folder,
        time_limit_second=time_limit_second,
        progress=report_progress,
    )
    fitted = slice(0, samples)
    start = input_fit(measured, fitted)
    current = tile.with_model(start).column_current(read)
    entering = tile.digital.meet(current) if pairs else current[:, chosen]
    converter = tile.warm_readout.converter
    edges = thresholds_of(converter, thresholds)
    lsb = (converter.input_high - converter.input_low) / (edges.size + 1)
    low, high = output_limits(measured, entering, fitted)
    inside = (measured.codes > 0) & (measured.codes < edges.size)
    inside[samples:] = False
    if measured.entering is not None:  # what the amplifier clips says nothing of its curve
        inside &= (measured.entering > low + lsb) & (measured.entering < high - lsb)
    middles = middles_of(edges, converter)
    values, sigmas, left = curve_fit(
        entering[inside], middles[measured.codes[inside]], start.scale_ampere, degree
    )
    model = dataclasses.replace(
        start,
        coefficients=tuple(values.tolist()),
        sigmas=tuple(sigmas.tolist()),
        low=low,
        high=high,
        thresholds=tuple(edges.tolist()),
        residual_lsb=left / lsb,
        product_second=tile.period_second,
        readout_joule=tile.readout_joule(measured.supply_watt / len(chosen)),
        celsius=tile.celsius,
        provenance=dataclasses.replace(tile.provenance, simulator=spice.simulator().version),
    )
    if analog:
        own = amplifier_noise(tile)
        model = dataclasses.replace(
            model,
            noise=own.rms,
            noise_hertz=own.hertz,
            settling=amplifier_settling(tile),
        )
    rest = slice(samples, samples + held_out)
    fast = tile.with_model(model).codes_of(current[rest])
    if not pairs:
        fast = fast[:, chosen]
    judged = HeldOut.between(fast, measured.codes[rest])
    return Calibration(
        tile=tile.with_model(dataclasses.replace(model, held_out=judged)),
        x=x[rest],
        current=entering[rest],
        spice_code=measured.codes[rest],
        fast_code=fast,
        simulator_second=measured.seconds / len(x),
    )


def random_inputs(rng: np.random.Generator, count: int, rows: int) -> FloatArray:
    """Return inputs from -1 to 1 (count, rows) whose sums spread over the whole range.

    Independent numbers alone would all give sums near zero: each vector has a common part that is
    spread evenly from -1 to 1, and what room it leaves is filled by independent numbers.

    Parameters
    ----------
    rng
        Draws them.
    count
        Number of inputs.
    rows
        Number of rows.

    Returns
    -------
    numpy.ndarray
        (count, rows), dimensionless.

    >>> import numpy as np
    >>> random_inputs(np.random.default_rng(0), 4, 16).shape
    (4, 16)
    """
    common = rng.uniform(-1.0, 1.0, (count, 1))
    result: FloatArray = common + (1.0 - np.abs(common)) * rng.uniform(-1.0, 1.0, (count, rows))
    return result
