"""Devices that differ: how the cells of an array deviate from the nominal one.

Each device draws its own thermal resistance (geometry), area, barrier, drift exponents and noise
once; each pulse then heats a little differently. Written by a program-and-verify loop that reads
with the devices' own noise, such cells reproduce the published statistics of arrays: see
``xbar_circuit.studies.written_statistics``. So :class:`~xbar_circuit.devices.PcmStatistics`, which
draws from the published fits, and the physics of the cell can be held against each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV, ROOM_CELSIUS, kelvin
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm._numbers import PcmNumbers
from xbar_circuit.devices.pcm._retention import remaining
from xbar_circuit.devices.pcm.cell import PcmCell

__all__ = ["PcmDevices", "PcmVariability", "accumulated_noise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmVariability:
    """Standard deviations of the devices of an array.

    Of the defaults, the three of drift and that of noise are fitted to Joshi et al., Nat. Commun.
    11, 2473 (2020): the spread of drift exponents and the read noise of cells at 1 to 25 uS. `area`
    is fitted to that paper's programming error, with the margin of the verify loop; `area`,
    `thermal` and `nuclei` also to the spread of the staircase of SET pulses of Nandakumar et al.,
    J. Appl. Phys. 124, 152135 (2018). The others are choices of the usual size of such variations;
    a verify loop takes them out, except where it stops.

    Parameters
    ----------
    thermal, area, noise
        Standard deviation of ln R_th, of ln of the conducting area (with all else that scales the
        plug), and of ln of the amplitude of the 1/f noise, dimensionless.
    activation_ev
        Standard deviation of the barrier [eV]; what is left of it after programming shows at
        another temperature.
    drift_exponent, thin_drift_exponent, crystal_drift_exponent
        Standard deviation of nu_thick and nu_thin (one normal variable moves both), and of the
        crystal's exponent, dimensionless. An exponent below 0 becomes 0.
    nuclei
        Relative standard deviation of the number of nuclei that the quench left (a gamma variable,
        drawn once for a device; a real one draws anew at each RESET). Fitted, see above; two nuclei
        along a plug, scattered independently, would give 0.7.
    pulse
        Relative standard deviation of a pulse's amplitude from pulse to pulse.

    >>> from xbar_circuit.devices import PcmCell
    >>> equal = PcmVariability(thermal=0.0, area=0.0).draw(
    ...     PcmCell.sebastian2017(), 2, rng=np.random.default_rng(0)
    ... )
    >>> equal.thermal.tolist(), equal.area.tolist()
    ([1.0, 1.0], [1.0, 1.0])
    """

    thermal: float = 0.005
    area: float = 0.245
    noise: float = 0.1
    activation_ev: float = 0.005
    drift_exponent: float = 0.131
    thin_drift_exponent: float = 0.0073
    crystal_drift_exponent: float = 0.0135
    nuclei: float = 0.9
    pulse: float = 0.003

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, checks.number(name, getattr(self, name), "1 or eV"))

    def draw(self, cell: PcmCell, cells: int, *, rng: np.random.Generator) -> PcmDevices:
        """Draw devices around a nominal cell.

        Parameters
        ----------
        cell
            The nominal cell.
        cells
            Number of devices, at least 1.
        rng
            Random generator.

        Returns
        -------
        PcmDevices
            The cell with the deviations of each device, ``(cells,)``.

        >>> from xbar_circuit.devices import PcmCell
        >>> rng = np.random.default_rng(0)
        >>> devices = PcmVariability().draw(PcmCell.sebastian2017(), 3, rng=rng)
        >>> (devices.conductance(20e-9) * 1e6).round(3).tolist()
        [3.504, 2.68, 2.926]
        """
        count = checks.count("cells", cells)
        thermal, area, noise, barrier, relax, crystal = rng.standard_normal((6, count))
        return PcmDevices(
            cell=cell,
            thermal=np.exp(self.thermal * thermal),
            area=np.exp(self.area * area),
            noise=np.exp(self.noise * noise),
            barrier_ev=self.activation_ev * barrier,
            thin_exponent=self.thin_drift_exponent * relax,
            thick_exponent=self.drift_exponent * relax,
            crystal_exponent=self.crystal_drift_exponent * crystal,
            nuclei=_gamma(self.nuclei, count, rng),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PcmDevices:
    """An array of devices: a nominal cell and how each of them deviates from it, (cells,).

    thermal, area, noise, nuclei : factors, dimensionless.
    barrier_ev : added to the barrier [eV].
    thin_exponent, thick_exponent, crystal_exponent : added to the drift exponents, dimensionless.
    """

    cell: PcmCell
    thermal: FloatArray
    area: FloatArray
    noise: FloatArray
    barrier_ev: FloatArray
    thin_exponent: FloatArray
    thick_exponent: FloatArray
    crystal_exponent: FloatArray
    nuclei: FloatArray

    @property
    def numbers(self) -> PcmNumbers:
        """The numbers that the equations read (SI), ``(cells,)`` where the devices differ."""
        p = self.cell.numbers
        return replace(
            p,
            r_th=p.r_th * self.thermal,
            i_scale=p.i_scale * self.area,
            q_thin=p.q_thin * self.noise,
            q_thick=p.q_thick * self.noise,
            n_nuclei=p.n_nuclei * self.nuclei,
            e_act=p.e_act + self.barrier_ev / BOLTZMANN_EV,
            nu_thin=np.maximum(p.nu_thin + self.thin_exponent, 0.0),
            nu_thick=np.maximum(p.nu_thick + self.thick_exponent, 0.0),
            nu_crystal=np.maximum(p.nu_crystal + self.crystal_exponent, 0.0),
        )

    def at(
        self,
        seconds: float,
        *,
        celsius: float = ROOM_CELSIUS,
        storage_celsius: float = ROOM_CELSIUS,
    ) -> PcmDevices:
        """Return the same devices, read some time after programming.

        Parameters
        ----------
        seconds
            Time since programming [s].
        celsius
            Temperature of the read [degree Celsius].
        storage_celsius
            Temperature since programming [degree Celsius].

        Returns
        -------
        PcmDevices
            The devices with this age and temperature; their deviations are the same.
        """
        cell = replace(
            self.cell, celsius=celsius, age_second=seconds, storage_celsius=storage_celsius
        )
        return replace(self, cell=cell)

    def conductance(self, thickness: ArrayLike, *, read_volt: float = 0.2) -> FloatArray:
        """Return the conductance I/V of each device, free of noise.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], (cells,) or a scalar.
        read_volt
            Read voltage [V], above 0.

        Returns
        -------
        FloatArray
            Conductance [S], (cells,).

        Raises
        ------
        ParameterError
            A read voltage that switches a cell on or melts it.
        """
        volt = checks.number("read_volt", read_volt, "V", above=True)
        p, u = self.numbers, self._stored(thickness)
        return read_law.read(p, np.asarray(volt), u).current / volt

    def noise_amplitude(self, thickness: ArrayLike) -> FloatArray:
        """Return the amplitude Q of each device's 1/f noise, ``S_I / I**2 = Q**2 / f``.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], (cells,) or a scalar.

        Returns
        -------
        FloatArray
            Q of the whole cell, dimensionless, (cells,).
        """
        p = self.numbers
        return law.cell_noise(p, law.solid_length(p, self._stored(thickness)))

    def read(
        self,
        thickness: ArrayLike,
        *,
        rng: np.random.Generator,
        read_volt: float = 0.2,
        read_second: float = 250e-9,
    ) -> FloatArray:
        """Return one noisy read of each device.

        The relative noise is Q times what :func:`accumulated_noise` gives for the devices' age.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], (cells,) or a scalar.
        rng
            Random generator.
        read_volt
            Read voltage [V], above 0.
        read_second
            Integration time [s].

        Returns
        -------
        FloatArray
            Conductance [S], (cells,), not below 0.

        Raises
        ------
        ParameterError
            A read voltage that switches a cell on or melts it.
        """
        g = self.conductance(thickness, read_volt=read_volt)
        cell = self.cell
        factor = accumulated_noise(cell.age_second + cell.plug.drift_t0_second, read_second)
        relative = self.noise_amplitude(thickness) * factor
        return np.maximum(g * (1.0 + relative * rng.standard_normal(g.shape)), 0.0)

    def _stored(self, thickness: ArrayLike) -> FloatArray:
        u = checks.non_negative("thickness", thickness, "m")
        cell = self.cell
        if cell.age_second == 0.0:
            return u
        return remaining(self.numbers, u, cell.age_second, kelvin(cell.storage_celsius))


def _gamma(sigma: float, count: int, rng: np.random.Generator) -> FloatArray:
    """Return draws of mean 1 and standard deviation `sigma`, none below 0."""
    if sigma == 0.0:
        return np.ones(count)
    return rng.gamma(sigma**-2.0, sigma**2, count)


def accumulated_noise(elapsed_second: float, read_second: float) -> float:
    """Return ``sqrt(ln((T + t) / (2*t)))``: the 1/f noise that a read of length t has seen since T.

    Nandakumar et al., ICECS (2019), with T counted from the time origin of drift.

    Parameters
    ----------
    elapsed_second
        T: time since the origin of drift [s].
    read_second
        t: integration time of the read [s].

    Returns
    -------
    float
        Factor on the amplitude Q of the noise, dimensionless.
    """
    t = checks.number("read_second", read_second, "s", above=True)
    return math.sqrt(max(math.log((elapsed_second + t) / (2.0 * t)), 0.0))
