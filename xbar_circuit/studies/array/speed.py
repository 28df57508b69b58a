"""How fast the engines are: the same arrays, inputs and process for all of them.

Arrays of the size that published baselines use: conductances uniform in 1-25 uS, inputs uniform in
0-0.2 V, 1 ohm per segment. Every figure is the least of a few repeats. Sparse LU's transfer matrix
counts one factorisation and one solve for each column, the solves scaled up from a few.
"""

from __future__ import annotations

import logging
import os
import platform
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy.sparse.linalg import splu
from threadpoolctl import threadpool_info

from xbar_circuit import calibration, nodal, spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.agreement import transient_deck
from xbar_circuit.cells import OneT1R
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmCell, PcmStatistics, Sinh
from xbar_circuit.nodal._grid import Grid
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.sparse import with_cells
from xbar_circuit.version import __version__
from xbar_circuit.wires import Terminals, Wires

__all__ = ["SECTIONS", "USUAL", "EngineTiming", "machine", "measure_speed"]

_SEGMENT_OHM = 1.0
_SEVERE_OHM = 20.0
_LARGEST = {"ngspice": 256, "badcrossbar": 256, "sparse LU": 512, "damped fixed point": 512}
_WHOLE = 1024  # the largest transfer matrix
_WEIGHTS = 10_000_000
_SEEDS = 5
_AGES = (0.0, 3600.0, 86400.0, 2.6e6, 3.15e7)  # seconds since programming
_TILES_AT_ONCE = 128
_MOST_SECOND = 30.0
SECTIONS = ("linear", "tiles", "nonlinear", "transient", "network")
USUAL = SECTIONS[:-1]  # the network takes as long as all others together
_SPICE_STEPS = 40
_ARRAY_STEPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTiming:
    """The time that one method takes for one task on a square array.

    task, method : what was done, and by what.
    size : rows and columns.
    second : least of the repeats [s].
    """

    task: str
    method: str
    size: int
    second: float


def machine(*, with_spice: bool) -> dict[str, Any]:
    """Return what the times depend on: processor, threads, versions; of ngspice if it is used."""
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "blas": _blas(),
        "numba": None if find_spec("numba") is None else version("numba"),
        "gpu": _gpu(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "xbar_circuit": __version__,
        "ngspice": spice.simulator().version if with_spice else None,
        "badcrossbar": None if find_spec("badcrossbar") is None else version("badcrossbar"),
    }


def _blas() -> str:
    """Return the BLAS library and the kernel that it chose for this processor."""
    found = [lib for lib in threadpool_info() if lib.get("user_api") == "blas"]
    return "; ".join(
        f"{lib['internal_api']} {lib.get('version')} {lib.get('architecture', '')}".strip()
        for lib in found
    )


@cache
def _gpu() -> str | None:
    """Return the name of the graphics card, None where torch finds none."""
    if find_spec("torch") is None:
        return None
    torch: Any = import_module("torch")
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else None


