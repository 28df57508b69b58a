"""A programmed array of PCM: what was drawn for each device, and what time makes of it.

The equations are those of :mod:`.statistics`, whose distributions the numbers are drawn from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV, ROOM_CELSIUS, ROOM_KELVIN, kelvin

if TYPE_CHECKING:
    from xbar_circuit.devices.pcm.statistics import PcmStatistics

__all__ = ["PcmState"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PcmState:
    """A programmed array of PCM devices, with everything that was drawn for it.

    Parameters
    ----------
    statistics
        The technology.
    target, conductance
        Wanted and reached conductance at t = 0 [S].
    exponent
        Each device's drift exponent.
    activation_ev
        Each device's activation energy of conduction [eV]; None is that of its target. A device
        that is open or stuck keeps its state: its exponent and its activation are 0.
    """

    statistics: PcmStatistics
    target: FloatArray
    conductance: FloatArray
    exponent: FloatArray
    activation_ev: FloatArray | None = None

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        if self.activation_ev is None:
            object.__setattr__(self, "activation_ev", self.statistics.activation_ev(self.target))
        for name, unit in (
            ("target", "S"), ("conductance", "S"), ("exponent", "1"), ("activation_ev", "eV"),
        ):  # fmt: skip
            array = checks.non_negative(name, getattr(self, name), unit)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def at(
        self,
        seconds: ArrayLike,
        *,
        celsius: float = ROOM_CELSIUS,
        storage_celsius: float = ROOM_CELSIUS,
    ) -> FloatArray:
        """Return the conductance after a time [S]; no noise, and no randomness.

        Parameters
        ----------
        seconds
            Time since programming [s], scalar or any shape.
        celsius
            Temperature of the read [degree Celsius]; the presets were measured near 300 K.
        storage_celsius
            Temperature since programming [degree Celsius]: a warm store ages faster.

        Returns
        -------
        ndarray
            Shape ``seconds.shape + conductance.shape`` [S].
        """
        stats = self.statistics
        elapsed = checks.non_negative("seconds", seconds, "s")
        elapsed = elapsed.reshape(elapsed.shape + (1,) * self.conductance.ndim)
        store = kelvin(checks.celsius("storage_celsius", storage_celsius))
        stretch = np.exp(stats.relaxation_ev / BOLTZMANN_EV * (1.0 / ROOM_KELVIN - 1.0 / store))
        elapsed = elapsed * stretch + stats.t0_second
        drifted = self.conductance * (elapsed / stats.t0_second) ** -self.exponent
        temperature = kelvin(checks.celsius("celsius", celsius))
        if temperature == ROOM_KELVIN:
            return np.asarray(drifted)
        hotter = 1.0 / ROOM_KELVIN - 1.0 / temperature
        activation = np.asarray(self.activation_ev, dtype=np.float64)
        return np.asarray(drifted * np.exp(activation * hotter / BOLTZMANN_EV))

    def read(
        self,
        seconds: ArrayLike,
        *,
        rng: np.random.Generator,
        celsius: float = ROOM_CELSIUS,
        storage_celsius: float = ROOM_CELSIUS,
        read_second: float | None = None,
    ) -> FloatArray:
        """Return one noisy read after a time.

        Two reads at the same time differ: each draws its own noise from `rng`.

        Parameters
        ----------
        seconds
            Time since programming [s], scalar or any shape.
        rng
            Random generator.
        celsius
            Temperature of the read [degree Celsius].
        storage_celsius
            Temperature since programming [degree Celsius].
        read_second
            Integration time [s]; None is the technology's own.

        Returns
        -------
        FloatArray
            Conductance [S], ``seconds.shape + conductance.shape``, not below 0.
        """
        checks.instance("rng", rng, np.random.Generator, example="np.random.default_rng(1)")
        g = self.at(seconds, celsius=celsius, storage_celsius=storage_celsius)
        times = checks.non_negative("seconds", seconds, "s")
        times = times.reshape(times.shape + (1,) * self.conductance.ndim)
        sigma = self.statistics.read_sigma(
            g, times, programmed=self.conductance, read_second=read_second
        )
        return np.maximum(g + sigma * rng.standard_normal(g.shape), 0.0)
