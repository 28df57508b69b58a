"""What the papers say of a PCM device and of its statistics, compared with what is used here.

Numbers that a published polynomial or fit defines are drawn and compared as they are. Of the cell
itself the papers and textbooks give ranges, and the report says whether the cell lies within them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV, ZERO_CELSIUS_KELVIN
from xbar_circuit.devices.pcm import PcmCell, PcmStatistics, PcmVariability, PulsedSet
from xbar_circuit.devices.pcm._numbers import HasNumbers
from xbar_circuit.devices.pcm._retention import remaining
from xbar_circuit.devices.pcm.dynamics import Pulse, transient

__all__ = [
    "TECHNOLOGIES",
    "Gradual",
    "PublishedPoint",
    "PublishedRange",
    "Spread",
    "gradual_set",
    "published_points",
    "published_ranges",
    "spreads",
]

TECHNOLOGIES = {
    "Joshi 2020": PcmStatistics.joshi2020,
    "HERMES, one device": PcmStatistics.hermes_single,
    "HERMES, two devices": PcmStatistics.hermes_double,
}
READ_VOLT = 0.2
SET_PULSES = 50
STEADY_OHM = 100e3  # as good as a current source
_RESET_AMPERE = 440e-6
_SET_AMPERES = tuple((np.arange(80.0, 92.1, 1.0) * 1e-6).tolist())
_SET_GOAL = 13e-6
_REST_VOLT, _MOLTEN_VOLT = 1.2, 0.65  # across the GST at the two currents, roughly
_PULSED = ((1, 2.07, 1.53), (5, 5.93, 2.42), (10, 7.85, 2.53), (20, 9.44, 2.70))  # uS
_DRAWS = 200_000
_LEVELS = 24


@dataclass(frozen=True, kw_only=True)
class PublishedPoint:
    """A number from a paper compared with ours."""

    what: str
    published: float
    ours: float
    unit: str

    @property
    def relative(self) -> float:
        """``ours / published - 1``."""
        return self.ours / self.published - 1.0


@dataclass(frozen=True, kw_only=True)
class PublishedRange:
    """A range from a paper or a textbook, and where the cell lies."""

    what: str
    low: float
    high: float
    ours: float
    unit: str
    source: str

    @property
    def inside(self) -> bool:
        """Whether ours lies within, to a hundredth of the ends."""
        return 0.99 * self.low <= self.ours <= 1.01 * self.high


@dataclass(frozen=True, kw_only=True, eq=False)
class Gradual:
    """Staircases of SET pulses of 50 ns from the published RESET.

    staircases : current [A] -> conductance before and after each pulse [S].
    ampere : current that ends at 13 uS, in the middle of the published 12 to 14.
    """

    staircases: dict[float, FloatArray]
    ampere: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """The statistics of a technology over its targets: the curves, and moments of drawn devices.

    target : (levels,) [S]. programming, drift, read : standard deviation of the programming error
    [S], mean drift exponent, and standard deviation of a read after an hour [S], each as (curve,
    drawn).
    """

    target: FloatArray
    programming: tuple[FloatArray, FloatArray]
    drift: tuple[FloatArray, FloatArray]
    read: tuple[FloatArray, FloatArray]


def staircase(
    cell: PcmCell,
    *,
    ampere: float,
    pulses: int,
    cells: int,
    rng: np.random.Generator,
    variability: PcmVariability | None = None,
) -> FloatArray:
    """Return the conductances after the published RESET and each SET pulse (1 + pulses, cells) [S].

    Pulses of 50 ns, about `ampere` through a large load, on devices that differ as
    `variability` has them (None: as :class:`~xbar_circuit.devices.PcmVariability` does by default).
    """
    vary = variability or PcmVariability()
    devices = vary.draw(cell, cells, rng=rng)
    times, shape = Pulse(volt=1.0, width_second=50e-9).waveform()
    volt = ampere * (STEADY_OHM + cell.series_ohm) + _REST_VOLT
    states = [_reset(devices, np.zeros(cells), cell.series_ohm)]
    for _ in range(pulses):
        volts = np.outer(shape, volt * (1.0 + vary.pulse * rng.standard_normal(cells)))
        trace = transient(devices, states[-1], times, volts, load_ohm=STEADY_OHM)
        states.append(trace.thickness[-1])
    return np.array([devices.conductance(state, read_volt=READ_VOLT) for state in states])


def gradual_set(cell: PcmCell) -> Gradual:
    """Apply 50 SET pulses of each of several currents; return three staircases and the goal's."""
    times, shape = Pulse(volt=1.0, width_second=50e-9).waveform()
    volts = np.array(_SET_AMPERES) * (STEADY_OHM + cell.series_ohm) + _REST_VOLT
    states = [np.full(volts.size, _reset_thickness(cell))]
    peak = np.zeros(volts.size)
    for _ in range(SET_PULSES):
        trace = transient(cell, states[-1], times, np.outer(shape, volts), load_ohm=STEADY_OHM)
        states.append(trace.thickness[-1])
        peak = np.maximum(peak, trace.current.max(axis=0))
    conductance = cell.conductance(np.array(states), read_volt=READ_VOLT)
    last = np.maximum.accumulate(conductance[-1])  # rises with the current
    middle = int(np.argmin(np.abs(last - _SET_GOAL)))
    first = min(max(middle - 1, 0), volts.size - 3)
    return Gradual(
        staircases={float(peak[k]): conductance[:, k] for k in range(first, first + 3)},
        ampere=float(np.interp(_SET_GOAL, last, peak)),
    )