def _processor() -> str:
    """Return the processor's name, or its kind where the system does not tell."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def measure_speed(
    sizes: list[int], *, seed: int, with_spice: bool, sections: Collection[str] = USUAL
) -> Iterator[EngineTiming]:
    """Time every task on every size, in order, as they come.

    Parameters
    ----------
    sizes
        Sides of the square arrays.
    seed
        Of conductances and inputs.
    with_spice
        Whether ngspice is timed too; it takes most of the time.
    sections
        Which of `SECTIONS`. In "linear", a method whose time for a size, grown with the cube of the
        side, would be over 30 s is left out from there on.

    Yields
    ------
    EngineTiming
        Method, size and time [s].
    """
    rng = np.random.default_rng(seed)
    last: dict[tuple[str, str], tuple[int, float]] = {}

    def affordable(task: str, method: str, size: int) -> bool:
        side, second = last.get((task, method), (size, 0.0))
        return method.startswith("nodal") or second * (size / side) ** 3 <= _MOST_SECOND

    for size in sizes if "linear" in sections else []:
        g = rng.uniform(1e-6, 25e-6, (size, size))
        volts = rng.uniform(0.0, 0.2, size)
        wires = Wires(row_ohm=_SEGMENT_OHM, column_ohm=_SEGMENT_OHM)
        xbar = Crossbar(conductance=g, wires=wires)
        for task, method, action in _linear(xbar, volts, with_spice=with_spice):
            if size <= _LARGEST.get(method, size) and affordable(task, method, size):
                second = _least(action)
                last[task, method] = size, second
                yield EngineTiming(task=task, method=method, size=size, second=second)
        if size <= _LARGEST["sparse LU"] and affordable("one input", "sparse LU", size):
            factor, solve = _sparse_lu(xbar, volts)
            last["one input", "sparse LU"] = size, factor + solve
            whole = factor + size * solve
            yield EngineTiming(task="transfer", method="sparse LU", size=size, second=whole)
            yield EngineTiming(
                task="one input", method="sparse LU", size=size, second=factor + solve
            )
    if 128 in sizes:
        yield from _at_128(rng, sections, with_spice=with_spice)


def _linear(
    xbar: Crossbar, volts: FloatArray, *, with_spice: bool
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Return (task, method, action) of the linear tasks."""
    if xbar.rows <= _WHOLE:
        yield "transfer", "nodal", lambda: nodal.transfer(xbar)
    if _gpu() is not None and xbar.rows <= _WHOLE:
        yield "transfer", "nodal, GPU", lambda: nodal.transfer(xbar, device="cuda")
    yield "one input", "nodal", lambda: nodal.read(xbar, volts).row_voltage
    severe = replace(xbar, wires=Wires(row_ohm=_SEVERE_OHM, column_ohm=_SEVERE_OHM))
    task = f"one input, {_SEVERE_OHM:g} ohm"
    yield task, "nodal", lambda: nodal.read(severe, volts).row_voltage
    yield "one input", "damped fixed point", lambda: _fixed_point(xbar, volts)
    if find_spec("badcrossbar") is not None:
        yield "one input", "badcrossbar", lambda: _badcrossbar(xbar, volts)
    if with_spice:
        yield "one input", "ngspice", lambda: spice.read(xbar, volts).row_voltage


def _at_128(
    rng: np.random.Generator, sections: Collection[str], *, with_spice: bool
) -> Iterator[EngineTiming]:
    """Time what is asked of 128 x 128 only."""
    size = 128
    wires = Wires(
        row_ohm=_SEGMENT_OHM, column_ohm=_SEGMENT_OHM, row_farad=2e-16, column_farad=2e-16
    )
    tiles = rng.uniform(1e-6, 25e-6, (64, size, size))
    inputs = rng.uniform(0.0, 0.2, (256, size))
    if "tiles" in sections:
        yield from _tiles(tiles, wires)
    if "network" in sections:
        yield from _network(wires, rng)
    if "nonlinear" in sections:
        for name, cell in (("sinh", Sinh(v0_volt=0.1)), ("compact PCM", PcmCell())):
            yield from _nonlinear(
                f"{name}, an input",
                Crossbar(conductance=tiles[0], wires=wires, cell=cell),
                inputs,
                with_spice=with_spice,
            )
        if with_spice:
            yield from _transistors(Crossbar(conductance=tiles[0], wires=wires), inputs[:64])
    if "transient" in sections:
        yield from _transient(tiles[0], wires, inputs[0], with_spice=with_spice)


def _nonlinear(
    task: str, xbar: Crossbar, inputs: FloatArray, *, with_spice: bool
) -> Iterator[EngineTiming]:
    """Time a batch of reads of nonlinear cells, and one in ngspice."""
    size = xbar.rows
    own = _least(lambda: nodal.read(xbar, inputs), repeats=2) / len(inputs)
    yield EngineTiming(task=task, method="nodal", size=size, second=own)
    if with_spice:
        once = _least(lambda: spice.read(xbar, inputs[0]).row_voltage, repeats=1)
        yield EngineTiming(task=task, method="ngspice", size=size, second=once)


