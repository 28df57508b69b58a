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
from scipy import constants, sparse

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal.grid import Grid, laplacian
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.solve import read
from xbar_circuit.nodal.sparse import factorise

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
        """Return the noise of each column integrated over the frequencies (cols,) [A]."""
        power = self.total
        band = np.diff(self.hertz)[:, np.newaxis]
        return np.asarray(np.sqrt((0.5 * band * (power[1:] + power[:-1])).sum(axis=0)))


def noise(
    crossbar: Crossbar,
    volts: ArrayLike,
    hertz: ArrayLike,
    *,
    kelvin: float = 300.15,
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
    kelvin
        Temperature [K]; the default is ngspice's 27 C.
    shot
        Whether the devices have full shot noise ``2 q |I|``.
    flicker
        K of the devices' 1/f noise ``K I^2 / f``, dimensionless.

    Raises
    ------
    ParameterError
        The cells are not linear, a frequency is not above 0, or a setting is out of range.
    ShapeError
        `volts` is not one vector that fits.
    """
    refuse_nonlinear(crossbar, "nodal.noise")
    temperature = checks.number("kelvin", kelvin, "K", above=True)
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
    """The adjoint network of a crossbar."""

    def __init__(self, crossbar: Crossbar, device: FloatArray) -> None:
        self._grid = grid = Grid.of(crossbar)
        self._rows, self._cols = crossbar.shape
        self._matrix = laplacian(
            [*grid.branches, (grid.row_node, grid.column_node, device)], grid.size
        )
        self._capacitance = np.zeros(grid.size)
        np.add.at(self._capacitance, grid.row_node, crossbar.wires.row_farad)
        np.add.at(self._capacitance, grid.column_node, crossbar.wires.column_farad)

    def squares(self, hertz: float, densities: list[FloatArray]) -> list[FloatArray]:
        """Return ``sum S |z_a - z_b|^2`` over devices for each density, then over the wires.

        `densities` (rows, cols) each; results (cols,).
        """
        grid, n = self._grid, self._grid.unknowns
        omega = 2.0 * np.pi * hertz
        matrix = self._matrix.astype(complex) if self._capacitance.any() else self._matrix
        if self._capacitance.any():
            matrix = sparse.csr_array(matrix + sparse.diags_array(1j * omega * self._capacitance))
        factors = factorise(sparse.csc_array(matrix[:n, :n]))
        results: list[list[FloatArray]] = [[] for _ in range(len(densities) + 1)]
        for start in range(0, self._cols, _CHUNK):
            columns = np.arange(start, min(start + _CHUNK, self._cols))
            sense = n + self._rows + columns
            z = np.zeros((grid.size, len(columns)), dtype=matrix.dtype)
            z[sense, np.arange(len(columns))] = 1.0
            if factors is not None:
                z[:n] = factors.solve(-matrix[:n][:, sense].toarray())
            gain = np.abs(z[grid.row_node] - z[grid.column_node]) ** 2
            for k, density in enumerate(densities):
                results[k].append(np.einsum("ij,ijc->c", density, gain))
            wires = np.zeros(len(columns))
            for a, b, siemens in grid.branches:
                reach = np.abs(z[a.ravel()] - z[b.ravel()]) ** 2
                wires += siemens.ravel() @ reach
            results[-1].append(wires)
        return [np.concatenate(part) for part in results]
