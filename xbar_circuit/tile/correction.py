"""Gain and offset of every column, measured and corrected, as a chip does it.

Mismatch of the converters, offsets of the amplifiers and what the wires lose give every column a
line of its own between the dot product and the code. A chip measures known products once, and from
then on corrects each column's codes digitally by its own gain and offset.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.peripherals import Readout
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.tile.calibrate import random_inputs
from xbar_circuit.tile.tile import Tile

__all__ = ["ColumnCorrection", "IdealScale", "calibrate_columns"]


class IdealScale:
    """The ideal read-out: from a current, or from a converter's input, to a place among its codes.

    Code k of an ideal converter lies between k and k + 1 steps; its middle is called k here.

    Parameters
    ----------
    readout
        The read-out, whose converter's range and whose amplifier's ideal line count.

    >>> from xbar_circuit.peripherals import IdealConverter
    >>> scale = IdealScale(Readout(converter=IdealConverter(bits=3, low=0.0, high=8e-6)))
    >>> scale.of_current(np.array([0.5e-6, 4e-6])).round(9).tolist()
    [0.0, 3.5]
    """

    def __init__(self, readout: Readout) -> None:
        converter = readout.converter
        levels = converter.levels
        self._low = converter.input_low
        self._lsb = (converter.input_high - converter.input_low) / levels
        amplifier = readout.amplifier
        self._start, self._slope = (0.0, 1.0) if amplifier is None else amplifier.ideal_line

    def of_input(self, value: FloatArray) -> FloatArray:
        """Return the position of converter inputs among the codes.

        Parameters
        ----------
        value
            Converter inputs [V or A], any shape.

        Returns
        -------
        FloatArray
            Position [LSB], of the shape of `value`; a whole number is the middle of a code.
        """
        result: FloatArray = (value - self._low) / self._lsb - 0.5
        return result

    def of_current(self, ampere: FloatArray) -> FloatArray:
        """Return the position of column currents among the codes.

        Parameters
        ----------
        ampere
            Currents [A], any shape.

        Returns
        -------
        FloatArray
            Position [LSB], of the shape of `ampere`; a whole number is the middle of a code.
        """
        return self.of_input(self._start + self._slope * ampere)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnCorrection:
    """The line of every column: ``code = gain * ideal + offset``.

    gain : dimensionless (columns,).
    offset_lsb : offset [LSB] (columns,).
    gain_sigma, offset_sigma_lsb : their standard errors, in the same units.
    before_lsb, after_lsb : rms error of the codes that it was fitted to, without and with the
        correction [LSB] (columns,).
    """

    gain: FloatArray
    offset_lsb: FloatArray
    gain_sigma: FloatArray
    offset_sigma_lsb: FloatArray
    before_lsb: FloatArray
    after_lsb: FloatArray

    @classmethod
    def fitted(cls, ideal: ArrayLike, code: ArrayLike, *, levels: int) -> ColumnCorrection:
        """Fit every column's line; codes at either end of the range do not count.

        Parameters
        ----------
        ideal
            Dot products on the ideal converter's scale [LSB], (products, columns).
        code
            Output codes (products, columns): simulated, or measured on a chip.
        levels
            Number of codes.

        Returns
        -------
        ColumnCorrection
            Gain [1] and offset [LSB] of every column (columns,), with their standard errors.

        Raises
        ------
        ShapeError, ParameterError
            The shapes differ, or a column has fewer than three codes inside its range.

        >>> ideal = [[1.0], [3.0], [5.0], [6.0]]
        >>> line = ColumnCorrection.fitted(ideal, [[3], [7], [11], [13]], levels=16)
        >>> round(float(line.gain[0]), 9), round(float(line.offset_lsb[0]), 9)
        (2.0, 1.0)
        """
        wanted, got = np.asarray(ideal, dtype=np.float64), np.asarray(code, dtype=np.float64)
        if wanted.ndim != 2 or wanted.shape != got.shape:
            raise ShapeError.about(
                "code",
                got=f"shape {got.shape}",
                expected=f"shape {wanted.shape} (products, columns), as the ideal",
                remedy="give one code for each product and column",
            )
        lines = []
        for j in range(got.shape[1]):
            inside = (got[:, j] > 0) & (got[:, j] < levels - 1)
            x, y = wanted[inside, j], got[inside, j]
            if x.size < 3 or np.ptp(x) == 0.0:
                raise ParameterError.about(
                    "products",
                    got=f"{x.size} codes of column {j} inside its range",
                    expected="at least three, of different products",
                    remedy="give more products, or inputs that fit the range",
                )
            (gain, offset), covariance = np.polyfit(x, y, 1, cov="unscaled")
            rest = y - gain * x - offset
            spread = np.sqrt(np.diag(covariance) * float(rest @ rest) / max(x.size - 2, 1))
            before = np.sqrt(np.mean((y - x) ** 2))
            lines.append((gain, offset, *spread, before, np.sqrt(np.mean((rest / gain) ** 2))))
        return cls(**dict(zip(cls.__slots__, np.array(lines).T, strict=True)))

    def apply(self, code: CodeArray | FloatArray) -> FloatArray:
        """Return the corrected codes.

        Parameters
        ----------
        code
            Codes (batch, columns).

        Returns
        -------
        FloatArray
            Real numbers on the ideal scale [LSB], (batch, columns).
        """
        result: FloatArray = (code - self.offset_lsb) / self.gain
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            Field -> list of one number for each column.
        """
        return {name: values.tolist() for name, values in dataclasses.asdict(self).items()}


def calibrate_columns(
    tile: Tile,
    *,
    rng: np.random.Generator,
    products: int = 64,
    target: ArrayLike | None = None,
    noise: bool = True,
    engine: str = "fast",
    array: str = "full",
    folder: str | Path | None = None,
) -> ColumnCorrection:
    """Measure known products and return the correction of every column.

    Parameters
    ----------
    tile
        With one converter a column and one read a product.
    rng
        Draws the inputs and the converters' noise.
    products
        Number of products.
    target
        Target conductances (rows, cols) [S]; None uses those of the crossbar.
    noise
        Whether the conversions are noisy.
    engine, array, folder
        As in :meth:`Tile.mvm`.

    Returns
    -------
    ColumnCorrection
        Gain, dimensionless, and offset [LSB] of every column (cols,), with their standard errors.

    Raises
    ------
    ParameterError, ShapeError
        An argument does not fit, or a column leaves its range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    checks.count("products", products, minimum=3)
    if tile.driver.read_count > 1 or tile.readout.difference is not None:
        raise ParameterError.about(
            "tile",
            got=f"{tile.driver.read_count} reads a product, difference {tile.readout.difference!r}",
            expected="one read per product and one converter per column",
            remedy="fit measured codes with ColumnCorrection.fitted",
        )
    wanted = tile.crossbar.conductance
    if target is not None:
        wanted = checks.conductance_matrix("target", target)
        if wanted.shape != tile.crossbar.shape:
            raise ShapeError.about(
                "target",
                got=f"shape {wanted.shape}",
                expected=f"shape {tile.crossbar.shape}, as the crossbar",
                remedy="give the conductances that were asked of its devices",
            )
    x = random_inputs(rng, products, tile.crossbar.rows)
    ideal = IdealScale(tile.readout).of_current(x * tile.full_scale_volt @ wanted)
    measured = tile.mvm(x, engine=engine, array=array, folder=folder, rng=rng if noise else None)
    return ColumnCorrection.fitted(ideal, measured.code, levels=tile.readout.converter.levels)
