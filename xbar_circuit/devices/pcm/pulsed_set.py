"""Statistics of gradual SET: what one partial-crystallisation pulse after another does to a device.

The device keeps a memory ``P`` of how recently it was RESET. Each pulse moves its conductance by a
random step whose mean and spread depend on the conductance and on ``P`` (in uS):

    dG = (a_mean*G + b_mean + c_mean*P) + (a_std*G + b_std + c_std*P) * N(0, 1)
    P <- P * exp(-1 / decay_pulses),  P = 1 after RESET

Nandakumar et al., J. Appl. Phys. 124, 152135 (2018), for 90 nm doped-GST mushroom cells and pulses
of 90 uA for 50 ns. The step uses the memory after it has decayed, and no device falls below the
conductance of its RESET state. That floor is not in the published fit; 0.1 uS is a fitted parameter
that gives mean and standard deviation after 1, 5, 10 and 20 pulses within 2.5 % of the published
2.07, 5.93, 7.85, 9.44 uS and 1.53, 2.42, 2.53, 2.70 uS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray

__all__ = ["PulsedSet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsedSet:
    """The pulse model; coefficients in siemens, from the published fit in microsiemens.

    >>> model = PulsedSet.nandakumar2018()
    >>> g = model.staircase((1000,), pulses=20, rng=np.random.default_rng(0))
    >>> g.shape
    (21, 1000)
    """

    mean_slope: float
    mean_siemens: float
    mean_memory_siemens: float
    sigma_slope: float
    sigma_siemens: float
    sigma_memory_siemens: float
    decay_pulses: float
    floor_siemens: float = 0.0

    def __post_init__(self) -> None:
        for name in ("mean_slope", "mean_siemens", "mean_memory_siemens"):
            value = checks.number(name, getattr(self, name), "S or 1", minimum=-math.inf)
            object.__setattr__(self, name, value)
        for name in ("sigma_slope", "sigma_siemens", "sigma_memory_siemens"):
            object.__setattr__(self, name, checks.number(name, getattr(self, name), "S or 1"))
        decay = checks.number("decay_pulses", self.decay_pulses, "1", above=True)
        object.__setattr__(self, "decay_pulses", decay)
        floor = checks.number("floor_siemens", self.floor_siemens, "S")
        object.__setattr__(self, "floor_siemens", floor)

    @classmethod
    def nandakumar2018(cls) -> PulsedSet:
        """Return the published fit of a 90 uA, 50 ns SET pulse: J. Appl. Phys. 124, 152135 (2018).

        Returns
        -------
        PulsedSet
            The fit, with a floor of 0.1 uS that is fitted here.
        """
        return cls(
            mean_slope=-0.084,
            mean_siemens=0.880e-6,
            mean_memory_siemens=1.40e-6,
            sigma_slope=0.091,
            sigma_siemens=0.260e-6,
            sigma_memory_siemens=2.15e-6,
            decay_pulses=2.6,
            floor_siemens=0.1e-6,
        )

    def pulse(
        self, conductance: ArrayLike, memory: ArrayLike, *, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Apply one SET pulse to each device.

        Parameters
        ----------
        conductance, memory
            State before the pulse [S, 1]; memory 1 is right after RESET.
        rng
            Source of the pulse's randomness.

        Returns
        -------
        conductance, memory
            State after the pulse.
        """
        g = checks.non_negative("conductance", conductance, "S")
        p = checks.non_negative("memory", memory, "1") * math.exp(-1.0 / self.decay_pulses)
        mean = self.mean_slope * g + self.mean_siemens + self.mean_memory_siemens * p
        sigma = self.sigma_slope * g + self.sigma_siemens + self.sigma_memory_siemens * p
        shape = np.broadcast_shapes(g.shape, p.shape)
        after = g + mean + sigma * rng.standard_normal(shape)
        return np.maximum(after, self.floor_siemens), p

    def staircase(
        self, shape: tuple[int, ...], *, pulses: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return the conductances after RESET and after each of a row of SET pulses.

        Parameters
        ----------
        shape
            Shape of the array of devices.
        pulses
            Number of pulses, at least 1.
        rng
            Random generator.

        Returns
        -------
        FloatArray
            Conductance [S], ``(pulses + 1, *shape)``; the first entry is the RESET state,
            `floor_siemens`.
        """
        steps = np.full((checks.count("pulses", pulses) + 1, *shape), self.floor_siemens)
        memory: FloatArray = np.ones(shape)
        for step in range(pulses):
            steps[step + 1], memory = self.pulse(steps[step], memory, rng=rng)
        return steps
