"""What is measured of a column: its codes, and their error by cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["CAUSES", "ColumnReport"]

#: In the order of the signal's way.
CAUSES = ("driver", "device", "wire", "amplifier", "converter")


@brief(lambda self: headline(self, self.name, "gain", "offset_lsb", "readout_joule"), table=True)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnReport:
    """The error of a column's codes.

    Parameters
    ----------
    name, engine, array, rows, column, bits
        What was measured, how, and where.
    ideal_code
        Where the ideal dot product lies on the ideal converter's scale (products,), a real number:
        k at the middle of code k.
    code
        Output codes (products,).
    error_lsb
        Error by cause, (products,) each; they add up to ``code - ideal_code``.
    gain, offset_lsb
        Of the best line ``code = gain * ideal + offset``, as a chip's calibration would find it.
    calibrated_error_lsb
        Residual of that line, divided by the gain (products,).
    product_second
        Time of a product [s].
    readout_joule
        Energy of the column's read-out in a product [J]; NaN if not measured.
    simulator_second
        Time inside ngspice [s]; 0 for the fast engine.
    """

    name: str
    engine: str
    array: str
    rows: int
    column: int
    bits: int
    ideal_code: FloatArray
    code: CodeArray
    error_lsb: Mapping[str, FloatArray]
    gain: float
    offset_lsb: float
    calibrated_error_lsb: FloatArray
    product_second: float
    readout_joule: float
    simulator_second: float

    @property
    def total_error_lsb(self) -> FloatArray:
        """Code less ideal (products,) [LSB]."""
        result: FloatArray = self.code - self.ideal_code
        return result

    def rms(self, cause: str | None = None) -> float:
        """Return the root mean square of an error over the products.

        Parameters
        ----------
        cause
            One of `CAUSES`; None is the whole error.

        Returns
        -------
        float
            [LSB].
        """
        return float(np.sqrt(np.mean(self._error(cause) ** 2)))

    def worst(self, cause: str | None = None) -> float:
        """Return the largest magnitude of an error over the products.

        Parameters
        ----------
        cause
            One of `CAUSES`; None is the whole error.

        Returns
        -------
        float
            [LSB].
        """
        return float(np.abs(self._error(cause)).max())

    def mean(self, cause: str | None = None) -> float:
        """Return the mean of an error over the products.

        Parameters
        ----------
        cause
            One of `CAUSES`; None is the whole error.

        Returns
        -------
        float
            [LSB].
        """
        return float(self._error(cause).mean())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The fields by name, and the root mean square of each error [LSB]; an energy that was not
            measured is None.
        """
        content: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("ideal_code", "code", "calibrated_error_lsb"):
            content[name] = content[name].tolist()
        content["error_lsb"] = {name: e.tolist() for name, e in self.error_lsb.items()}
        if not np.isfinite(self.readout_joule):
            content["readout_joule"] = None
        content["rms_lsb"] = {name: self.rms(name) for name in self.error_lsb}
        return content | {
            "rms_error_lsb": self.rms(),
            "rms_calibrated_lsb": float(np.sqrt(np.mean(self.calibrated_error_lsb**2))),
        }

    def _error(self, cause: str | None) -> FloatArray:
        return self.total_error_lsb if cause is None else self.error_lsb[cause]