def _tiles(tiles: FloatArray, wires: Wires) -> Iterator[EngineTiming]:
    """Time many transfer matrices."""
    size, gpu = tiles.shape[1], _gpu() is not None
    task = f"{len(tiles)} tiles"
    own = _least(lambda: nodal.transfer_tiles(tiles, wires=wires))
    yield EngineTiming(task=task, method="nodal", size=size, second=own)
    if gpu:
        card = _least(lambda: nodal.transfer_tiles(tiles, wires=wires, device="cuda"))
        yield EngineTiming(task=task, method="nodal, GPU", size=size, second=card)


def _transient(
    conductance: FloatArray, wires: Wires, volts: FloatArray, *, with_spice: bool
) -> Iterator[EngineTiming]:
    """Time a transient of 500 steps; ngspice's is scaled up from a few."""
    array = Crossbar(
        conductance=conductance,
        wires=wires,
        terminals=Terminals(left_ohm=100.0, bottom_ohm=100.0),
    )
    wave = nodal.Waveform.pulse(volts, width_second=1e-9, edge_second=1e-10, delay_second=1e-10)
    method = nodal.ReducedOrder(points=_ARRAY_STEPS)
    own = _least(
        lambda: nodal.transient(array, wave, stop_second=2e-9, tolerance=1e-4, method=method)
    )
    task, size = "transient, 500 steps", array.rows
    yield EngineTiming(task=task, method="nodal", size=size, second=own)
    if with_spice:
        whole = _spice_transient(array, wave) * _ARRAY_STEPS / _SPICE_STEPS
        yield EngineTiming(task=task, method="ngspice", size=size, second=whole)


