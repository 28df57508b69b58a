"""Other simulators, run on the same arrays and the same pulses."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import nodal, spice, vacask
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import tabulate
from xbar_circuit.cells import OneT1R
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmCell, Sinh
from xbar_circuit.devices.pcm._spice import parameters
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.errors import XbarError
from xbar_circuit.resources import device_model
from xbar_circuit.studies._truth import Truth
from xbar_circuit.vacask._raw_file import read_raw
from xbar_circuit.vacask.reading import run_deck
from xbar_circuit.wires import Terminals, Wires

__all__ = ["badcrossbar_truths", "vacask_truths"]

_LOAD_OHM = 20e3
#: A RESET of about 440 uA, then SET pulses of 140 uA and less [V, s].
_PULSES = ((10.2, 4e-7), (4.2, 5e-8), (4.0, 5e-8), (3.9, 5e-8), (3.8, 5e-8), (3.7, 5e-8))


def _array(seed: int, side: int) -> tuple[Crossbar, FloatArray]:
    rng = np.random.default_rng((seed, side))
    xbar = Crossbar(
        conductance=rng.uniform(1e-6, 1e-4, (side, side)),
        wires=Wires(row_ohm=2.0, column_ohm=2.0),
        terminals=Terminals(left_ohm=0.0, bottom_ohm=0.0),
    )
    return xbar, rng.uniform(0.05, 0.3, side)


def _worst(ours: FloatArray, theirs: FloatArray) -> tuple[float, float]:
    """Return the pair of column currents that differ most, relatively."""
    k = int(np.argmax(np.abs(ours / theirs - 1.0)))
    return float(ours[k]), float(theirs[k])


def vacask_truths(seed: int) -> Iterator[Truth]:
    """VACASK on arrays of linear, sinh, PCM and 1T1R cells, and on a train of pulses."""
    linear, volts = _array(seed, 24)
    sinh = replace(linear, cell=Sinh(v0_volt=0.1))
    pcm = replace(
        linear, conductance=0.25 * linear.conductance, cell=PcmCell.sebastian2017().aged(3600.0)
    )
    for name, xbar, tolerance in (
        ("linear", linear, 1e-9),
        ("sinh", sinh, 1e-6),
        ("PCM", pcm, 1e-6),
    ):
        found, missing = _in_vacask(xbar, volts)
        ours, theirs = np.nan, np.nan
        if found is not None:
            ours, theirs = _worst(nodal.read(xbar, volts).column_current[0], found)
        yield Truth(
            what=f"worst column current of a {name} array, 24 x 24",
            unit="A",
            ours=ours,
            theirs=theirs,
            tolerance=tolerance,
            source="VACASK (Buermen), run on the same array",
            command="xbar validate --only vacask",
            missing=missing,
        )
    yield from _vacask_transistors(seed)
    yield from _vacask_pulses()


def _in_vacask(xbar: Crossbar, volts: FloatArray) -> tuple[FloatArray | None, str]:
    """Return the column currents, or why there are none."""
    try:
        return vacask.read(xbar, volts).column_current[0], ""
    except XbarError as error:
        return None, f"VACASK does not run here: {error}"


def _vacask_transistors(seed: int) -> Iterator[Truth]:
    """Yield 1T1R arrays: our deck in ngspice, and of ohmic cells the fast engine's table."""
    bare, volts = _array(seed, 12)
    conductance = 0.25 * bare.conductance
    for name, engine, tolerance, cell in (
        ("ohmic", "ngspice", 1e-8, OneT1R()),
        ("ohmic", "fast engine, by a table", 1e-6, OneT1R()),
        ("PCM", "ngspice", 1e-8, OneT1R(gate_volt=0.8, device=PcmCell.sebastian2017())),
    ):
        xbar = replace(bare, conductance=conductance, cell=cell)
        found, missing = _in_vacask(xbar, volts)
        ours, theirs = np.nan, np.nan
        if found is not None:
            if engine == "ngspice":
                result = spice.read(xbar, volts)
            else:
                table = tabulate(cell, volts=(-0.05, 0.35), conductances=(2e-7, 2.5e-5))
                result = nodal.read(replace(xbar, cell=table), volts)
            ours, theirs = _worst(result.column_current[0], found)
        yield Truth(
            what=f"worst column current of a 1T1R array, {name} cells, 12 x 12: {engine}",
            unit="A",
            ours=ours,
            theirs=theirs,
            tolerance=tolerance,
            source="VACASK (Buermen) with its own BSIM4, run on the same array",
            command="xbar validate --only vacask",
            missing=missing,
        )