def published_points(seed: int, product_percent: float) -> list[PublishedPoint]:
    """Return drawn moments with the published ones, and the error of a product [%]."""
    stats, rng = PcmStatistics.joshi2020(), np.random.default_rng((seed, 7))
    points = []
    for x, sigma in ((0.1, 0.448249), (0.5, 0.952705), (1.0, 1.055380)):
        drawn = stats.program(np.full(_DRAWS, x * 25e-6), rng=rng).conductance.std() * 1e6
        points.append(_point(f"programming error at {25 * x:g} uS", sigma, drawn, "uS"))
    steps = PulsedSet.nandakumar2018().staircase((_DRAWS,), pulses=20, rng=rng) * 1e6
    for count, mean, std in _PULSED:
        pulses = f"{count} SET pulse{'s' if count > 1 else ''}"
        points.append(_point(f"mean after {pulses}", mean, steps[count].mean(), "uS"))
        points.append(_point(f"spread after {pulses}", std, steps[count].std(), "uS"))
    points.append(_point("error of a 512 x 512 product at 1 s", 13.0, product_percent, "%"))
    return points


def _point(what: str, published: float, ours: float, unit: str) -> PublishedPoint:
    return PublishedPoint(what=what, published=published, ours=float(ours), unit=unit)


def published_ranges(cell: PcmCell, gradual: Gradual) -> list[PublishedRange]:
    """Return where the cell lies in the ranges that papers and textbooks give."""
    thickness = _reset_thickness(cell)
    kelvins = np.linspace(400.0, 950.0, 2201)
    speed = cell.growth.velocity(kelvins - ZERO_CELSIUS_KELVIN)
    threshold = cell.threshold_volt(30e-9)
    warm, cool = (float(replace(cell, celsius=t).conductance(60e-9)) for t in (76.85, 26.85))
    energy = np.log(warm / cool) / (1 / 300.0 - 1 / 350.0) * BOLTZMANN_EV
    day, hour = (float(cell.aged(t).conductance(40e-9)) for t in (86400.0, 3600.0))
    exponent = -np.log(day / hour) / np.log(86400.0 / 3600.0)
    projected = cell.plug.liner_ohm_per_metre is not None
    sebastian, textbook = "Sebastian et al. 2017", "textbook order"
    drift = (0.005, 0.015, "liner cells") if projected else (0.049, 0.1, "Joshi et al. 2020")
    heat = cell.heat
    outside = (1.0 - thickness / heat.reach_metre) / (1.0 + thickness / heat.depth_metre)
    warmer = replace(cell, celsius=46.85).threshold_volt(30e-9)
    year, month = (cell.aged(t).threshold_volt(30e-9) for t in (3.156e7, 3.156e6))
    rows = [
        ("fastest crystal growth", 0.4, 0.6, float(speed.max()), "nm/ns", sebastian),
        (
            "temperature of fastest growth", 730.0, 770.0, float(kelvins[speed.argmax()]), "K",
            sebastian,
        ),
        ("growth at 550 K", 0.0, 1.0, _at_550(cell), "% of the fastest", sebastian),
        (
            "30 nm lose 10 nm in ten years at", 320.0, 390.0, _ten_years(cell), "K",
            "see CrystalGrowth",
        ),
        ("u_a after RESET with 440 uA", 60.0, 100.0, thickness * 1e9, "nm", sebastian),
        (
            "R_th of the interface at this u_a", 1.0, 2.0, heat.celsius_per_watt * outside * 1e-6,
            "K/uW", sebastian,
        ),
        ("current to 13 uS in 50 SETs", 50.0, 100.0, gradual.ampere * 1e6, "uA", sebastian),
        ("threshold voltage of 30 nm", 1.0, 1.5, threshold, "V", textbook),
        ("threshold field", 30.0, 70.0, threshold / 30e-9 * 1e-6, "V/um", textbook),
        (
            "threshold voltage, change per degree", -0.3, -0.05, 5.0 * (warmer / threshold - 1.0),
            "%/K", textbook,
        ),
        ("threshold voltage, drift", 1.0, 6.0, 100.0 * (year / month - 1.0), "%/decade", textbook),
        ("ON resistance", 1.0, 3.0, _on_ohm(cell) * 1e-3, "kohm", textbook),
        ("activation of RESET", 0.2, 0.3, float(energy), "eV", textbook),
        ("drift exponent of RESET", drift[0], drift[1], float(exponent), "", drift[2]),
    ]  # fmt: skip
    return [
        PublishedRange(what=what, low=low, high=high, ours=ours, unit=unit, source=source)
        for what, low, high, ours, unit, source in rows
    ]


