"""The engines beyond operating points: transients, noise, reduced arrays, loads, tiles, updates.

Each case is one quantity that both engines compute from one description, and how far apart they
may be. ngspice's own truncation error bounds what a transient can show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from xbar_circuit import netlist, nodal, spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.wires import Terminals, Wires

__all__ = ["AnalysisCase", "AnalysisOutcome", "analysis_cases", "check_analysis", "transient_deck"]

_WIRES = Wires(row_ohm=1.0, column_ohm=2.0, row_farad=2e-16, column_farad=3e-16)
_ENDS = Terminals(left_ohm=2e3, bottom_ohm=1e3)
_STOP = 1.2e-9
_CLIP_AMPERE, _CLIP_VOLT = 2e-6, 5e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisCase:
    """One quantity from both engines.

    difference : computes the worst difference, relative to the largest value.
    tolerance : what it may be.
    """

    name: str
    difference: Callable[[], float]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisOutcome:
    """A case with its difference."""

    case: AnalysisCase
    difference: float

    @property
    def passed(self) -> bool:
        """Whether the difference lies within the tolerance."""
        return self.difference <= self.case.tolerance


def check_analysis(case: AnalysisCase) -> AnalysisOutcome:
    """Compute one case in both engines.

    Parameters
    ----------
    case
        Of `analysis_cases`.

    Returns
    -------
    AnalysisOutcome
        The largest difference, relative to the largest value, and the times [s].

    Raises
    ------
    SimulatorNotFoundError, SimulatorError
        ngspice is missing or failed.
    """
    return AnalysisOutcome(case=case, difference=case.difference())


def analysis_cases(*, seed: int = 2026) -> Iterator[AnalysisCase]:
    """Yield the cases; the generator's seed draws conductances (1 to 25 uS) and inputs.

    Parameters
    ----------
    seed
        Seed of the random numbers.

    Yields
    ------
    AnalysisCase
        Array, analysis and the tolerance that it is held to.

    >>> next(analysis_cases()).name
    'transient, pulses, 6 x 7'
    """
    rng = np.random.default_rng(seed)

    def an_array(rows: int, cols: int, ends: Terminals = _ENDS) -> Crossbar:
        siemens = rng.uniform(1e-6, 25e-6, (rows, cols))
        siemens[rng.random((rows, cols)) < 0.1] = 0.0
        return Crossbar(conductance=siemens, wires=_WIRES, terminals=ends)

    small, both = an_array(6, 7), an_array(12, 5, replace(_ENDS, right_ohm=500.0, top_ohm=0.0))
    volts = rng.uniform(0.05, 0.2, 20)
    edges = {"edge_second": 1e-10, "delay_second": 1e-10}
    pulse = nodal.Waveform.pulse(volts[:6], width_second=4e-10, **edges)
    widths = nodal.Waveform.pulse(volts[:12], width_second=2e-9 * volts[:12], **edges)
    large = replace(an_array(20, 18), terminals=Terminals())
    tiles = rng.uniform(1e-6, 25e-6, (3, 9, 7))
    yield _case("transient, pulses, 6 x 7", 1e-4, lambda: _transient(small, pulse))
    yield _case("transient, pulse widths, 12 x 5", 1e-4, lambda: _transient(both, widths))
    yield _case("energy of the drivers, 12 x 5", 1e-3, lambda: _energy(both, widths))
    yield _case("noise of a column, 6 x 7", 1e-3, lambda: _noise(small))
    yield _case("reduced column, clipping load, 20 x 18", 1e-7, lambda: _reduced(large, volts))
    yield _case("reduced array, loads in both, 20 x 18", 1e-7, lambda: _loads(large, volts))
    yield _case("terminals attached afterwards, 20 x 18", 1e-9, lambda: _attached(large))
    yield _case("three tiles in one call, 9 x 7", 1e-9, lambda: _tiles(tiles))
    yield _case("ten devices changed, 20 x 18", 1e-9, lambda: _updated(large))


def transient_deck(crossbar: Crossbar, waveform: nodal.Waveform, *, options: str = "") -> str:
    """Return a deck in which piecewise linear sources drive the array.

    The currents of the sources are ``i(v<terminal>)``, see `netlist.drivers` and `netlist.senses`.

    Parameters
    ----------
    crossbar
        The array.
    waveform
        Voltages of the drivers over time.
    options
        Lines of ``.options``.

    Returns
    -------
    str
        A whole deck that ``ngspice -b`` runs.
    """
    lines = ["transient", *netlist.array_lines(crossbar)]
    for end in netlist.drivers(crossbar):
        pairs = zip(waveform.time_second, waveform.volts[:, end.index], strict=True)
        corners = " ".join(f"{float(t)!r} {float(v)!r}" for t, v in pairs)
        lines += [f"V{end.name} {end.source_node} 0 PWL({corners})", *_resistor(end)]
    for end in netlist.senses(crossbar):
        lines += [f"V{end.name} {end.source_node} 0 0", *_resistor(end)]
    return "\n".join([*lines, f".options klu {options}", ".end"])


def _case(name: str, tolerance: float, difference: Callable[[], float]) -> AnalysisCase:
    return AnalysisCase(name=name, difference=difference, tolerance=tolerance)


def _resistor(end: netlist.Terminal) -> list[str]:
    """Return the line of a terminal's resistor, if it has one."""
    found = end.resistor()
    return [] if found is None else [f"R{found[0]} {found[1]} {found[2]} {found[3]!r}"]