def _vacask_pulses() -> Iterator[Truth]:
    """Yield the amorphous thickness that a RESET and five SET pulses leave."""
    times, volts, ends = [0.0], [0.0], []
    for volt, second in _PULSES:
        one, shape = Pulse(volt=volt, width_second=second).waveform()
        times += [times[-1] + t for t in one[1:]]
        volts += list(shape[1:])
        ends.append(times[-1] - 1e-9)
    cell = PcmCell.sebastian2017()
    trace = transient(cell, 0.0, times, volts, load_ohm=_LOAD_OHM, relative=1e-5)
    ours = np.interp(ends, trace.seconds, trace.thickness[:, 0]) * 1e9
    missing, theirs = "", np.full(len(ends), np.nan)
    try:
        theirs = _pulsed_in_vacask(cell, times, volts, ends) * 1e9
    except XbarError as error:
        missing = f"VACASK does not run here: {error}"
    for k, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        yield Truth(
            what="amorphous thickness after RESET" + (f" and {k} SET pulses" if k else ""),
            unit="nm",
            ours=float(own),
            theirs=float(other),
            tolerance=1e-3,  # 0.03 nm over the train
            source="VACASK (Buermen), the cell in Verilog-A",
            command="xbar validate --only vacask",
            missing=missing,
        )


def _pulsed_in_vacask(
    cell: PcmCell, times: list[float], volts: list[float], ends: list[float]
) -> FloatArray:
    wave = ", ".join(f"{t!r}, {float(v)!r}" for t, v in zip(times, volts, strict=True))
    numbers = " ".join(f"{name}={value!r}" for name, value in parameters(cell).items())
    lines = [
        "a cell and its load",
        'load "resistor.osdi"',
        'load "pcm_cell.osdi"',
        "model r resistor",
        "model v vsource",
        f"model m pcm_cell {numbers}",
        f'v1 (a 0) v type="pwl" wave=[{wave}]',
        f"r1 (a b) r r={_LOAD_OHM!r}",
        "x (b 0) m ua=0",
        "control",
        "options reltol=1e-5",
        f"analysis a1 tran step=1e-9 stop={times[-1]!r} maxstep=2e-10",
        "endc",
    ]
    with tempfile.TemporaryDirectory(prefix="xbar-vacask-") as name:
        folder = Path(name)
        run_deck("\n".join(lines) + "\n", device_model("pcm_cell.va"), folder, None)
        plot = read_raw(folder / "a1.raw")
    return np.asarray(np.interp(ends, plot["time"], plot["x:thick"])) * 1e-8


def badcrossbar_truths(seed: int) -> Iterator[Truth]:
    """Run badcrossbar on a linear array."""
    xbar, volts = _array(seed, 32)
    missing, ours, theirs = "", np.nan, np.nan
    if find_spec("badcrossbar") is None:
        missing = "not installed: pip install --no-deps badcrossbar pathvalidate sigfig"
    else:
        module: Any = import_module("badcrossbar")
        logging.getLogger("badcrossbar").setLevel(logging.WARNING)
        answer = module.compute(volts[:, np.newaxis], 1.0 / xbar.conductance, 2.0)
        found = np.asarray(answer.currents.output, dtype=np.float64).ravel()
        ours, theirs = _worst(nodal.read(xbar, volts).column_current[0], found)
    yield Truth(
        what="worst column current of a linear array, 32 x 32",
        unit="A",
        ours=ours,
        theirs=theirs,
        tolerance=1e-9,
        source="badcrossbar (Joksas and Mehonic, SoftwareX 12, 100617, 2020), on the same array",
        command="xbar validate --only badcrossbar",
        missing=missing,
    )
