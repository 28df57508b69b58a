"""Statistics of programmed PCM: programming error, drift and read noise of whole arrays.

What an array engineer measures on a million devices, as three distributions over the relative
target conductance ``x = g_target / g_max``:

- the **programming error** is Gaussian with a standard deviation that depends on the target;
- each device then **drifts**, ``g(T) = g_prog * (T / t0)**(-nu)`` with ``T = t + t0``, where ``nu``
  is its own, drawn once;
- a **read** at time t sees the 1/f noise that accumulated since programming,
  ``sigma = g(T) * Q * sqrt(ln((T + t_read) / (2 * t_read)))``.

Every stage is clipped at 0. Randomness ends here: :meth:`PcmStatistics.program` draws an array once
and both engines receive the same numbers.

Sources: Joshi et al., Nat. Commun. 11, 2473 (2020); Nandakumar et al., ICECS (2019); Le Gallo et
al., Nat. Electron. 6, 680 (2023) for the HERMES presets. Coefficients as coded in IBM's aihwkit
(``PCMLikeNoiseModel``, ``HermesNoiseModel``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV, ROOM_CELSIUS, ROOM_KELVIN, kelvin
from xbar_circuit.devices.curves import Curve, TabulatedCurve
from xbar_circuit.devices.pcm._published import HERMES_DOUBLE, HERMES_SINGLE, JOSHI_2020
from xbar_circuit.devices.pcm.state import PcmState
from xbar_circuit.errors import ParameterError

__all__ = ["PcmStatistics"]

_ACTIVATION = TabulatedCurve(
    x=(0.0, 0.013, 0.04, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0),
    y=(0.21, 0.208, 0.193, 0.176, 0.160, 0.143, 0.130, 0.113, 0.098),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmStatistics:
    """Programming, drift and read statistics of a PCM technology.

    Parameters
    ----------
    g_max_siemens
        Conductance of the largest weight [S].
    t0_second
        Time of the first read after programming, the origin of drift [s].
    read_second
        Integration time of a read [s]; the noise bandwidth ends at ``1 / (2 * read_second)``.
    programming_curve
        Standard deviation of the programming error over x, in units of `g_max_siemens`.
    drift_mean_curve, drift_sigma_curve
        Mean and standard deviation of the drift exponent over x.
    read_curve
        Amplitude Q of the 1/f noise over the programmed ``x = g_prog / g_max``.
    activation_curve
        Activation energy of conduction over x [eV]. The default is that of the compact cell at
        0.2 V, 0.21 eV near RESET and 0.10 eV at x = 1: within the textbook's 0.2 to 0.3 eV of RESET
        and the flat temperature dependence of SET. Boybat et al., IEDM 2021, measured ten thousand
        devices; their numbers are not public, so put in your own.
    activation_sigma_ev
        Its standard deviation among devices of one target [eV]; a choice.
    relaxation_ev
        Activation energy of relaxation [eV]: storage at T lets time pass
        ``exp(E/k * (1/300 K - 1/T))`` times as fast for drift. A textbook order.
    programming_scale, drift_scale, read_scale
        Factors that switch an imperfection off (0) or exaggerate it.
    open_fraction, stuck_fraction
        Probability that a device is open (0 S) or stuck at `stuck_siemens`, without drift.
    stuck_siemens
        Conductance of a stuck device [S]; None is `g_max_siemens`.
    source
        Source of the numbers.

    Raises
    ------
    ParameterError
        A number out of range, or a curve that cannot be called.

    >>> stats = PcmStatistics.joshi2020()
    >>> round(float(stats.programming_sigma(2.5e-6)) * 1e6, 6)
    0.448249
    """

    g_max_siemens: float
    t0_second: float
    read_second: float
    programming_curve: Curve
    drift_mean_curve: Curve
    drift_sigma_curve: Curve
    read_curve: Curve
    activation_curve: Curve = field(default_factory=lambda: _ACTIVATION)
    activation_sigma_ev: float = 0.005
    relaxation_ev: float = 0.4
    programming_scale: float = 1.0
    drift_scale: float = 1.0
    read_scale: float = 1.0
    open_fraction: float = 0.0
    stuck_fraction: float = 0.0
    stuck_siemens: float | None = None
    source: str = "custom"

    def __post_init__(self) -> None:
        for name, unit in (("g_max_siemens", "S"), ("t0_second", "s"), ("read_second", "s")):
            value = checks.number(name, getattr(self, name), unit, above=True)
            object.__setattr__(self, name, value)
        for name in ("programming_scale", "drift_scale", "read_scale"):
            object.__setattr__(self, name, checks.number(name, getattr(self, name), "1"))
        for name in ("activation_sigma_ev", "relaxation_ev"):
            object.__setattr__(self, name, checks.number(name, getattr(self, name), "eV"))
        for name in ("open_fraction", "stuck_fraction"):
            value = checks.number(name, getattr(self, name), "1", maximum=1.0)
            object.__setattr__(self, name, value)
        checks.number("open_fraction + stuck_fraction", self._faulty_fraction, "1", maximum=1.0)
        if self.stuck_siemens is not None:
            value = checks.number("stuck_siemens", self.stuck_siemens, "S")
            object.__setattr__(self, "stuck_siemens", value)
        for name in ("programming", "drift_mean", "drift_sigma", "read", "activation"):
            curve = getattr(self, f"{name}_curve")
            if not callable(curve):
                raise ParameterError.about(
                    f"{name}_curve",
                    got=repr(curve),
                    expected="a curve of x = g / g_max",
                    remedy="for example devices.TabulatedCurve(x=(0, 1), y=(0.01, 0.04))",
                )

    @property
    def _faulty_fraction(self) -> float:
        return self.open_fraction + self.stuck_fraction

    @classmethod
    def joshi2020(cls) -> PcmStatistics:
        """Return the statistics of 10,000 doped-GST mushroom cells, g_max 25 uS.

        Joshi et al., Nat. Commun. 11, 2473 (2020); Nandakumar et al., ICECS (2019).

        Returns
        -------
        PcmStatistics
            With a first read at 20 s and 250 ns of integration.
        """
        return cls(**JOSHI_2020)

    @classmethod
    def hermes_single(cls) -> PcmStatistics:
        """Return the HERMES chip's statistics with one device a polarity, g_max 10.35 uS.

        Le Gallo et al., Nat. Electron. 6, 680 (2023).

        Returns
        -------
        PcmStatistics
            Tables of the programmed chip's devices, one for each polarity.
        """
        return cls(**HERMES_SINGLE)

    @classmethod
    def hermes_double(cls) -> PcmStatistics:
        """Return the HERMES chip's statistics with two devices a polarity, g_max 20.7 uS.

        Le Gallo et al., Nat. Electron. 6, 680 (2023).

        Returns
        -------
        PcmStatistics
            Tables of the programmed chip's devices, two in parallel for each polarity.
        """
        return cls(**HERMES_DOUBLE)

    def programming_sigma(self, target: ArrayLike) -> FloatArray:
        """Return the standard deviation of the programming error.

        Parameters
        ----------
        target
            Wanted conductance [S], any shape; above `g_max_siemens` the value there holds.

        Returns
        -------
        FloatArray
            Standard deviation [S], of the shape of `target`.
        """
        sigma = self.programming_curve(self._relative(target)) * self.g_max_siemens
        return np.maximum(sigma, 0.0) * self.programming_scale

    def drift_mean(self, target: ArrayLike) -> FloatArray:
        """Return the mean of the normal variable whose magnitude is the drift exponent.

        Parameters
        ----------
        target
            Wanted conductance [S], any shape; above `g_max_siemens` the value there holds.

        Returns
        -------
        FloatArray
            Mean exponent, dimensionless, of the shape of `target`.
        """
        return self.drift_mean_curve(self._relative(target)) * self.drift_scale

    def drift_sigma(self, target: ArrayLike) -> FloatArray:
        """Return the standard deviation of the variable whose magnitude is the drift exponent.

        Parameters
        ----------
        target
            Wanted conductance [S], any shape; above `g_max_siemens` the value there holds.

        Returns
        -------
        FloatArray
            Standard deviation, dimensionless, of the shape of `target`.
        """
        sigma = self.drift_sigma_curve(self._relative(target))
        return np.maximum(sigma, 0.0) * self.drift_scale

    def read_sigma(
        self,
        conductance: ArrayLike,
        seconds: ArrayLike = 0.0,
        *,
        programmed: ArrayLike | None = None,
        read_second: float | None = None,
    ) -> FloatArray:
        """Return the standard deviation of one read.

        ``g * Q(g_prog / g_max) * sqrt(ln((T + t_read) / (2 * t_read)))``, ``T = seconds + t0``:
        Nandakumar et al., ICECS (2019).

        Parameters
        ----------
        conductance
            Conductance that the device has now [S], any shape.
        seconds
            Time since programming [s], broadcasting against `conductance`.
        programmed
            Conductance that the device had right after programming [S]; None is `conductance`.
        read_second
            Integration time of this read [s]; None is the technology's own. A longer read averages
            the fast noise away.

        Returns
        -------
        FloatArray
            Standard deviation [S], of the broadcast shape.
        """
        g = checks.non_negative("conductance", conductance, "S")
        origin = g if programmed is None else checks.non_negative("programmed", programmed, "S")
        width = self.read_second
        if read_second is not None:
            width = checks.number("read_second", read_second, "s", above=True)
        elapsed = checks.non_negative("seconds", seconds, "s") + self.t0_second
        decades = np.log((elapsed + width) / (2.0 * width))
        amplitude = np.maximum(self.read_curve(origin / self.g_max_siemens), 0.0)
        sigma: FloatArray = g * amplitude * np.sqrt(np.maximum(decades, 0.0)) * self.read_scale
        return sigma

    def activation_ev(self, target: ArrayLike) -> FloatArray:
        """Return the mean activation energy of conduction.

        Parameters
        ----------
        target
            Wanted conductance [S], any shape; above `g_max_siemens` the value there holds.

        Returns
        -------
        FloatArray
            Energy [eV], of the shape of `target`.
        """
        return self.activation_curve(self._relative(target))

    def program(
        self, target: ArrayLike, *, rng: np.random.Generator, celsius: float = ROOM_CELSIUS
    ) -> PcmState:
        """Program an array once and draw each device's drift exponent.

        Parameters
        ----------
        target
            Wanted conductances [S], any shape.
        rng
            Random generator. For an array of tiles use one generator a tile, for example
            ``np.random.default_rng((seed, tile_row, tile_column))``: every tile then stays the
            same whatever the others are.
        celsius
            Temperature while it is written and verified [degree Celsius]: there the targets are
            reached; the statistics are taken to be the same.

        Returns
        -------
        PcmState
            Conductance right after programming (t = 0) and everything that time does to it.

        Raises
        ------
        ParameterError
            A target is negative or not finite.

        >>> stats = PcmStatistics.joshi2020()
        >>> state = stats.program([5e-6, 20e-6], rng=np.random.default_rng(0))
        >>> (state.conductance * 1e6).round(3).tolist()
        [5.077, 19.857]
        >>> (state.at(86400.0) * 1e6).round(3).tolist()
        [3.112, 13.083]
        """
        checks.instance("rng", rng, np.random.Generator, example="np.random.default_rng(1)")
        wanted = checks.non_negative("target", target, "S")
        error = self.programming_sigma(wanted) * rng.standard_normal(wanted.shape)
        spread = self.drift_sigma(wanted) * rng.standard_normal(wanted.shape)
        conductance = np.maximum(wanted + error, 0.0)
        exponent = np.abs(self.drift_mean(wanted) + spread)
        if self._faulty_fraction > 0.0:
            draw = rng.random(wanted.shape)
            stuck_at = self.g_max_siemens if self.stuck_siemens is None else self.stuck_siemens
            conductance[draw < self._faulty_fraction] = stuck_at
            conductance[draw < self.open_fraction] = 0.0
            exponent[draw < self._faulty_fraction] = 0.0
        activation = self.activation_ev(wanted)
        # a generator of its own: what is drawn for temperature moves no other draw
        noise = rng.spawn(1)[0].standard_normal(wanted.shape)
        activation = np.maximum(activation + self.activation_sigma_ev * noise, 0.0)
        if self._faulty_fraction > 0.0:
            activation[draw < self._faulty_fraction] = 0.0
        temperature = kelvin(checks.celsius("celsius", celsius))
        if temperature != ROOM_KELVIN:  # what is reached there is another conductance at 300 K
            hotter = (1.0 / ROOM_KELVIN - 1.0 / temperature) / BOLTZMANN_EV
            conductance = conductance * np.exp(-activation * hotter)
        return PcmState(
            statistics=self, target=wanted, conductance=conductance, exponent=exponent,
            activation_ev=activation,
        )  # fmt: skip

    def _relative(self, target: ArrayLike) -> FloatArray:
        """Return x; above g_max, where no fit was measured, the fits keep their last value."""
        return np.minimum(checks.non_negative("target", target, "S") / self.g_max_siemens, 1.0)