def _network(wires: Wires, rng: np.random.Generator) -> Iterator[EngineTiming]:
    """Time a network of ten million random weights: mapped, programmed, reduced, many times.

    A weight is a pair of PCM devices in neighbouring columns; a tile goes through programming,
    drift to each time and reduction, and is gone before the next, so that memory stays small.
    """
    size, most = 128, 25e-6
    statistics = PcmStatistics.joshi2020()
    spent = {"mapped": 0.0, "programmed and aged": 0.0, "reduced": 0.0}
    gpu = _gpu() is not None
    device = "cuda" if gpu else None
    count = -(-2 * _WEIGHTS // size**2)

    for start in range(0, count, _TILES_AT_ONCE):
        shape = (min(_TILES_AT_ONCE, count - start), size, size // 2)
        weights = rng.uniform(-1.0, 1.0, shape)
        began = time.perf_counter()
        target = _pairs(weights, most)
        spent["mapped"] += time.perf_counter() - began
        for _ in range(_SEEDS):
            began = time.perf_counter()
            devices = statistics.program(target, rng=rng)
            spent["programmed and aged"] += time.perf_counter() - began
            for second in _AGES:
                began = time.perf_counter()
                aged = devices.at(second)
                ready = time.perf_counter()
                spent["programmed and aged"] += ready - began
                nodal.transfer_tiles(aged, wires=wires, device=device)
                spent["reduced"] += time.perf_counter() - ready
    method = "nodal, GPU" if gpu else "nodal"
    for name, second in spent.items():
        task = (
            f"{_WEIGHTS // 10**6} million weights, {count} tiles,"
            f" {_SEEDS} seeds x {len(_AGES)} times: {name}"
        )
        yield EngineTiming(task=task, method=method, size=size, second=second)


def _pairs(weights: FloatArray, most: float) -> FloatArray:
    """Return weights (tiles, rows, cols) as pairs of conductances in neighbouring columns [S]."""
    pairs = np.stack([np.maximum(weights, 0.0), np.maximum(-weights, 0.0)], axis=-1)
    return most * pairs.reshape(*weights.shape[:2], -1)


def _transistors(xbar: Crossbar, inputs: FloatArray) -> Iterator[EngineTiming]:
    """Time reads of 1T1R cells, whose table is there; ngspice's are scaled up from one."""
    cell = calibration.tabulate(OneT1R(), volts=(0.0, 0.2), conductances=(1e-6, 25e-6))
    array = replace(xbar, cell=cell)
    task = f"1T1R, {len(inputs)} inputs"
    own = _least(lambda: nodal.read(array, inputs).column_current)
    yield EngineTiming(task=task, method="nodal", size=xbar.rows, second=own)
    one = inputs[:1]  # sixty-four take hours
    once = _least(lambda: spice.read(array, one, fields=False).column_current, repeats=1)
    whole = once * len(inputs)
    yield EngineTiming(task=task, method="ngspice", size=xbar.rows, second=whole)


def _least(action: Callable[[], object], *, repeats: int = 5, budget_second: float = 3.0) -> float:
    """Return the least time of a few runs [s]; long ones are run once or twice."""
    least, spent = np.inf, 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        took = time.perf_counter() - start
        least, spent = min(least, took), spent + took
        if spent > budget_second:
            break
    return least


def _sparse_lu(xbar: Crossbar, volts: FloatArray) -> tuple[float, float]:
    """Return the time of a factorisation and of a solve by SciPy's SuperLU [s]."""
    grid = Grid.of(xbar)
    matrix, drive = with_cells(grid, xbar.conductance, -xbar.conductance, loads_row=True)

    def factorise() -> Any:
        return splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

    right = drive @ volts
    with threads():  # it is faster so
        factors = factorise()
        return _least(factorise, repeats=3), _least(lambda: factors.solve(right))


def _fixed_point(xbar: Crossbar, volts: FloatArray) -> FloatArray:
    """Iterate device voltages and wire drops with damping to 1e-9, as CrossSim does.

    For one segment resistance, rows driven at the left, columns sensed at the bottom. Stops after
    1000 rounds whether or not it has converged.
    """
    g, ohm = xbar.conductance, xbar.wires.row_ohm
    ideal = np.broadcast_to(volts[:, np.newaxis], g.shape)
    across = ideal
    for _ in range(1000):
        current = g * across
        along = np.cumsum(np.cumsum(current[:, ::-1], axis=1)[:, ::-1], axis=1)
        down = np.cumsum(np.cumsum(current, axis=0)[::-1], axis=0)[::-1]
        error = ideal - ohm * (along + down) - across
        if np.abs(error).max() < 1e-9 * np.abs(volts).max():
            break
        across = across + 0.8 * error
    return np.asarray(current.sum(axis=0))


def _badcrossbar(xbar: Crossbar, volts: FloatArray) -> object:
    """Solve with badcrossbar, whose messages and plots are left out."""
    with warnings.catch_warnings(record=True):  # it looks for cairo, for its plots
        badcrossbar: Any = import_module("badcrossbar")
    logging.getLogger("badcrossbar").setLevel(logging.WARNING)
    return badcrossbar.compute(volts[:, np.newaxis], 1.0 / xbar.conductance, _SEGMENT_OHM)


def _spice_transient(array: Crossbar, wave: nodal.Waveform) -> float:
    """Return the time of a transient of so many steps in ngspice [s]."""
    stop = 2e-9
    deck = transient_deck(array, wave)
    step = stop / _SPICE_STEPS
    tran = spice.Tran(step_second=step, stop_second=stop, max_step_second=step)
    start = time.perf_counter()
    plot = spice.run(deck, tran, vectors=["i(vbottom_0)"], time_limit_second=None)[0]
    return (time.perf_counter() - start) * _SPICE_STEPS / (len(plot.scale) - 1)
