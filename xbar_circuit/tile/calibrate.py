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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import HeldOut, ReadoutModel, fit_curve
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import CodeArray, Converter
from xbar_circuit.peripherals.drivers import WordLines
from xbar_circuit.tile._analog import amplifier_noise, amplifier_settling
from xbar_circuit.tile.tile import Tile

__all__ = ["Calibration", "calibrate", "fit_readout", "random_inputs"]

_PER_CODE = 32
_DEGREES = (1, 3, 5)
_BETTER = 0.97  # by what a higher degree must lower the error of prediction
_ENDS = (1.0, 0.75)  # of the inputs' range, on all rows, where saturation is looked for
_STOPPED = 0.3  # of the amplifier's slope: less is saturation


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
        What to calibrate, at its temperature; its own model is not used.
    rng
        Draws the inputs.
    samples
        Number of products for the fit.
    held_out
        Number of held-out products.
    degree
        Of the polynomial: 1 for offset and gain, 3 for compression; None takes the smallest of 1,
        3 and 5 beyond which the error of prediction (leaving one out) no longer falls by 3 %.
    array
        As in :meth:`Tile.mvm`.
    columns
        Columns that get a read-out in ngspice and are fitted together; None is all. One column of
        a large array, with its macromodel, calibrates the read-out of all of them.
    analog
        Whether the amplifier's settling and noise are measured too.
    thresholds
        Of the converter's circuit, measured (``characterize_converter(...).thresholds``)
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
    spice_code, fast_code : of the circuit and of the model (products, columns).
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
    _edges(tile.readout.converter, thresholds)  # refused before anything is simulated
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
    wanted = samples + held_out  # the ends come on top, and are not told

    def told(done: int) -> None:
        nonlocal wanted
        if progress is not None and wanted:
            progress(min(done, wanted))
        wanted -= min(done, wanted)

    measured = _measure(
        tile,
        read,
        chosen,
        array=array,
        folder=folder,
        time_limit_second=time_limit_second,
        progress=told,
    )
    fitted = slice(0, samples)
    start = _input(measured, fitted)
    current = tile.with_model(start).column_current(read)
    entering = tile.digital.meet(current) if pairs else current[:, chosen]
    converter = tile.warm_readout.converter
    edges = _edges(converter, thresholds)
    lsb = (converter.input_high - converter.input_low) / (edges.size + 1)
    low, high = _limits(measured, entering, fitted)
    inside = (measured.codes > 0) & (measured.codes < edges.size)
    inside[samples:] = False
    if measured.entering is not None:  # what the amplifier clips says nothing of its curve
        inside &= (measured.entering > low + lsb) & (measured.entering < high - lsb)
    middles = _middles(edges, converter)
    values, sigmas, left = _fit(
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
        found = amplifier_noise(tile)
        model = dataclasses.replace(
            model,
            noise=found.rms,
            noise_hertz=found.hertz,
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


def _edges(converter: Converter, thresholds: ArrayLike | None) -> FloatArray:
    """Return the thresholds that the model converts by, rising [V or A].

    Raises
    ------
    ParameterError
        Measured ones are not as many as the converter has, or not all known.
    """
    own = converter.edges()
    if thresholds is None:
        return own
    measured = np.array(thresholds, dtype=np.float64)
    known = int(np.isfinite(measured).sum())
    if measured.shape != own.shape or known < own.size:
        raise ParameterError.about(
            "thresholds",
            got=f"{known} known of an array of shape {measured.shape}",
            expected=f"all {own.size} of the converter",
            remedy="measure every one: characterize_converter(..., search='bracketed')",
        )
    return np.sort(measured)  # a model that is not monotonic has none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measured:
    """What ngspice said of products, (products, columns) each.

    bit : voltage of the bit line over the reference [V].
    sensed : current into the read-out [A].
    entering : amplifier's output when the converter has taken it [V]; None without an amplifier.
    supply_watt : of all circuits.
    seconds : inside ngspice.
    """

    codes: CodeArray
    bit: FloatArray
    sensed: FloatArray
    entering: FloatArray | None
    supply_watt: float
    seconds: float


def _measure(tile: Tile, read: WordLines, columns: Sequence[int], **settings: Any) -> _Measured:
    amplified = tile.readout.amplifier is not None and not tile.readout.subtracts_before
    names = [("bit", "v(bit_{},reference)"), ("sensed", "i(vsense_{})")]
    if amplified:
        names.append(("entering", "v(out_{})"))
    vectors = tuple(form.format(j) for _, form in names for j in columns)
    answers = tile.in_spice(
        read,
        columns=None if tile.readout.subtracts_before else columns,
        vectors=vectors,
        **settings,
    )

    def gathered(form: str, kind: str) -> FloatArray:
        return np.column_stack(
            [
                np.concatenate([getattr(answer, kind)[form.format(j)] for answer in answers])
                for j in columns
            ]
        )

    weights = np.array([len(answer.codes) for answer in answers], dtype=np.float64)
    watts = np.array([sum(answer.supply_watt.values()) for answer in answers])
    return _Measured(
        codes=np.concatenate([answer.codes for answer in answers]),
        bit=gathered("v(bit_{},reference)", "values"),
        sensed=gathered("i(vsense_{})", "values"),
        entering=gathered("v(out_{})", "sampled") if amplified else None,
        supply_watt=float(weights @ watts / weights.sum()),
        seconds=sum(answer.seconds for answer in answers),
    )


def _input(measured: _Measured, fitted: slice) -> ReadoutModel:
    """Fit the read-out's input: its resistance and its voltage."""
    sensed, bit = measured.sensed[fitted].ravel(), measured.bit[fitted].ravel()
    if np.ptp(sensed) == 0.0:
        raise ParameterError.about(
            "samples",
            got="products without any column current",
            expected="currents to calibrate with",
            remedy="check conductances and driver",
        )
    if sensed.size > 4:
        (ohm, volt), covariance = np.polyfit(sensed, bit, 1, cov=True)
        sigmas = tuple(np.sqrt(np.maximum(np.diag(covariance), 0.0)).tolist())
    else:
        (ohm, volt), sigmas = np.polyfit(sensed, bit, 1), ()
    return ReadoutModel(
        input_ohm=float(max(ohm, 0.0)),
        input_volt=float(volt),
        input_sigmas=sigmas,
        scale_ampere=float(np.abs(sensed).max()),
        coefficients=(0.0,),
    )


def _fit(
    ampere: FloatArray, entering: FloatArray, scale: float, degree: int | None
) -> tuple[FloatArray, FloatArray, float]:
    """Fit the curve with the degree asked for, or the smallest that is good enough."""
    if degree is not None:
        return fit_curve(ampere, entering, scale_ampere=scale, degree=degree)
    best, least = _DEGREES[0], np.inf
    for candidate in _DEGREES:
        if ampere.size <= 3 * (candidate + 1) and candidate > _DEGREES[0]:
            break
        error = _prediction_error(ampere / scale, entering, candidate)
        if error > _BETTER * least:
            break
        best, least = candidate, error
    return fit_curve(ampere, entering, scale_ampere=scale, degree=best)


def _prediction_error(u: FloatArray, entering: FloatArray, degree: int) -> float:
    """Return the rms error at points left out one by one (Allen, Technometrics 16, 125, 1974)."""
    if u.size <= degree + 1:
        return np.inf
    basis = np.polynomial.polynomial.polyvander(u, degree)
    orthogonal = np.linalg.qr(basis)[0]
    rest = entering - orthogonal @ (orthogonal.T @ entering)
    leverage = np.minimum((orthogonal**2).sum(axis=1), 1.0 - 1e-9)
    return float(np.sqrt(np.mean((rest / (1.0 - leverage)) ** 2)))


def _limits(measured: _Measured, current: FloatArray, fitted: slice) -> tuple[float, float]:
    """Return where the amplifier's output stops; infinite where it does not.

    The last four products are all inputs at 1 and 0.75, and at their opposites. Where the slope
    from one to the next is a small part of the slope in the middle, the output has stopped.
    """
    low, high = -np.inf, np.inf
    if measured.entering is None:
        return low, high
    ampere, out = current[fitted].ravel(), measured.entering[fitted].ravel()
    near = np.abs(ampere) <= np.quantile(np.abs(ampere), 0.5)
    if near.sum() < 3 or np.ptp(ampere[near]) == 0.0:
        return low, high
    slope, middle = np.polyfit(ampere[near], out[near], 1)
    for full, less in ((-4, -3), (-2, -1)):
        moved = measured.entering[full] - measured.entering[less]
        wanted = slope * (current[full] - current[less])
        ended = measured.entering[full][np.abs(moved) < _STOPPED * np.abs(wanted)]
        if ended.size and ended.mean() > middle:
            high = float(ended.max())
        elif ended.size:
            low = float(ended.min())
    return low, high


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


def _middles(edges: FloatArray, converter: Converter) -> FloatArray:
    """Return the middle of the inputs that give each code (levels,) [V or A]."""
    lsb = (converter.input_high - converter.input_low) / (edges.size + 1)
    whole = np.concatenate([[edges[0] - lsb], edges, [edges[-1] + lsb]])
    middles: FloatArray = 0.5 * (whole[:-1] + whole[1:])
    return middles
