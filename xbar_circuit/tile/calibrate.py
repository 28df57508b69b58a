"""Calibrate a tile: run random products in ngspice, fit the read-out's fast model, hold some back.

The bit line's voltage against its current gives the read-out's input resistance and voltage. With
these the fast engine knows the current of every column, and the codes say what the converter must
have seen: the middle of the code. The polynomial between the two is the model.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from xbar_circuit import checks
from xbar_circuit.calibration import HeldOut, ReadoutModel, fit_curve
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.tile.tile import Tile

__all__ = ["calibrate", "code_middles", "random_inputs"]

_PER_CODE = 32


def calibrate(
    tile: Tile,
    *,
    rng: np.random.Generator,
    samples: int = 64,
    held_out: int = 32,
    degree: int = 1,
    array: str = "full",
    time_limit_second: float | None = 600.0,
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
        Of the polynomial: 1 for offset and gain, 3 for compression.
    array
        As in :meth:`Tile.mvm`.
    time_limit_second
        Time allowed to each ngspice run [s].

    Raises
    ------
    ParameterError
        Too few codes fall inside the converter's range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    checks.count("samples", samples, minimum=2)
    checks.count("held_out", held_out)
    checks.count("degree", degree, minimum=0, maximum=7)
    rows, cols = tile.crossbar.shape
    x = random_inputs(rng, samples + held_out, rows)
    volts = tile.volts(x)
    vectors = tuple(
        name for j in range(cols) for name in (f"v(bit_{j},reference)", f"i(vsense_{j})")
    )
    answers = tile.in_spice(
        volts, array=array, vectors=vectors, time_limit_second=time_limit_second
    )
    codes = np.concatenate([answer.codes for answer in answers])
    read = {name: np.concatenate([a.values[name] for a in answers]) for name in vectors}
    sensed = np.column_stack([read[f"i(vsense_{j})"] for j in range(cols)])
    bit = np.column_stack([read[f"v(bit_{j},reference)"] for j in range(cols)])
    fitted = slice(0, samples)
    if np.ptp(sensed[fitted]) == 0.0:
        raise ParameterError.about(
            "samples",
            got="products without any column current",
            expected="currents to calibrate with",
            remedy="check conductances and driver",
        )
    ohm, volt = np.polyfit(sensed[fitted].ravel(), bit[fitted].ravel(), 1)
    scale = float(np.abs(sensed[fitted]).max())
    start = ReadoutModel(
        input_ohm=float(max(ohm, 0.0)),
        input_volt=float(volt),
        scale_ampere=scale,
        coefficients=(0.0,),
    )
    current = tile.with_model(start).column_current(volts)
    converter = tile.readout.converter
    lsb = (converter.input_high - converter.input_low) / 2**converter.bits
    middles = code_middles(converter)
    inside = (codes > 0) & (codes < 2**converter.bits - 1)
    inside[samples:] = False
    values, sigmas, left = fit_curve(
        current[inside], middles[codes[inside]], scale_ampere=scale, degree=degree
    )
    model = dataclasses.replace(
        start,
        coefficients=tuple(values.tolist()),
        sigmas=tuple(sigmas.tolist()),
        residual_lsb=left / lsb,
    )
    rest = slice(samples, None)
    judged = HeldOut.between(tile.with_model(model).codes_of(current[rest]), codes[rest])
    return tile.with_model(dataclasses.replace(model, held_out=judged, key=tile.key))


def random_inputs(rng: np.random.Generator, count: int, rows: int) -> FloatArray:
    """Return inputs from -1 to 1 (count, rows) whose sums spread over the whole range.

    Independent numbers alone would all give sums near zero; each vector also gets a common part.
    """
    spread = rng.uniform(0.2, 1.0, (count, 1))
    common = (1.0 - spread) * rng.uniform(-1.0, 1.0, (count, 1))
    result: FloatArray = common + spread * rng.uniform(-1.0, 1.0, (count, rows))
    return result


def code_middles(converter: Converter) -> FloatArray:
    """Return the middle of the inputs that give each code (levels,) [V or A].

    A code that no input gives has the middle it would have in an ideal converter.
    """
    levels, span = 2**converter.bits, converter.input_high - converter.input_low
    count = 3 * levels * _PER_CODE  # an offset may put the codes anywhere within a range's width
    inputs = converter.input_low - span + 3.0 * span * (np.arange(count) + 0.5) / count
    codes = converter.convert(inputs)
    hits = np.bincount(codes, minlength=levels)
    sums = np.bincount(codes, weights=inputs, minlength=levels)
    ideal = converter.input_low + span * (np.arange(levels) + 0.5) / levels
    return np.where(hits > 0, sums / np.maximum(hits, 1), ideal)
