"""What an amplifier adds to a product apart from its curve: noise, and time to settle.

Both are measured in ngspice on one column of the tile, as the only column of its array: what the
others do to it depends on the wires, not on the amplifier.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import Settling, fit_settling
from xbar_circuit.cells.tabulated import deck_settings
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Ohmic
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.netlist._loaded_column import Stimulus, loaded_column
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.terminals import drivers, senses
from xbar_circuit.peripherals.amplifiers import (
    ChargeIntegrator,
    CurrentConveyor,
    OpAmp,
    TransimpedanceAmplifier,
)
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.spice import Noise, Tran, run, run_persistently
from xbar_circuit.tile._formula import column_source
from xbar_circuit.tile.tile import Tile
from xbar_circuit.units import spice_number

__all__ = ["AmplifierNoise", "amplifier_noise", "amplifier_settling"]

_BAND_HERTZ = (1e3, 1e11)
_STEP = 0.25  # of the driver's full scale, on every row
_POINTS = 2000
_STATED_CELSIUS, _ZERO_KELVIN = 27.0, -273.15  # of an op-amp's noise [degree Celsius]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmplifierNoise:
    """What an amplifier adds.

    rms : at a converter's input, without the converter's own and the array's [V or A].
    hertz : bandwidth in which white noise of the column's current gets there [Hz], or None.
    """

    rms: float
    hertz: float | None


def amplifier_noise(tile: Tile) -> AmplifierNoise:
    """Return the noise at a converter's input without the converter's own and the array's.

    A transimpedance amplifier, and a conveyor of transistors with a load, are measured on their
    column; so is the op-amp of transistors of a charge integrator, as a follower, whose white noise
    and width then enter the formula. All others have their formula, see `Readout.noise`; a conveyor
    of transistors that hands its current on counts as free of noise. The resistors of the array are
    silent in it: `TileNoise` has theirs. Cells that are not linear keep what ngspice says of them.

    Raises
    ------
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    readout, amplifier = tile.warm_readout, tile.warm_readout.amplifier
    source = column_source(tile.driven)
    if isinstance(amplifier, ChargeIntegrator) and isinstance(amplifier.opamp, Subcircuit):
        alike = dataclasses.replace(amplifier, opamp=_equivalent(amplifier, tile.celsius))
        readout = dataclasses.replace(readout, amplifier=alike)
        return _by_formula(readout, source, tile.celsius)
    measured = isinstance(amplifier, TransimpedanceAmplifier) or (
        isinstance(amplifier, CurrentConveyor) and amplifier.circuit is not None
    )
    if amplifier is None or not measured:
        return _by_formula(readout, source, tile.celsius)
    if amplifier.output_unit == "A":
        return AmplifierNoise(rms=0.0, hertz=None)
    one = _first_column(tile)
    deck = loaded_column(
        amplifier,
        one,
        0,
        np.zeros(one.rows),
        Stimulus(scale="DC 0 AC 1"),
        klu=False,
        celsius=tile.celsius,
    )
    hertz, whole = _noise(deck, "Vscale", amplifier.circuit, one.cell)
    own, width = whole, None
    if one.cell.linear:
        _, own = _noise(_silenced(deck, one), "Vscale", amplifier.circuit, one.cell)
        by_array = whole - own
        width = float(np.trapezoid(by_array * hertz, np.log(hertz)) / by_array[0])
    rms = float(np.sqrt(np.trapezoid(own * hertz, np.log(hertz))))
    return AmplifierNoise(rms=readout.pair_noise(rms), hertz=width)


def _by_formula(readout: Readout, source: tuple[float, float], celsius: float) -> AmplifierNoise:
    return AmplifierNoise(
        rms=readout.noise(*source, column=False, celsius=celsius),
        hertz=readout.noise_hertz(*source),
    )


