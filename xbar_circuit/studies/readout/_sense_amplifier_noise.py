"""The noise of a clocked decision, by transient noise and counted decisions.

A latch is nowhere at an operating point while it decides, so a noise analysis about one says
nothing. A first run records every conductance over time, of a decision at the threshold. Then
white currents of these densities are drawn, put between the nodes inside of many instances side by
side, and decisions near the threshold are counted (J. Kim et al., IEEE Trans. Circuits and Systems
I 56, 1844, 2009, for decision errors of clocked comparators).

A resistor has ``4 k T / R``; a MOS transistor ``4 k T (2/3) (gm + gds + gmbs)``, as BSIM3's noise
model 1 (BSIM3v3.2.2 manual, chapter 8). Flicker noise is left out: within one decision it is an
offset. The currents are drawn by the caller's generator, so the figure is repeatable.
"""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.peripherals._waveform import piecewise
from xbar_circuit.spice import Listing, Op, run
from xbar_circuit.studies.readout._sense_amplifier_bench import LatchBench
from xbar_circuit.units import spice_number

__all__ = ["decision_noise"]

_BOLTZMANN = 1.380649e-23  # J/K, exact (SI)
_LONG_CHANNEL = 2.0 / 3.0
_POINTS_A_TAU = 5.0  # white up to where the latch hears: less than 1 % of its power is lost
_BEFORE = 0.06  # of a period: noise of the reset that is frozen when it ends
_FIRST = 32  # decisions of the first look
_SIGMAS = 1.5  # distance from the threshold where a count tells most about sigma
_DEVICE = re.compile(r"^(?:stdout )?\s*\d+ : (([a-z])\S*\.xs0\.\S+|([a-z])\.xs0\.\S+)\s+(.*)$")
_NODES = {"m": (0, 2), "r": (0, 1)}
_SILENT = "cvibefghlkxs"  # capacitors, inductors, sources and ideal switches


