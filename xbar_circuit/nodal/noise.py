"""Noise of every column's output current, by the adjoint.

A noise current between two nodes reaches the sense terminal of column j in the ratio
``z_a - z_b``, where z are the node voltages that one volt at that terminal, all else at 0 V, would
cause (the adjoint network: R. Rohrer and others, IEEE J. Solid-State Circuits 6, 204, 1971). So one
solve a column gives the contributions of all sources,

    ``S_j = sum_branches S_branch |z_a - z_b|^2``,

with the densities ``4 k T g`` of each resistance (J. B. Johnson and H. Nyquist, 1928), and of each
device, if asked for, ``2 q |I|`` (shot) and ``K I^2 / f`` (1/f).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit._uneven import segment_ohm
from xbar_circuit.certificate import TOLERANCE, Elimination, certify
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.nodal._adjoint import turned
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.solve import read

__all__ = ["NoiseResult", "noise"]

_CHUNK = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoiseResult:
    """Power spectral densities of the column currents, one-sided, (frequencies, cols) [A^2/Hz].

    hertz : the frequencies (frequencies,) [Hz].
    device_thermal, wire_thermal, shot, flicker : the contributions; wires include leads and
        terminals.
    """

    hertz: FloatArray
    device_thermal: FloatArray
    wire_thermal: FloatArray
    shot: FloatArray
    flicker: FloatArray

    @property
    def total(self) -> FloatArray:
        """All contributions together (frequencies, cols) [A^2/Hz]."""
        return self.device_thermal + self.wire_thermal + self.shot + self.flicker

    def ampere_rms(self) -> FloatArray:
        """Return the noise of each column, integrated over the frequencies by the trapezoidal rule.

        Returns
        -------
        array
            Root mean square current (cols,) [A] from the first to the last frequency.

        Raises
        ------
        ParameterError
            There is only one frequency, which spans no band.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
        >>> xbar = xc.Crossbar(conductance=np.full((2, 2), 1e-5), wires=wires)
        >>> found = xc.nodal.noise(xbar, [0.1, 0.1], [1.0, 1e6])
        >>> (found.ampere_rms() * 1e12).round(1).tolist()  # picoamperes
        [575.8, 575.8]
        """
        if len(self.hertz) < 2:
            raise ParameterError.about(
                "hertz",
                got=f"{len(self.hertz)} frequency",
                expected="at least two, which span a band [Hz]",
                remedy="give nodal.noise the frequencies of the band, such as numpy.geomspace",
            )
        power = self.total
        band = np.diff(self.hertz)[:, np.newaxis]
        return np.asarray(np.sqrt((0.5 * band * (power[1:] + power[:-1])).sum(axis=0)))


def noise(
    crossbar: Crossbar,
    volts: ArrayLike,
    hertz: ArrayLike,
    *,
    celsius: float = 27.0,
    shot: bool = False,
    flicker: float = 0.0,
) -> NoiseResult:
    """Return the noise of a linear crossbar's column currents around a read.

    Parameters
    ----------
    crossbar
        The array, with its wire capacitances.
    volts
        The read voltages (rows,) [V], which set the bias currents of shot and 1/f noise.
    hertz
        Frequencies (frequencies,) or one [Hz].
    celsius
        Temperature [degree Celsius]; the default is ngspice's.
    shot
        Whether the devices have full shot noise ``2 q |I|``.
    flicker
        K of the devices' 1/f noise ``K I^2 / f``, dimensionless.

    Returns
    -------
    NoiseResult
        Power spectral densities of the column currents by cause and in total,
        (frequencies, cols) [A^2/Hz]; `NoiseResult.ampere_rms` integrates them to (cols,) [A].

    Raises
    ------
    ParameterError
        The cells are not linear, a frequency is not above 0, or a setting is out of range.
    ShapeError
        `volts` is not one vector that fits.
    ConvergenceError
        The noise of all resistances is not that of the admittance of the columns: resistances lie
        too far apart.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> found = noise(xbar, [0.2, 0.1], np.geomspace(1e3, 1e9, 7))
    >>> found.total.shape, found.ampere_rms().shape
    ((7, 3), (3,))
    """
    refuse_nonlinear(crossbar, "nodal.noise")
    freezing = constants.zero_Celsius
    temperature = freezing + checks.number(
        "celsius", celsius, "degree Celsius", minimum=-freezing, above=True
    )
    strength = checks.number("flicker", flicker, "1")
    frequencies = np.atleast_1d(np.array(hertz, dtype=np.float64))
    if (
        not (frequencies.ndim == 1 and frequencies.size and np.isfinite(frequencies).all())
        or (frequencies <= 0.0).any()
    ):
        raise ParameterError.about(
            "hertz", got=hertz, expected="frequencies > 0 [Hz]", remedy="give (frequencies,)"
        )
    inputs = checks.read_volts("volts", np.ravel(np.asarray(volts)), crossbar.rows)
    device = slopes(crossbar)
    current = read(crossbar, inputs).device_current[0]
    bias = {
        "shot": 2.0 * constants.e * np.abs(current) if shot else np.zeros_like(current),
        "flicker": strength * current**2,
    }
    network = _Network(crossbar, device)
    boltzmann = 4.0 * constants.k * temperature
    parts: dict[str, list[FloatArray]] = {
        name: [] for name in ("device_thermal", "wire_thermal", "shot", "flicker")
    }
    for f in frequencies:
        squares = network.squares(f, [device, bias["shot"], bias["flicker"]])
        parts["device_thermal"].append(boltzmann * squares[0])
        parts["shot"].append(squares[1])
        parts["flicker"].append(squares[2] / f)
        parts["wire_thermal"].append(boltzmann * squares[3])
    arrays = {name: np.array(values) for name, values in parts.items()}
    return NoiseResult(hertz=frequencies, **arrays)


class _Network:
    """The adjoint network of a crossbar: the array on its side, its columns driven."""

    def __init__(self, crossbar: Crossbar, device: FloatArray) -> None:
        self._bar, self._device = crossbar, device
        self._turned = turned(crossbar)

    def squares(self, hertz: float, densities: list[FloatArray]) -> list[FloatArray]:
        """Return ``sum S |z_a - z_b|^2`` over devices for each density, then over the wires.

        `densities` (rows, cols) each; results (cols,).

        Raises
        ------
        ConvergenceError
            The resistances do not add up to what Nyquist's theorem says of the columns.
        """
        bar, omega = self._bar, 2.0 * np.pi * hertz
        row, column = (
            1j * omega * farad for farad in (bar.wires.row_farad, bar.wires.column_farad)
        )
        charged = bool(row or column)
        device = self._device.T[np.newaxis]
        parts = []
        with threads():
            factors = Elimination(
                self._turned,
                device,
                device,
                row_leak=column if charged else 0.0,
                column_leak=row if charged else 0.0,
            )
            for start in range(0, bar.cols, _CHUNK):
                columns = np.arange(start, min(start + _CHUNK, bar.cols))
                drive = np.zeros((1, bar.cols, len(columns)))
                drive[0, columns, np.arange(len(columns))] = 1.0
                z = factors.solve(drive)
                gain = np.abs(z.row[0] - z.column[0]) ** 2
                squares = [np.einsum("ij,jic->c", density, gain) for density in densities]
                wires = self._wires(z.row[0], z.column[0], drive[0])
                own = columns, slice(None), np.arange(len(columns))
                leaving = device[0, columns] * (z.row[0][own] - z.column[0][own])
                admittance = (leaving + column * z.row[0][own]).sum(axis=1)
                parts.append([*squares, wires, admittance.real])
        *found, admittance = (np.concatenate(part) for part in zip(*parts, strict=True))
        _certify(found[0] + found[-1], admittance)
        return found

    def _wires(self, column: FloatArray, row: FloatArray, drive: FloatArray) -> FloatArray:
        """Return ``sum g |z_a - z_b|^2`` over segments, leads and terminals (vectors,).

        `column`, `row` : adjoint voltages of the nodes at the cells (cols, rows, vectors) [V];
        `drive` : of the sense terminals (cols, vectors) [V].
        """
        wires, ends = self._bar.wires, self._bar.terminals
        left, right = end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm)
        top, bottom = end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm)
        total = np.zeros(row.shape[-1])
        for field, axis, segment in ((row, 0, wires.row_ohm), (column, 1, wires.column_ohm)):
            if segment != 0.0:
                drops = np.abs(np.diff(field, axis=axis)) ** 2
                ohm = segment_ohm("wires", segment, (drops.shape[1], drops.shape[0]))
                total += np.einsum("ji,ijv->v", 1.0 / ohm, drops)
        for siemens, apart in (
            (left, row[0]),
            (right, row[-1]),
            (top, column[:, 0] - drive),
            (bottom, column[:, -1] - drive),
        ):
            if np.isfinite(siemens).all():
                each = np.broadcast_to(siemens, apart.shape[:1])
                total += each @ np.abs(apart) ** 2
        return total


def _certify(thermal: FloatArray, admittance: FloatArray) -> None:
    """Refuse resistances whose noise is not that of the columns' admittance.

    All of them together at one temperature have ``4 k T Re(Y)`` (H. Nyquist, Phys. Rev. 32, 110,
    1928), and the admittance follows from what leaves the column through its devices.

    Raises
    ------
    ConvergenceError
        They differ, or are not finite.
    """
    apart = np.abs(thermal - admittance)
    bad = certify(
        thermal[:, np.newaxis],
        (apart[:, np.newaxis], admittance[:, np.newaxis]),
        tolerance=TOLERANCE,
    )
    if bad.size:
        raise ConvergenceError(
            f"noise: got resistances whose noise is not that of the admittance of columns"
            f" {bad[:8].tolist()}, expected both within {TOLERANCE:g}; resistances lie too far"
            " apart: use 0 for an ideal wire and None for an open end"
        )
