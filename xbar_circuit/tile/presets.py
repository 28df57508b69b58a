"""Tiles after published chips, as far as their papers tell, with our circuits in them."""

from __future__ import annotations

import numpy as np

from xbar_circuit.crossbar import Crossbar
from xbar_circuit.peripherals import CurrentConveyor, OscillatorCounter, PulseWidth, Readout
from xbar_circuit.tile.tile import Tile
from xbar_circuit.wires import Wires

__all__ = ["hermes_like"]

_G_MIN, _G_MAX = 0.1e-6, 25e-6  # S
_SIGMA = 0.25  # of a weight, relative to the largest


def hermes_like(*, rng: np.random.Generator, rows: int = 256, outputs: int = 256) -> Tile:
    """Return a tile of the HERMES core's size, timing and kind.

    Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027 (2022): 256 x 256 weights of both
    signs, inputs of 8 bits as widths of pulses of 0.2 V, one current-controlled oscillator and
    counter a column, about 128 ns of integration, 130 ns a product, about 300 ps a count. A weight
    is a pair of our columns, whose currents meet before its counter; weights are Gaussian with a
    quarter of the largest as standard deviation; 0.35 ohm and 0.2 fF a segment.

    Parameters
    ----------
    rng
        Draws the weights.
    rows, outputs
        Size in weights.

    Returns
    -------
    Tile
        The tile.

    >>> tile = hermes_like(rng=np.random.default_rng(1), rows=8, outputs=4)
    >>> tile.crossbar.shape, tile.converters, round(tile.period_second * 1e9, 1)
    ((8, 8), 4, 130.0)
    """
    weight = np.clip(_SIGMA * rng.standard_normal((rows, outputs)), -1.0, 1.0)
    conductance = np.empty((rows, 2 * outputs))
    conductance[:, 0::2] = _G_MIN + np.maximum(weight, 0.0) * (_G_MAX - _G_MIN)
    conductance[:, 1::2] = _G_MIN + np.maximum(-weight, 0.0) * (_G_MAX - _G_MIN)
    # four standard deviations of the difference for independent inputs fill half the counter
    sigma = 0.2 * _SIGMA * _G_MAX * np.sqrt(rows / 3.0)
    counter = OscillatorCounter(
        bits=9,
        full_scale_ampere=8.0 * sigma,
        low_ampere=-4.0 * sigma,
        window_second=128e-9,
        reset_second=2e-9,
        hold_volt=0.5,
    )
    conveyor = CurrentConveyor(input_ohm=20.0, settle_second=1e-12, supply_ampere=20e-6)
    return Tile(
        Crossbar(
            conductance=conductance,
            wires=Wires(row_ohm=0.35, column_ohm=0.35, row_farad=0.2e-15, column_farad=0.2e-15),
        ),
        PulseWidth(bits=8, full_scale_volt=0.2, clock_hertz=1e9),
        Readout(converter=counter, amplifier=conveyor, difference="current"),
    )
