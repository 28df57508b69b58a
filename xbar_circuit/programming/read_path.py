"""The read path inside a programming loop: what the controller believes a cell to be.

A read at `read_volt` gives a current; noise of the amplifier and of the cell adds to it, and a
converter rounds it. The controller sees conductances on that grid only, which is what limits
program-and-verify in practice. :class:`ReadPath` is an ideal converter of some width,
:class:`CalibratedReadPath` the read-out of a tile as it was fitted to ngspice: its curve, its
limits, its noise and its own thresholds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.errors import ParameterError

__all__ = ["CalibratedReadPath", "ReadPath", "VerifyPath"]

_CURVE_POINTS = 4001  # of the controller's inverse of the read-out's curve


class VerifyPath(Protocol):
    """The read path of a programming loop."""

    @property
    def read_volt(self) -> float:
        """Read voltage [V]."""
        ...

    @property
    def read_second(self) -> float:
        """Duration of one read [s]."""
        ...

    def measure(self, current: FloatArray, *, rng: np.random.Generator) -> FloatArray:
        """Return the conductance that the controller measures.

        Parameters
        ----------
        current
            True currents of the cells [A], any shape.
        rng
            Draws the noise of the read.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `current`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPath:
    """Read voltage, converter and noise of the verify step.

    The defaults: 200 mV and 250 ns are those of Joshi et al. 2020; the converter's width and range
    are choices, a little above their 25 uS.

    Parameters
    ----------
    read_volt
        Read voltage [V].
    full_scale_siemens
        Conductance of the converter's largest code [S].
    bits
        Resolution; None is an ideal converter.
    noise_ampere
        Standard deviation of the path's own noise [A].
    relative_noise
        Standard deviation of the cell's noise in one read, relative to its current.
    read_second
        Duration of one read [s].

    >>> path = ReadPath(read_volt=0.2, full_scale_siemens=25.5e-6, bits=8)
    >>> round(float(path.step_siemens) * 1e6, 6)
    0.1
    """

    read_volt: float = 0.2
    full_scale_siemens: float = 30e-6
    bits: int | None = 8
    noise_ampere: float = 0.0
    relative_noise: float = 0.0
    read_second: float = 250e-9

    def __post_init__(self) -> None:
        for name, unit in (("read_volt", "V"), ("full_scale_siemens", "S"), ("read_second", "s")):
            value = checks.number(name, getattr(self, name), unit, above=True)
            object.__setattr__(self, name, value)
        for name in ("noise_ampere", "relative_noise"):
            object.__setattr__(self, name, checks.number(name, getattr(self, name), "A or 1"))
        if self.bits is not None:
            object.__setattr__(self, "bits", checks.count("bits", self.bits, maximum=24))

    @property
    def step_siemens(self) -> float:
        """Conductance of one converter code [S]; 0 for an ideal one."""
        return 0.0 if self.bits is None else self.full_scale_siemens / (2**self.bits - 1)

    def measure(self, current: FloatArray, *, rng: np.random.Generator) -> FloatArray:
        """Return the conductance that the controller measures: noisy, and rounded to a code.

        Parameters
        ----------
        current
            True currents of the cells [A], any shape.
        rng
            Draws the noise of path and cells.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `current`: a multiple of `step_siemens` from 0 to
            `full_scale_siemens`; with an ideal converter any number from 0.

        >>> path = ReadPath(full_scale_siemens=25.5e-6)
        >>> rng = np.random.default_rng(0)
        >>> (path.measure(np.array([1.01e-6]), rng=rng) * 1e6).round(6).tolist()
        [5.0]
        """
        noise = self.noise_ampere * rng.standard_normal(current.shape)
        noise += self.relative_noise * current * rng.standard_normal(current.shape)
        g = (current + noise) / self.read_volt
        if self.bits is None:
            return np.maximum(g, 0.0)
        code = np.clip(np.rint(g / self.step_siemens), 0, 2**self.bits - 1)
        return np.asarray(code * self.step_siemens)


@dataclass(frozen=True, kw_only=True)
class CalibratedReadPath:
    """The verify step through a tile's own read-out, calibrated against ngspice.

    The controller knows the nominal curve: it takes a code for the current whose converter input
    lies in the middle of that code.

    The defaults: 200 mV is the read voltage of Joshi et al. 2020; the largest conductance is a
    choice, a little above their 25 uS.

    Parameters
    ----------
    model
        A calibrated read-out, such as ``xc.tile.calibrate(tile, rng=rng).model``.
    read_volt
        Read voltage [V].
    relative_noise
        Standard deviation of the cell's noise in one read, relative to its current.
    largest_siemens
        Largest conductance to expect [S].

    Raises
    ------
    ParameterError
        A number out of range, a formula without thresholds, or a curve that turns around within the
        expected currents.
    """

    model: ReadoutModel
    read_volt: float = 0.2
    relative_noise: float = 0.0
    largest_siemens: float = 30e-6

    def __post_init__(self) -> None:
        for name, unit in (("read_volt", "V"), ("largest_siemens", "S")):
            value = checks.number(name, getattr(self, name), unit, above=True)
            object.__setattr__(self, name, value)
        noise = checks.number("relative_noise", self.relative_noise, "1")
        object.__setattr__(self, "relative_noise", noise)
        checks.instance(
            "model", self.model, ReadoutModel, example="xc.tile.calibrate(tile, rng=rng).model"
        )
        self.model.codes(np.zeros(1))  # refuses a formula
        self._siemens_of_code  # noqa: B018 - refuses a curve that turns around

    @property
    def read_second(self) -> float:
        """Duration of one read: a product of the tile [s]; 250 ns where the model has none."""
        second = self.model.product_second
        return second if math.isfinite(second) else 250e-9

    @cached_property
    def _siemens_of_code(self) -> FloatArray:
        """Return the conductance that the controller takes each code for (codes,) [S]."""
        current = np.linspace(0.0, self.largest_siemens * self.read_volt, _CURVE_POINTS)
        entering = self.model.converter_input(current)
        steps = np.diff(entering)
        if not ((steps >= 0.0).all() or (steps <= 0.0).all()) or not steps.any():
            raise ParameterError.about(
                "model",
                got="a curve that turns around, or does not move",
                expected=f"a monotone one up to {current[-1]:.3g} A",
                remedy="lower largest_siemens or read_volt, or fit with a lower degree",
            )
        ends = np.asarray(self.model.thresholds)
        middle = np.concatenate([ends[:1], 0.5 * (ends[1:] + ends[:-1]), ends[-1:]])
        order = slice(None) if steps.sum() > 0.0 else slice(None, None, -1)
        return np.asarray(np.interp(middle, entering[order], current[order]) / self.read_volt)

    def measure(self, current: FloatArray, *, rng: np.random.Generator) -> FloatArray:
        """Return the conductance that the controller measures through the tile's read-out.

        Parameters
        ----------
        current
            True currents of the cells [A], any shape.
        rng
            Draws the noise of cells and read-out.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `current`: that of the code by the nominal curve.
        """
        noisy = current * (1.0 + self.relative_noise * rng.standard_normal(current.shape))
        entering = self.model.converter_input(noisy)
        entering = entering + self.model.noise * rng.standard_normal(current.shape)
        code = np.searchsorted(np.asarray(self.model.thresholds), entering, side="right")
        return np.asarray(self._siemens_of_code[code])
