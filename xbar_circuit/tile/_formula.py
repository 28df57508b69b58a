"""How a tile's parts go together: what fits, terminal resistances, the read-out's formula."""

from __future__ import annotations

import dataclasses

import numpy as np

from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.drivers import Driver
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.wires import Terminals

__all__ = ["check_drive", "column_source", "formula", "with_terminals"]


def check_drive(crossbar: Crossbar, driver: Driver, readout: Readout, *, signed: bool) -> None:
    """Refuse a driver that the array or the read-out cannot take.

    Raises
    ------
    ParameterError
        Pulses meet a read-out that does not integrate them whole, buffers of limited current stand
        at both ends of the word lines, or a synapse turns inputs around (`signed`) whose driver has
        no sign, or whose word lines are gates.
    """
    if signed and not crossbar.cell.loads_row:
        raise ParameterError.about(
            "synapse",
            got="one that turns its input around, of cells whose gates the word lines drive",
            expected="one that drives gates from 0 V up",
            remedy="take xc.cells.DifferentialPair, or a cell whose input comes through its device",
        )
    if signed and driver.lowest == 0:
        raise ParameterError.about(
            "driver",
            got="one without sign for a synapse that turns its input around",
            expected="a driver with signed=True",
            remedy="give the driver a sign",
        )
    window, span = readout.window_second, driver.span_second
    if span > (window or 0.0) * (1.0 + 1e-9):
        raise ParameterError.about(
            "readout",
            got="one that samples" if window is None else f"a window of {window:g} s",
            expected=f"a read-out that integrates pulses of up to {span:g} s",
            remedy="take a ChargeIntegrator or an OscillatorCounter with window_second of that",
        )
    ends = crossbar.terminals
    both = ends.left_ohm is not None and ends.right_ohm is not None
    if both and driver.limited:
        raise ParameterError.about(
            "driver",
            got="buffers of limited current at both ends of the word lines",
            expected="one buffer per word line",
            remedy="set right_ohm=None, or limit_ampere=inf",
        )


def with_terminals(crossbar: Crossbar, *, driver_ohm: float, sense_ohm: float) -> Crossbar:
    """Return the array with more resistance at its driven and its sensed ends."""
    ends = crossbar.terminals

    def more(ohm: float | None, extra: float) -> float | None:
        return None if ohm is None else max(ohm + extra, 0.0)

    terminals = Terminals(
        left_ohm=more(ends.left_ohm, driver_ohm),
        right_ohm=more(ends.right_ohm, driver_ohm),
        bottom_ohm=more(ends.bottom_ohm, sense_ohm),
        top_ohm=more(ends.top_ohm, sense_ohm),
    )
    return dataclasses.replace(crossbar, terminals=terminals)


def column_source(crossbar: Crossbar) -> tuple[float, float]:
    """Return what a column of mean conductance is to its amplifier: resistance and capacitance.

    To the drivers, without wires, and of its wire [ohm, F].
    """
    siemens = float(crossbar.conductance.sum(axis=0).mean())
    return 1.0 / max(siemens, 1e-15), crossbar.rows * crossbar.wires.column_farad


def formula(readout: Readout) -> ReadoutModel:
    """Return the model of a behavioural read-out, from its own parameters.

    Raises
    ------
    ParameterError
        It contains a circuit.
    """
    if not np.isfinite((readout.input_ohm, *readout.converter_line)).all():
        raise ParameterError.about(
            "model",
            got="None for a read-out that contains a circuit",
            expected="a calibrated model",
            remedy="use tile.calibrate(the_tile, rng=...), or load one with ReadoutModel.load",
        )
    converter = readout.converter
    start, slope = readout.converter_line
    scale = (converter.input_high - converter.input_low) / abs(slope)
    return ReadoutModel(
        input_ohm=readout.input_ohm,
        input_volt=readout.input_volt - readout.reference_volt,
        scale_ampere=scale,
        coefficients=(start, slope * scale),
    )