def decision_noise(
    bench: LatchBench,
    *,
    threshold_volt: float,
    tau_second: float,
    longest_second: float,
    clear_volt: float,
    decisions: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the input-referred rms noise of a decision and its standard error [V].

    Parameters
    ----------
    bench
        The comparator.
    threshold_volt
        Its threshold after noes [V].
    tau_second
        Time constant of its regeneration [s].
    longest_second
        For how long noise acts after the clock's edge [s].
    clear_volt
        Size of the inputs before the test that are clear [V].
    decisions
        How many are counted.
    rng
        Draws the noise.

    Raises
    ------
    ParameterError
        A device in the circuit has noise that is not known here.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    step = tau_second / _POINTS_A_TAU
    cycle = bench.history + 0.5
    begin = (cycle - _BEFORE) * bench.clock_second
    grid = np.arange(begin, cycle * bench.clock_second + longest_second, step)
    density = _densities(bench, threshold_volt, clear_volt, grid)
    sigmas = {pair: np.sqrt(value / (2.0 * step)) for pair, value in density.items()}

    at = (bench.history + 0.97) * bench.clock_second

    def counted(overdrives: FloatArray, first_decision: int) -> NDArray[np.bool_]:
        sources = []
        for k, overdrive in enumerate(overdrives.tolist()):
            values = [-clear_volt] * bench.history + [threshold_volt + overdrive]
            lines = bench.staircase(f"Vp{k} p{k} common", values)
            for number, ((first, second), sigma) in enumerate(sigmas.items()):
                ampere = sigma * rng.standard_normal(grid.size)
                ampere[[0, -1]] = 0.0
                ends = " ".join(_renamed(node, k) for node in (first, second))
                points = [(0.0, 0.0), *zip(grid.tolist(), ampere.tolist(), strict=True)]
                lines += piecewise(f"Inoise{k}_{number} {ends}", points)
            sources.append(lines)
        plot = bench.run(
            bench.deck(sources, {}),
            bench.transient(bench.history + 0.99),
            bench.outputs(len(sources)),
            label=f"noise-{first_decision}",
            measures=[
                f"out{k}_at_the_end FIND v(out{k}) AT={spice_number(at)}"
                for k in range(len(sources))
            ],
            waveform=False,
        )
        found = [np.interp(at, plot.scale, bench.said(plot, k)) > 0 for k in range(len(sources))]
        return np.array(found)

    half = _FIRST // 2
    spread = np.geomspace(1e-5, 2e-2, half)
    inputs = np.concatenate([-spread, spread])
    yes = counted(inputs, 0)
    sigma = _fit(inputs, yes)[0]
    rest = max(decisions - _FIRST, 2)
    for part in (rest // 2, rest - rest // 2):
        more = np.where(np.arange(part) % 2, 1.0, -1.0) * _SIGMAS * sigma
        yes = np.concatenate([yes, counted(more, inputs.size)])
        inputs = np.concatenate([inputs, more])
        sigma, error = _fit(inputs, yes)
    return sigma, error


def _densities(
    bench: LatchBench, threshold_volt: float, clear_volt: float, grid: FloatArray
) -> dict[tuple[str, str], FloatArray]:
    """Return the density of the noise current between each pair of nodes over time [A2/Hz]."""
    values = [-clear_volt] * bench.history + [threshold_volt]
    source = bench.staircase("Vp0 p0 common", values)
    deck = bench.deck([source], {})
    settings = run_settings([bench.comparator])
    devices = _devices(run(deck, Listing(), Op(), vectors=["v(p0)"], **settings).said)
    quantities = {"m": ("gm", "gds", "gmbs"), "r": ("resistance",)}
    names = [f"@{name}[{what}]" for name, kind, _ in devices for what in quantities[kind]]
    plot = bench.run(deck, bench.transient(bench.history + 0.99), ["v(p0)", *names])
    kelvin = bench.celsius + 273.15
    rails = {f"s0_{port}" for port in bench.comparator.supplies} | {"0", "common", "clock"}
    found: defaultdict[tuple[str, str], FloatArray] = defaultdict(lambda: np.zeros(grid.size))
    for name, kind, nodes in devices:
        first, second = ("0" if node in rails else node for node in nodes)
        if first == second:
            continue
        known = [plot[f"@{name}[{what}]"] for what in quantities[kind]]
        siemens = _LONG_CHANNEL * np.abs(sum(known)) if kind == "m" else 1.0 / known[0]
        over = np.interp(grid, plot.scale, np.broadcast_to(siemens, plot.scale.shape))
        found[min(first, second), max(first, second)] += 4.0 * _BOLTZMANN * kelvin * over
    return dict(found)


def _devices(said: str) -> list[tuple[str, str, tuple[str, str]]]:
    """Return name, kind and the noisy pair of nodes of each device of instance 0."""
    found = []
    for line in said.splitlines():
        match = _DEVICE.match(line.strip())
        if match is None:
            continue
        name, words = match.group(1), match.group(4).split()
        kind = name[0]
        if kind in _SILENT:
            continue
        if kind not in _NODES:
            raise ParameterError.about(
                "noise_decisions",
                got=f"the device {name}, whose noise is not known here",
                expected="MOS transistors (M) and resistors (R)",
                remedy="noise_decisions=0 leaves the noise out",
            )
        first, second = _NODES[kind]
        found.append((name, kind, (words[first], words[second])))
    return found


def _renamed(node: str, instance: int) -> str:
    """Return the node of another instance that corresponds to one of instance 0."""
    if node == "0":
        return node
    if node.startswith("xs0."):
        return f"xs{instance}." + node.removeprefix("xs0.")
    if node.startswith("s0_"):
        return f"s{instance}_" + node.removeprefix("s0_")
    return f"{node.removesuffix('0')}{instance}"


def _fit(inputs: FloatArray, yes: NDArray[np.bool_]) -> tuple[float, float]:
    """Return sigma of a normal law of the decisions, and its standard error [V].

    The largest likelihood of ``P(yes) = Phi((v - v0) / sigma)``; the error from its curvature.
    """
    sign = np.where(yes, 1.0, -1.0)
    scale = float(np.median(np.abs(inputs)))

    def cost(free: FloatArray) -> float:
        sigma = scale * np.exp(free[1])
        return -float(special.log_ndtr(sign * (inputs - scale * free[0]) / sigma).sum())

    best = optimize.minimize(cost, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-4}).x
    sigma = scale * float(np.exp(best[1]))
    h = 0.05
    bend = [cost(best + np.array([0.0, d])) for d in (-h, 0.0, h)]
    curvature = (bend[0] - 2.0 * bend[1] + bend[2]) / h**2
    return sigma, sigma / float(np.sqrt(max(curvature, 1e-12)))
