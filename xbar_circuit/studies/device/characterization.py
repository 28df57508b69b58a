"""Characterisation of a PCM cell: what ``xbar device`` measures and shows.

The compact model is swept as a characterisation laboratory would: current over voltage and
temperature, the switching loop with its snap-back, the programming curve, a staircase of SET
pulses, drift, noise. The statistics are drawn and held against the published numbers. A few points
are repeated in ngspice, so that the page says how far the renderings are apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from xbar_circuit import spice
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN, kelvin
from xbar_circuit.devices.pcm import PcmCell
from xbar_circuit.devices.pcm.dynamics import PcmTrace, Pulse, transient
from xbar_circuit.network import fashion_mnist_test
from xbar_circuit.programming import (
    CompactWriter,
    ProgrammingCurve,
    ProgramResult,
    ReadPath,
    SpiceWriter,
    program_and_verify,
    single_shot,
)
from xbar_circuit.runs import Kept
from xbar_circuit.studies.array.half_select import HalfSelect, half_select
from xbar_circuit.studies.array.mvm_error import (
    HOURS,
    MvmError,
    gaussian_weights,
    mvm_error,
    sparse_inputs,
)
from xbar_circuit.studies.device._published import (
    READ_VOLT,
    TECHNOLOGIES,
    Gradual,
    PublishedPoint,
    PublishedRange,
    Spread,
    gradual_set,
    published_points,
    published_ranges,
    spreads,
)
from xbar_circuit.studies.device.temperature import TemperatureReport, temperature_study
from xbar_circuit.studies.device.written_statistics import WrittenStatistics, written_statistics
from xbar_circuit.wires import Wires

__all__ = ["DeviceReport", "characterize_device"]

THICKNESSES = (0.0, 5e-9, 15e-9, 60e-9)
CELSIUS = (-0.15, 26.85, 84.85)
NOISE_METER = 15e-9  # about 5 uS
MOST_PULSES = 20
_STAGES = 9
_IMAGES = 2000  # of the network at each temperature

Progress = Callable[[str, int, int], None]


@brief(
    lambda self: (
        f"{type(self.cell).__name__}: "
        + ", ".join(f"{name} {value:.2g}" for name, value in self.agreement.items())
    )
)
@dataclass(frozen=True, kw_only=True, eq=False)
class DeviceReport:
    """Everything that the page shows.

    volts : (points,) [V]. currents : (temperatures, thicknesses, points) [A].
    loop : the switching loop. curve : the programming curve.
    gradual : staircases of SET pulses.
    drift_second : (times,) [s]. drift : name -> conductance over time [S].
    hertz, noise, noise_law : spectrum of ngspice and of the formula [A/sqrt(Hz)].
    programmed : way of programming -> result.
    products : technology -> error of a product over time.
    neighbours : biasing scheme -> the array after a write.
    spreads : technology -> its statistics, curves and draws.
    published, ranges : ours against the papers.
    agreement : what -> relative difference between NumPy and ngspice.
    written : statistics of cells that differ, written by a verify loop.
    temperature : products and a network between 0 and 85 degrees.
    """

    cell: PcmCell
    volts: FloatArray
    currents: FloatArray
    loop: PcmTrace
    curve: ProgrammingCurve
    gradual: Gradual
    drift_second: FloatArray
    drift: dict[str, FloatArray]
    hertz: FloatArray
    noise: FloatArray
    noise_law: FloatArray
    programmed: dict[str, ProgramResult]
    products: dict[str, MvmError]
    neighbours: dict[str, HalfSelect]
    spreads: dict[str, Spread]
    published: list[PublishedPoint]
    ranges: list[PublishedRange]
    agreement: dict[str, float]
    written: WrittenStatistics
    temperature: TemperatureReport


def characterize_device(
    cell: PcmCell | None = None,
    *,
    seed: int = 0,
    cells: int = 400,
    array: int = 8,
    folder: Path | None = None,
    progress: Progress = lambda *_: None,
) -> DeviceReport:
    """Measure a cell and the published technologies.

    Parameters
    ----------
    cell
        The cell, read at its own temperature; the default preset if None.
    seed
        Seed of the random generator.
    cells
        How many cells the programming loops write, each target of the statistics among them.
    array
        Rows and columns of the array in which one cell is written.
    folder
        Where the results of the long stages are kept; the same call goes on there after a break.
        None keeps nothing.
    progress
        Called with (stage, done, all) as the stages pass.

    Returns
    -------
    DeviceReport
        All curves and statistics, with the published values to compare with.

    Raises
    ------
    SimulatorError, SimulatorNotFoundError
        ngspice is missing or failed.
    """
    cell = cell or PcmCell.sebastian2017()
    stage = _Stages(progress)
    kept = Kept(
        folder=folder,
        function=characterize_device,
        arguments={"cell": cell, "seed": seed, "cells": cells, "array": array},
    )
    stage("current over voltage")
    volts = np.geomspace(1e-4, 0.4, 40)
    currents = np.array(
        [
            [
                [float(replace(cell, celsius=t).conductance(u, read_volt=v)) * v for v in volts]
                for u in THICKNESSES
            ]
            for t in CELSIUS
        ]
    )
    loop = transient(cell, 30e-9, [0.0, 2e-6, 4e-6], [0.0, 2.0, 0.0], load_ohm=5e3, relative=1e-4)
    stage("programming curve")
    curve = kept.once("programming curve", partial(ProgrammingCurve.simulate, cell))
    gradual = kept.once("gradual SET", partial(gradual_set, cell))
    stage("drift and noise")
    drift_second = np.geomspace(1e-1, 1e9, 101)
    hertz, noise = kept.once("noise", partial(_noise, cell))
    stage("program and verify")
    programmed = kept.once("programmed", partial(_programmed, cell, curve, cells, seed))
    stage("statistics out of physics")
    written = kept.once("written", partial(written_statistics, cell, cells=cells, seed=seed))
    stage("between 0 and 85 degrees")
    warm = partial(temperature_study, images=fashion_mnist_test().first(_IMAGES), seed=seed)
    temperature = kept.once("temperature", warm)
    stage("products over time")
    products = kept.once("products", partial(_products, seed))
    stage("a write and its neighbours")
    neighbours = kept.once("neighbours", partial(_neighbours, cell, seed, array))
    stage("ngspice against NumPy")
    report = DeviceReport(
        cell=cell,
        volts=volts,
        currents=currents,
        loop=loop,
        curve=curve,
        gradual=gradual,
        drift_second=drift_second,
        drift=_drift(cell, drift_second),
        hertz=hertz,
        noise=noise,
        noise_law=_noise_law(cell, hertz),
        programmed=programmed,
        products=products,
        neighbours=neighbours,
        spreads=spreads(seed),
        published=published_points(seed, 100.0 * float(products["Joshi 2020"].raw[0])),
        ranges=published_ranges(cell, gradual),
        agreement=kept.once("agreement", partial(_agreement, cell, curve, hertz, noise)),
        written=written,
        temperature=temperature,
    )
    stage("done")
    return report


class _Stages:
    def __init__(self, progress: Progress) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, name: str) -> None:
        self._progress(name, self._done, _STAGES)
        self._done += 1


def _drift(cell: PcmCell, times: FloatArray) -> dict[str, FloatArray]:
    projected = PcmCell.projected()
    named = {
        "RESET, 60 nm": (cell, 60e-9),
        "half way, 15 nm": (cell, 15e-9),
        "25 uS, 6 nm": (cell, 5.7e-9),
        "RESET with liner": (projected, 60e-9),
    }
    return {
        name: np.array([float(kind.aged(t).conductance(u, read_volt=READ_VOLT)) for t in times])
        for name, (kind, u) in named.items()
    }


def _noise(cell: PcmCell) -> tuple[FloatArray, FloatArray]:
    deck = (
        f"noise of a read\n{cell.spice_preamble()}\nXcell b 0 pcm_cell ua={NOISE_METER!r}\n"
        f"V1 b 0 DC {READ_VOLT} AC 1\nF1 0 out V1 1\nRout out 0 1 noisy=0\n"
    )
    analysis = spice.Noise(output="v(out)", source="V1", start_hertz=1.0, stop_hertz=1e8, points=4)
    plot = spice.run(deck, analysis, vectors=["frequency", "onoise_spectrum"])[0]
    return np.asarray(plot["frequency"]).real, np.asarray(plot["onoise_spectrum"]).real


def _noise_law(cell: PcmCell, hertz: FloatArray) -> FloatArray:
    """Return 1/f and thermal noise of the GST, as far as the heater lets it out [A/sqrt(Hz)]."""
    g = float(cell.conductance(NOISE_METER, read_volt=READ_VOLT))
    inside = 1.0 - cell.series_ohm * g
    boltzmann_four = 4.0 * BOLTZMANN * kelvin(cell.celsius)
    thermal = boltzmann_four * (g / inside * inside**2 + cell.series_ohm * g**2)
    flicker = cell.noise_density(g * READ_VOLT, hertz, thickness=NOISE_METER)
    return np.sqrt(flicker + thermal)


def _programmed(
    cell: PcmCell, curve: ProgrammingCurve, cells: int, seed: int
) -> dict[str, ProgramResult]:
    targets = np.random.default_rng((seed, 0)).uniform(1e-6, 25e-6, cells)

    def array() -> CompactWriter:
        return CompactWriter.array(cell, cells, rng=np.random.default_rng((seed, 1)))

    results = {
        "single shot": single_shot(
            array(), targets, curve=curve, rng=np.random.default_rng((seed, 2))
        )
    }
    for bits in (5, 8):
        path = ReadPath(bits=bits, relative_noise=0.01)
        results[f"verify, {bits} bits"] = program_and_verify(
            array(),
            targets,
            read_path=path,
            curve=curve,
            tolerance_siemens=max(0.4e-6, 0.5 * path.step_siemens),
            rng=np.random.default_rng((seed, 3)),
            most_pulses=MOST_PULSES,
        )
    return results


def _products(seed: int) -> dict[str, MvmError]:
    rng = np.random.default_rng((seed, 4))
    weights, inputs = gaussian_weights(512, 512, rng=rng), sparse_inputs(64, 512, rng=rng)
    return {
        name: mvm_error(
            make(),
            weights=weights,
            inputs=inputs,
            seconds=list(HOURS.values()),
            rng=np.random.default_rng((seed, 5)),
        )
        for name, make in TECHNOLOGIES.items()
    }


def _neighbours(cell: PcmCell, seed: int, array: int) -> dict[str, HalfSelect]:
    g = np.random.default_rng((seed, 6)).uniform(0.3e-6, 20e-6, (array, array))
    selected = (array // 2 - 1, array // 2)
    g[selected] = 20e-6
    return {
        scheme: half_select(
            g,
            selected=selected,
            pulse=Pulse(volt=3.4, width_second=60e-9),
            wires=Wires(row_ohm=2.0, column_ohm=2.0),
            cell=cell,
            scheme=scheme,
            engine="spice",
        )
        for scheme in ("half", "third")
    }


def _agreement(
    cell: PcmCell, curve: ProgrammingCurve, hertz: FloatArray, noise: FloatArray
) -> dict[str, float]:
    """Return relative differences between the NumPy and the ngspice rendering."""
    writer = SpiceWriter(cell=cell, thickness=10e-9)
    expected = float(cell.conductance(10e-9, read_volt=READ_VOLT)) * READ_VOLT
    read = writer.current(READ_VOLT)[0] / expected - 1.0
    every = np.ones(1, dtype=bool)
    rng = np.random.default_rng(0)
    amplitude = curve.volt_for(np.array([5e-6]))
    energy = writer.write(amplitude, every, rng=rng)[0]
    written = writer.current(READ_VOLT)[0]
    ours = CompactWriter(cell=cell, thickness=np.array([10e-9]))
    our_energy = ours.write(amplitude, every, rng=rng)[0]
    law = _noise_law(cell, hertz)
    return {
        "read current": abs(float(read)),
        "conductance after a RESET pulse": abs(float(written / ours.current(READ_VOLT)[0] - 1.0)),
        "energy of the pulse": abs(float(energy / our_energy - 1.0)),
        "noise of a read": float(np.abs(noise / law - 1.0).max()),
    }