def _silenced(deck: str, crossbar: Crossbar) -> str:
    """Return a deck whose array has no thermal noise: its cells, wires and terminals."""
    names = {line.split()[0] for line in array_lines(crossbar)}
    names |= {f"R{end.name}" for end in (*drivers(crossbar), *senses(crossbar))}
    return "".join(
        f"{line} noisy=0\n" if line[:1] == "R" and line.split()[0] in names else f"{line}\n"
        for line in deck.splitlines()
    )


def _noise(
    deck: str, source: str, circuit: Subcircuit | None, cell: Cell
) -> tuple[FloatArray, FloatArray]:
    """Return frequencies [Hz] and the noise of ``v(out)`` there [V**2/Hz]."""
    low, high = _BAND_HERTZ
    analysis = Noise(output="v(out)", source=source, start_hertz=low, stop_hertz=high, points=20)
    settings = deck_settings([circuit], cell)
    plot = run(deck, analysis, vectors=["onoise_spectrum"], **settings)[0]
    return plot.scale, np.abs(plot["onoise_spectrum"]) ** 2


def _equivalent(amplifier: ChargeIntegrator, celsius: float) -> OpAmp:
    """Return an op-amp with the noise of the integrator's circuit, measured as a follower.

    White as the circuit is about the window's own frequency, and as wide as all of it demands; as
    an op-amp states it, at 27 C.
    """
    circuit = amplifier.opamp
    assert isinstance(circuit, Subcircuit)  # noqa: S101  the caller has looked
    lines = [
        "xbar_circuit: an op-amp as a follower",
        f".options temp={spice_number(celsius)}",
        f"Vreference reference 0 DC {spice_number(amplifier.reference_volt)} AC 1",
        *circuit.include_lines(),
        *circuit.instance_lines("opamp", {"plus": "reference", "minus": "out", "out": "out"}),
        ".end",
    ]
    hertz, density = _noise("\n".join(lines) + "\n", "Vreference", circuit, Ohmic())
    white = float(np.interp(0.5 / amplifier.window_second, hertz, density))
    width = float(np.trapezoid(density * hertz, np.log(hertz))) / white
    white *= (_STATED_CELSIUS - _ZERO_KELVIN) / (celsius - _ZERO_KELVIN)
    return OpAmp(noise_volt_per_root_hertz=white**0.5, unity_hertz=width * 2.0 / np.pi)


def amplifier_settling(tile: Tile) -> Settling | None:
    """Return how a step of all inputs settles at the amplifier's output; None without one.

    Raises
    ------
    ConvergenceError
        It does not settle.
    SimulatorError
        ngspice failed.
    """
    amplifier = tile.warm_readout.amplifier
    if not isinstance(amplifier, TransimpedanceAmplifier):
        return None
    one = _first_column(tile)
    pattern = np.full(one.rows, _STEP * tile.warm_driver.full_scale_volt)
    length = tile.readout.settling
    for _ in range(6):
        edge = spice_number(1e-5 * length)
        stimulus = Stimulus(scale=f"PWL(0 0 {edge} 1)")
        deck = loaded_column(amplifier, one, 0, pattern, stimulus, celsius=tile.celsius)
        step = length / _POINTS
        analysis = Tran(step_second=step, stop_second=length, max_step_second=step)
        settings = deck_settings([amplifier.circuit], one.cell)
        plot = run_persistently(deck, analysis, vectors=["v(out)"], **settings)[0][0]
        out = plot["v(out)"]
        tail = out[plot.scale > 0.6 * length]
        if np.ptp(tail) < 1e-3 * np.ptp(out):
            return fit_settling(plot.scale, out)
        length *= 4.0
    raise ConvergenceError(
        f"amplifier: got an output that still moves after {length / 4.0:g} s, expected it to"
        " settle; look at its phase margin with studies.characterize_amplifier"
    )


def _first_column(tile: Tile) -> Crossbar:
    return dataclasses.replace(tile.driven, conductance=tile.driven.conductance[:, :1])
