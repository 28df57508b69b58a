"""The cells of an array that will be read: all that a read needs of their states, worked out once.

Newton asks the same cells for their currents again and again. What depends on u_a alone is kept,
and a table of where the voltage divides between heater and GST, over voltage and thickness: a start
so good that one step of Newton's iteration ends it. The answer is that of the law itself, whatever
the table says.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from xbar_circuit import _compiler as compiler
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm._numbers import PcmNumbers
from xbar_circuit.devices.pcm._read_law import CLOSED, ReadPoint

__all__ = ["ReadStates"]

_FEW = 64  # currents that are not worth loading the compiler for
_MANY = 1024  # cells that are worth a table of starts
_VOLTS, _LARGEST_VOLT = 128, 0.5  # of the table
_LINES = 64  # thicknesses of the table
_NARROW = 1e-3  # of ln of the thickness: less is no range


class ReadStates:
    """Cells that share their numbers, and their states.

    Parameters
    ----------
    numbers
        The numbers of the cells, one value each.
    thickness
        u_a of each cell [m], any shape.
    """

    def __init__(self, numbers: PcmNumbers, thickness: FloatArray) -> None:
        self.numbers, self.thickness = numbers, thickness
        self._prepared: tuple[Any, ...] | None = None

    def read(self, volt: FloatArray) -> ReadPoint:
        """Return current and slope at voltages [V] of the shape (..., *states).

        Raises
        ------
        ParameterError
            A voltage that switches a cell on or melts it.
        ConvergenceError
            See `_read_law.read`.
        """
        thickness = self.thickness
        whole = volt.shape[volt.ndim - thickness.ndim :] == thickness.shape
        if not whole or volt.size < _FEW or not compiler.available():
            return read_law.read(self.numbers, volt, thickness)
        loops = import_module("xbar_circuit.devices.pcm._read_loops")
        if self._prepared is None:
            self._prepared = self._prepare(loops)
        flat = np.ascontiguousarray(volt).reshape(-1, thickness.size)
        current, slope = np.empty((2, *flat.shape))
        if loops.read(flat, *self._prepared, current, slope):
            sample, cell = np.nonzero(np.isnan(current))
            exact = read_law.read(self.numbers, flat[sample, cell], thickness.reshape(-1)[cell])
            current[sample, cell], slope[sample, cell] = exact.current, exact.slope
        return ReadPoint(current=current.reshape(volt.shape), slope=slope.reshape(volt.shape))

    def _prepare(self, loops: Any) -> tuple[Any, ...]:
        """Return the numbers, the constants of each cell and the table of starts."""
        p = self.numbers
        melt = p.t_melt - p.t_amb
        crystal = law.crystal_ohm(p, np.asarray(np.inf), p.log_age)
        numbers = tuple(
            float(number)
            for number in (p.r_series, p.r_th, p.t_amb, melt, crystal, p.e_crystal, p.asym)
        )
        solid = law.solid_length(p, self.thickness.reshape(-1))
        cells = _constants(p, solid)
        none = np.zeros((0, 0))
        if cells.shape[1] < _MANY:
            return numbers, cells, 0.0, none
        z = np.log(solid)
        low, high = float(z.min()), float(z.max())
        step = max(high - low, _NARROW) / (_LINES - 3)
        lines = np.exp(low + step * (np.arange(_LINES) - 1.0))
        volts = np.linspace(0.0, _LARGEST_VOLT, _VOLTS)
        some = np.maximum(volts, 1e-6)[:, np.newaxis] + np.zeros(_LINES)
        current, slope = np.empty((2, *some.shape))
        loops.read(some, numbers, _constants(p, lines), 0.0, none, current, slope)
        ratio = 1.0 - numbers[0] * current / some
        for k in range(1, _VOLTS):  # beyond what the loops solve: any start will do
            ratio[k] = np.where(np.isnan(ratio[k]), ratio[k - 1], ratio[k])
        starts = np.concatenate([ratio[1:2], ratio]).T  # even in the voltage
        place = (z - low) / step
        at = np.minimum(place.astype(np.int64), _LINES - 4)
        cells[6] = at
        cells[7:11] = loops.weights(place - at)
        return numbers, cells, (_VOLTS - 1) / _LARGEST_VOLT, np.ascontiguousarray(starts)


def _constants(p: PcmNumbers, solid: FloatArray) -> FloatArray:
    """Return what `_read_loops.read` wants of each cell (12, cells); 6 to 10 are the table's."""
    double = 2.0 * BOLTZMANN_EV
    cells = np.zeros((12, len(solid)))
    cells[0] = law.barrier(p, solid, p.log_age)
    cells[1] = p.i_scale * p.trap_dz / double / solid
    cells[2] = p.trap_dz / (double * (solid + p.u_contact))
    cells[3] = p.g_liner / solid
    reach = law.span(p, solid, p.log_age)
    # y + reach/w*exp(y + 3) is below CLOSED here: the switch is closed, see `_read_law`
    y = CLOSED - reach / p.v_width * np.exp(CLOSED + 3.0)
    highest = np.maximum(law.threshold(p, solid, p.log_age) + p.v_width * y, 0.0)
    cells[4] = np.sqrt(np.maximum(highest**2 - law.ROUNDING_VOLT**2, 0.0))
    cells[5] = 1.0 - p.r_series * law.off_conductance(p, p.t_amb, solid)
    cells[11] = cells[1] * np.exp(-cells[0] / p.t_amb)
    return cells