def _at_550(cell: PcmCell) -> float:
    return 100.0 * float(cell.growth.velocity(np.array(276.85))) / cell.growth.peak_speed


def _ten_years(cell: PcmCell) -> float:
    """Return at which temperature a plug of 30 nm loses 10 nm in ten years [K]."""
    low, high = 250.0, 600.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        left = float(remaining(cell.numbers, np.asarray(30e-9), 3.156e8, middle))
        low, high = (middle, high) if left > 20e-9 else (low, middle)
    return 0.5 * (low + high)


def _on_ohm(cell: PcmCell) -> float:
    return 1.0 / cell.switch.on_siemens + cell.series_ohm


def _reset_thickness(cell: PcmCell) -> float:
    """Return u_a after a steady 440 uA for a microsecond [m]."""
    return float(_reset(cell, np.zeros(1), cell.series_ohm)[0])


def _reset(devices: HasNumbers, thickness: FloatArray, series_ohm: float) -> FloatArray:
    times, shape = Pulse(volt=1.0, width_second=1e-6).waveform()
    volt = _RESET_AMPERE * (STEADY_OHM + series_ohm) + _MOLTEN_VOLT
    trace = transient(devices, thickness, times, np.array(shape) * volt, load_ohm=STEADY_OHM)
    thickness_after: FloatArray = trace.thickness[-1]
    return thickness_after


def spreads(seed: int) -> dict[str, Spread]:
    """Draw devices at levels over the range of each technology."""
    return {name: _spread(make(), seed) for name, make in TECHNOLOGIES.items()}


def _spread(stats: PcmStatistics, seed: int) -> Spread:
    target = np.linspace(0.04, 1.0, _LEVELS) * stats.g_max_siemens
    each = np.broadcast_to(target[:, np.newaxis], (_LEVELS, _DRAWS // _LEVELS))
    state = stats.program(each, rng=np.random.default_rng((seed, 8)))
    exact = replace(stats, programming_scale=0.0, drift_scale=0.0).program(
        each, rng=np.random.default_rng((seed, 9))
    )
    noisy = exact.read(3600.0, rng=np.random.default_rng((seed, 10)))
    return Spread(
        target=target,
        programming=(stats.programming_sigma(target), state.conductance.std(axis=1)),
        drift=(stats.drift_mean(target), state.exponent.mean(axis=1)),
        read=(stats.read_sigma(target, 3600.0), noisy.std(axis=1)),
    )