def _relative_difference(first: FloatArray, second: FloatArray) -> float:
    """Return the worst difference relative to the largest value; NaN is infinitely far."""
    gap = float(np.abs(first - second).max() / np.abs(second).max())
    return gap if np.isfinite(gap) else np.inf


def _waveforms(
    crossbar: Crossbar, waveform: nodal.Waveform
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ngspice's times (points,), column and driver currents (points, cols or rows)."""
    senses, drivers = list(netlist.senses(crossbar)), list(netlist.drivers(crossbar))
    names = [f"i(v{end.name})" for end in (*senses, *drivers)]
    step = _STOP / 4800
    tran = spice.Tran(step_second=2 * step, stop_second=_STOP, max_step_second=step)
    deck = transient_deck(crossbar, waveform, options="reltol=1e-7 abstol=1e-18 vntol=1e-12")
    plot = spice.run(deck, tran, vectors=names)[0]
    column = np.zeros((len(plot.scale), crossbar.cols))
    row = np.zeros((len(plot.scale), crossbar.rows))
    for end in senses:
        column[:, end.index] += plot[f"i(v{end.name})"]
    for end in drivers:
        row[:, end.index] -= plot[f"i(v{end.name})"]
    return np.asarray(plot.scale, dtype=np.float64), column, row


def _fast(crossbar: Crossbar, waveform: nodal.Waveform) -> nodal.TransientResult:
    method = nodal.ReducedOrder(points=20_000)
    return nodal.transient(crossbar, waveform, stop_second=_STOP, tolerance=1e-7, method=method)


def _transient(crossbar: Crossbar, waveform: nodal.Waveform) -> float:
    time, column, _ = _waveforms(crossbar, waveform)
    fast = _fast(crossbar, waveform)
    between = [np.interp(time, fast.time_second, own) for own in fast.column_current.T]
    return _relative_difference(np.array(between).T, column)


def _energy(crossbar: Crossbar, waveform: nodal.Waveform) -> float:
    time, _, row = _waveforms(crossbar, waveform)
    power = row * np.array([waveform.at(t) for t in time])
    exact = np.trapezoid(power, time, axis=0)
    return _relative_difference(_fast(crossbar, waveform).energy_joule, exact)


def _noise(crossbar: Crossbar) -> float:
    column, lines = 3, ["noise", *netlist.array_lines(crossbar)]
    for end in netlist.drivers(crossbar):
        ac = " AC 1" if end.name == "left_0" else ""
        lines += [f"V{end.name} {end.source_node} 0 DC 0{ac}", *_resistor(end)]
    for end in netlist.senses(crossbar):
        lines += [f"V{end.name} {end.source_node} 0 0", *_resistor(end)]
    lines += [f"Hout out 0 Vbottom_{column} 1", ".options temp=27", ".end"]
    request = spice.Noise(
        output="v(out)", source="vleft_0", start_hertz=1e6, stop_hertz=1e12, points=1
    )
    plot = spice.run("\n".join(lines), request)[0]
    ours = nodal.noise(crossbar, np.zeros(crossbar.rows), np.real(plot.scale))
    return _relative_difference(np.sqrt(ours.total[:, column]), np.real(plot["onoise_spectrum"]))


def _clip(node: str) -> str:
    return f"I={_CLIP_AMPERE!r}*tanh(V({node})/{_CLIP_VOLT!r})"


def _clipping(volt: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return current and slope of a load that draws at most 2 uA."""
    x = volt / _CLIP_VOLT
    return _CLIP_AMPERE * np.tanh(x), _CLIP_AMPERE / _CLIP_VOLT / np.cosh(x) ** 2


def _clipped(crossbar: Crossbar, volts: FloatArray, columns: list[int]) -> FloatArray:
    """Return ngspice's voltages of some columns of the full array that end in clipping loads."""
    lines = ["clipping columns", *netlist.array_lines(crossbar)]
    for end in netlist.drivers(crossbar):
        volt = float(volts[end.index])
        lines += [f"V{end.name} {end.source_node} 0 {volt!r}", *_resistor(end)]
    for end in netlist.senses(crossbar):
        load = end.index in columns
        kind, what = ("B", _clip(end.source_node)) if load else ("V", "0")
        lines += [f"{kind}{end.name} {end.source_node} 0 {what}", *_resistor(end)]
    names = [f"v(bottom_{j})" for j in columns]
    return _operating_point(lines, names)


def _operating_point(lines: list[str], names: list[str]) -> FloatArray:
    tight = ".options klu reltol=1e-10 abstol=1e-18 vntol=1e-14 gmin=1e-18"
    plot = spice.run("\n".join([*lines, tight, ".end"]), spice.Op(), vectors=names)[0]
    return np.array([float(plot[name][0]) for name in names])


def _reduced(crossbar: Crossbar, volts: FloatArray) -> float:
    """Compare one column of the exported subcircuit with the full array, both in ngspice."""
    column = 3
    part = nodal.reduce(crossbar).subcircuit("column", rows=[], columns=[column], volts=volts)
    lines = ["reduced column", part, "Xarray load column", f"Bload load 0 {_clip('load')}"]
    return _relative_difference(
        _operating_point(lines, ["v(load)"]), _clipped(crossbar, volts, [column])
    )


def _loads(crossbar: Crossbar, volts: FloatArray) -> float:
    found = nodal.operate(nodal.reduce(crossbar), volts, _clipping)
    exact = _clipped(crossbar, volts, list(range(crossbar.cols)))
    return _relative_difference(found.column_voltage[0], exact)


def _attached(crossbar: Crossbar) -> float:
    model = nodal.reduce(crossbar, sides=("left", "right", "top", "bottom"))
    ends = Terminals(left_ohm=70.0, right_ohm=30.0, bottom_ohm=0.0, top_ohm=20.0)
    whole = replace(crossbar, terminals=ends)
    exact = spice.read(whole, np.eye(crossbar.rows)[:3]).column_current
    return _relative_difference(model.transfer(ends)[:3], exact)


def _tiles(conductance: FloatArray) -> float:
    unit = np.eye(conductance.shape[1])
    exact = [
        spice.read(Crossbar(conductance=own, wires=_WIRES, terminals=_ENDS), unit).column_current
        for own in conductance
    ]
    together = nodal.transfer_tiles(conductance, wires=_WIRES, terminals=_ENDS)
    return _relative_difference(together, np.array(exact))


def _updated(crossbar: Crossbar) -> float:
    siemens = np.array(crossbar.conductance)
    siemens[4:6, 3:8] = 2.0 * siemens[4:6, 3:8] + 1e-6
    changed = replace(crossbar, conductance=siemens)
    ready = nodal.Hierarchical().prepare(crossbar).updated(changed)
    unit = np.eye(crossbar.rows)[:6]
    return _relative_difference(unit @ ready.transfer(), spice.read(changed, unit).column_current)
