"""A calibrated read-out in the place of an ideal column converter.

The fast model of a read-out was fitted to ngspice in amperes; a layer's columns carry currents of
their own range. A chip matches the two by a programmable gain (a feedback resistor, a mirror's
ratio, a window) and a bias: here the range of the layer's currents is laid linearly upon the range
of currents that the read-out tells apart. Its codes are decoded as a chip does that has calibrated
its gain, and its offset without an input; compression, uneven thresholds and the rounding stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit.accelerator.converters import Converter
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.operators import Array

__all__ = ["CalibratedConverter"]

_GRID = 20001  # currents at which a curve is searched for its thresholds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedConverter:
    """A column converter made of a calibrated read-out.

    Parameters
    ----------
    step
        Current that one unit of its input and of its output stands for [A].
    edges
        Inputs at which the output changes, rising (codes - 1,) [step].
    values
        Outputs between them (codes,) [step].
    """

    step: float
    edges: Array
    values: Array

    @classmethod
    def fitted(cls, model: ReadoutModel, ideal: Converter) -> CalibratedConverter:
        """Return the read-out for the range of an ideal converter.

        Parameters
        ----------
        model
            The read-out.
        ideal
            Whose full scale and sign the layer's currents have.

        Raises
        ------
        ParameterError
            The model has no thresholds, or tells fewer than four currents apart.
        """
        currents, codes = _transitions(model)
        # the range in which it is calibrated: the outermost codes have no far end
        low, high = float(currents[0]), float(currents[-1])
        bottom = -ideal.full_scale if ideal.signed else 0.0
        gain = (ideal.full_scale - bottom) / (high - low)
        edges = bottom + (currents - low) * gain
        middles = 0.5 * (edges[1:] + edges[:-1])  # of codes[1:-1]
        # the bias puts the middle of a code upon no current: nothing in gives nothing out
        zero = int(np.abs(middles).argmin())
        edges = edges - middles[zero]
        slope = np.polyfit(codes[1:-1], middles, 1)[0]
        return cls(
            step=ideal.step,
            edges=(edges / ideal.step).astype(np.float32),
            values=(slope * (codes - codes[1 + zero]) / ideal.step).astype(np.float32),
        )

    def round(self, scaled: Array) -> Array:
        """Turn ``current / step`` into what the calibrated read-out makes of it (same shape)."""
        places = np.searchsorted(self.edges, scaled, side="right")
        result: Array = self.values[places]
        return result


def _transitions(model: ReadoutModel) -> tuple[FloatArray, FloatArray]:
    """Return the currents at which the code changes, rising (n,), and the codes (n + 1,)."""
    # beyond the largest current of its calibration nobody knows the curve
    grid = np.linspace(-model.scale_ampere, model.scale_ampere, _GRID)
    codes = model.codes(grid)
    # only the monotone stretch about zero counts; far out a polynomial may turn round
    entering = model.converter_input(grid)
    centre = _GRID // 2
    sign = np.sign(entering[centre + 1] - entering[centre - 1])
    moves = np.sign(np.diff(entering)) * sign > 0.0
    first = centre - int(np.argmin(np.append(moves[:centre][::-1], False)))
    last = centre + int(np.argmin(np.append(moves[centre:], False)))
    stretch = slice(first, last + 1)
    grid, codes, entering = grid[stretch], codes[stretch], entering[stretch]
    inside = [t for t in model.thresholds if entering.min() < t <= entering.max()]
    if len(inside) < 3 or sign == 0.0:
        raise ParameterError.about(
            "readout",
            got=f"a read-out that tells {len(inside) + 1} currents apart",
            expected="at least four codes over its calibrated range",
            remedy="calibrate one whose range fits its column",
        )
    order = slice(None) if sign > 0.0 else slice(None, None, -1)
    currents = np.interp(np.array(inside), entering[order], grid[order])[order]
    start = int(codes[0])
    count = np.arange(len(inside) + 1, dtype=np.float64)
    return currents, start + count if sign > 0.0 else start - count
