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
from numpy.typing import NDArray

from xbar_circuit import checks, spice
from xbar_circuit.calibration import HeldOut, ReadoutModel, fit_curve
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import CodeArray, Converter, ConverterBase
from xbar_circuit.tile.analog import amplifier_noise, amplifier_settling
from xbar_circuit.tile.tile import Tile

__all__ = ["calibrate", "code_edges", "random_inputs"]

_PER_CODE = 32
_DEGREES = (1, 3, 5)
_BETTER = 0.97  # by what a higher degree must lower the residual
_SATURATED = 1.0  # LSB away from the polynomial at the ends of the range


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
    folder: str | Path | None = None,
    time_limit_second: float | None = 600.0,
    progress: Callable[[int], object] | None = None,
) -> Tile:
    """Return the tile with a model fitted to ngspice.

    Parameters
    ----------
    tile
        What to calibrate; its own model is not used.
    rng
        Draws the inputs.
    samples
        Products to fit to.
    held_out
        Further products that only judge the fit.
    degree
        Of the polynomial: 1 for offset and gain, 3 for compression; None takes the smallest of 1,
        3 and 5 beyond which the fit no longer improves by 3 %.
    array
        As in :meth:`Tile.mvm`.
    columns
        Columns that get a read-out in ngspice and are fitted together; None is all. One column of
        a large array, with its macromodel, calibrates the read-out of all of them.
    analog
        Whether the amplifier's settling and noise are measured too.
    folder
        Where decks and answers are kept; the same call goes on there after a break.
    time_limit_second
        Time allowed to each ngspice run [s].
    progress
        Called with the number of products of each run that is done.

    Raises
    ------
    ParameterError
        Too few codes fall inside the converter's range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    checks.count("samples", samples, minimum=2)
    checks.count("held_out", held_out)
    if degree is not None:
        checks.count("degree", degree, minimum=0, maximum=7)
    rows, cols = tile.crossbar.shape
    chosen = tuple(range(cols)) if columns is None else tuple(sorted(columns))
    drawn = random_inputs(rng, samples + held_out, rows)
    x = np.concatenate([drawn, np.ones((1, rows)), -np.ones((1, rows))])
    volts = tile.volts(x)
    measured = _measure(
        tile,
        volts,
        chosen,
        array=array,
        folder=folder,
        time_limit_second=time_limit_second,
        progress=progress,
    )
    fitted = slice(0, samples)
    start = _input(measured, fitted)
    current = tile.with_model(start).column_current(volts)[:, chosen]
    edges = code_edges(tile.readout.converter)
    lsb = (tile.readout.converter.input_high - tile.readout.converter.input_low) / (edges.size + 1)
    low, high = _limits(measured, current, fitted, lsb)
    inside = (measured.codes > 0) & (measured.codes < edges.size)
    inside[samples:] = False
    if measured.entering is not None:  # what the amplifier clips says nothing of its curve
        inside &= (measured.entering > low + lsb) & (measured.entering < high - lsb)
    middles = _middles(edges, tile.readout.converter)
    values, sigmas, left = _fit(
        current[inside], middles[measured.codes[inside]], start.scale_ampere, degree
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
        provenance=dataclasses.replace(tile.provenance, simulator=spice.simulator().version),
    )
    if analog:
        model = dataclasses.replace(
            model, noise=amplifier_noise(tile), settling=amplifier_settling(tile)
        )
    rest = slice(samples, samples + held_out)
    judged = HeldOut.between(tile.with_model(model).codes_of(current[rest]), measured.codes[rest])
    return tile.with_model(dataclasses.replace(model, held_out=judged))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measured:
    """What ngspice said of products, (products, columns) each.

    bit : voltage of the bit line over the reference [V].
    sensed : current into the read-out [A].
    entering : amplifier's output when the converter has taken it [V]; None without an amplifier.
    supply_watt : of all circuits.
    """

    codes: CodeArray
    bit: FloatArray
    sensed: FloatArray
    entering: FloatArray | None
    supply_watt: float


def _measure(tile: Tile, volts: FloatArray, columns: Sequence[int], **settings: Any) -> _Measured:
    amplified = tile.readout.amplifier is not None
    names = [("bit", "v(bit_{},reference)"), ("sensed", "i(vsense_{})")]
    if amplified:
        names.append(("entering", "v(out_{})"))
    vectors = tuple(form.format(j) for _, form in names for j in columns)
    answers = tile.in_spice(volts, columns=columns, vectors=vectors, **settings)

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
    best = fit_curve(ampere, entering, scale_ampere=scale, degree=_DEGREES[0])
    for more in _DEGREES[1:]:
        if ampere.size <= 4 * more:
            break
        found = fit_curve(ampere, entering, scale_ampere=scale, degree=more)
        freedom = [ampere.size - len(values) for values, _, _ in (best, found)]
        if found[2] / np.sqrt(freedom[1]) > _BETTER * best[2] / np.sqrt(freedom[0]):
            break
        best = found
    return best


def _limits(
    measured: _Measured, current: FloatArray, fitted: slice, lsb: float
) -> tuple[float, float]:
    """Return where the amplifier's output stops at the largest inputs; infinite where it does not.

    The last two products are the largest inputs. Where the output is more than an LSB short of the
    line through the middle of the others, it has stopped.
    """
    if measured.entering is None:
        return -np.inf, np.inf
    ampere, out = current[fitted].ravel(), measured.entering[fitted].ravel()
    near = np.abs(ampere) <= np.quantile(np.abs(ampere), 0.5)
    if near.sum() < 3:
        return -np.inf, np.inf
    line = np.polyfit(ampere[near], out[near], 1)
    ends, reached = current[-2:].ravel(), measured.entering[-2:].ravel()
    wanted = np.polyval(line, ends)
    middle = float(np.polyval(line, 0.0))
    short = np.abs(wanted - middle) - np.abs(reached - middle) > _SATURATED * lsb
    highs = reached[short & (wanted > middle)]
    lows = reached[short & (wanted < middle)]
    # an output that is merely compressed keeps moving; only one that all have reached is an end
    top = np.max(highs) if highs.size and np.ptp(highs) < lsb else np.inf
    bottom = np.min(lows) if lows.size and np.ptp(lows) < lsb else -np.inf
    return float(bottom), float(top)


def random_inputs(rng: np.random.Generator, count: int, rows: int) -> FloatArray:
    """Return inputs from -1 to 1 (count, rows) whose sums spread over the whole range.

    Independent numbers alone would all give sums near zero; each vector also gets a common part.
    """
    spread = rng.uniform(0.2, 1.0, (count, 1))
    common = (1.0 - spread) * rng.uniform(-1.0, 1.0, (count, 1))
    result: FloatArray = common + spread * rng.uniform(-1.0, 1.0, (count, rows))
    return result


def code_edges(converter: Converter) -> FloatArray:
    """Return the converter's thresholds without noise (levels - 1,) [V or A], rising.

    Our own tell theirs by bisection of ``convert``; a code that no input gives has no width.
    """
    levels, span = 2**converter.bits, converter.input_high - converter.input_low
    wanted: NDArray[np.int64] = np.arange(1, levels)
    bottom = np.full(levels - 1, converter.input_low - span)
    top = np.full(levels - 1, converter.input_high + span)
    plain = converter.convert_with if isinstance(converter, ConverterBase) else None
    for _ in range(50):
        middle = 0.5 * (bottom + top)
        codes = plain(middle, None) if plain is not None else converter.convert(middle)
        above = codes >= wanted
        top, bottom = np.where(above, middle, top), np.where(above, bottom, middle)
    result: FloatArray = np.maximum.accumulate(top)
    return result


def _middles(edges: FloatArray, converter: Converter) -> FloatArray:
    """Return the middle of the inputs that give each code (levels,) [V or A]."""
    lsb = (converter.input_high - converter.input_low) / (edges.size + 1)
    whole = np.concatenate([[edges[0] - lsb], edges, [edges[-1] + lsb]])
    middles: FloatArray = 0.5 * (whole[:-1] + whole[1:])
    return middles
