"""A bipolar resistive cell (ReRAM, OxRAM): a voltage grows or dissolves a filament in an oxide.

The law of the Verilog-A cell in SkyWater's open ReRAM library (sky130_fd_pr_reram, Copyright 2020
The SkyWater PDK Authors, Apache-2.0), written here from its equations. With the filament's length
x, the oxide's thickness L and V the voltage from the row to the column,

    ``I = I0 exp(-(L - x) / (L - x_ref)) sinh(V / V0)``,

    ``dx/dt = v (exp((-E_g + q a V gamma / L) / kT) - exp((-E_r - q a V gamma / L) / kT))``,
    ``gamma = gamma_0 + gamma_1 ((L - x) / 1 nm)^3``,

    ``C dT/dt = |V I| - C (T - T_0) / tau``,

a the distance between atoms, E_g and E_r the barriers of generation and recombination of vacancies.
The growth law is the one of the Stanford and ASU models (X. Guan, S. Yu and H.-S. P. Wong, IEEE
Electron Device Lett. 33, 1405, 2012) with a filament instead of a gap.

Two things are chosen here, where the library steps in time and clips: a filament slows near its
shortest or longest length, by ``1 - exp(-d / 0.01 nm)`` with d what is left, and no barrier falls
below 0, so that nothing moves faster than v (rounded off over 100 K). So the law is smooth. Beyond
12 V0 a written current goes on along its tangent, as simulators try voltages that are far off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV
from xbar_circuit.devices.sinh import Sinh
from xbar_circuit.errors import ParameterError
from xbar_circuit.resources import device_model

__all__ = ["FilamentCell"]

LIBRARY = "filament_cell.lib"
METRE_PER_UNIT = 1e-9  # of the state, as in the subcircuit
KELVIN_PER_UNIT = 1e3  # likewise
_MARGIN = 0.01  # nm
_ROUND = 100.0  # K
_FAR = 12.0  # of v0
_MOST = 1.0  # of an exponent
_SLACK = 1e-9  # of a length, relative
# what the lengths may be; chosen
_LENGTHS = {
    "oxide_metre": (1e-9, 1e-7),
    "reference_metre": (1e-10, 1e-7),
    "shortest_metre": (1e-10, 1e-7),
    "longest_metre": (1e-10, 1e-7),
    "atom_metre": (1e-11, 1e-8),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilamentCell(Sinh):
    """A filament in an oxide: reads as :class:`~xbar_circuit.devices.Sinh`, and can be written.

    Read, its current is ``g v0 sinh(V / v0)`` with the crossbar's conductance g. Written, by
    :func:`xbar_circuit.nodal.write` or :func:`xbar_circuit.spice.write`, a positive voltage from
    the row to the column grows the filament (SET) and a negative one dissolves it (RESET). The
    defaults are the published values of SkyWater's library (2020).

    Parameters
    ----------
    v0_volt
        Voltage scale of the current [V].
    scale_ampere
        Current scale I0 [A].
    oxide_metre, reference_metre
        Thickness L of the oxide, and the length x_ref that scales the current [m].
    shortest_metre, longest_metre
        Between which lengths the filament stays [m].
    generation_ev, recombination_ev
        Barriers of generation and recombination of vacancies [eV].
    atom_metre
        Distance between atoms a [m].
    velocity_metre_per_second
        Velocity v of growth without a barrier [m/s].
    enhancement, enhancement_per_cube
        gamma_0, and gamma_1 for each cubic nanometre of the gap.
    ambient_celsius
        Temperature at rest [degree Celsius].
    heat_joule_per_celsius, heat_second
        Heat capacity C [J/K] and thermal time constant tau [s].

    Raises
    ------
    ParameterError
        A value is out of range, or the lengths do not follow each other.

    >>> cell = FilamentCell()
    >>> siemens = cell.conductance([3.3e-9, 4.0e-9, 4.9e-9])
    >>> current = cell.respond(np.array(0.2), np.array(0.0), siemens).current
    >>> [f"{value:.6g}" for value in current]
    ['6.13089e-08', '7.80906e-07', '2.05783e-05']
    """

    v0_volt: float = 0.43
    scale_ampere: float = 61.4e-6
    oxide_metre: float = 5.0e-9
    reference_metre: float = 4.7249e-9
    shortest_metre: float = 3.3e-9
    longest_metre: float = 4.9e-9
    generation_ev: float = 1.501
    recombination_ev: float = 1.5
    atom_metre: float = 0.25e-9
    velocity_metre_per_second: float = 150.0
    enhancement: float = 16.5
    enhancement_per_cube: float = -1.25
    ambient_celsius: float = 26.85
    heat_joule_per_celsius: float = 3.1825e-16
    heat_second: float = 0.23e-9

    def __post_init__(self) -> None:
        Sinh.__post_init__(self)
        for name, (least, most) in _LENGTHS.items():
            value = checks.number(name, getattr(self, name), "m", minimum=least, maximum=most)
            object.__setattr__(self, name, value)
        for name, unit in (
            ("scale_ampere", "A"),
            ("generation_ev", "eV"),
            ("recombination_ev", "eV"),
            ("velocity_metre_per_second", "m/s"),
            ("enhancement", "1"),
            ("heat_joule_per_celsius", "J/K"),
            ("heat_second", "s"),
        ):
            value = checks.number(name, getattr(self, name), unit, above=True)
            object.__setattr__(self, name, value)
        slope = checks.number(
            "enhancement_per_cube", self.enhancement_per_cube, "1/nm3", minimum=-np.inf
        )
        object.__setattr__(self, "enhancement_per_cube", slope)
        celsius = checks.celsius(
            "ambient_celsius", self.ambient_celsius, minimum=-73.15, maximum=326.85
        )
        object.__setattr__(self, "ambient_celsius", celsius)
        ordered = self.shortest_metre < self.longest_metre < self.oxide_metre
        if not ordered or self.reference_metre >= self.oxide_metre:
            raise ParameterError.about(
                "shortest_metre, longest_metre, oxide_metre",
                got=f"{self.shortest_metre:g}, {self.longest_metre:g} and {self.oxide_metre:g} m,"
                f" reference {self.reference_metre:g} m",
                expected="shortest < longest < oxide, and the reference below the oxide",
                remedy="a filament that bridges the oxide has no gap",
            )

    def conductance(self, length_metre: ArrayLike) -> FloatArray:
        """Return the conductance at zero bias of filaments of these lengths.

        Parameters
        ----------
        length_metre
            Lengths, any shape [m].

        Returns
        -------
        numpy.ndarray
            Of the same shape [S].

        Raises
        ------
        ParameterError
            A length is out of range.
        """
        x = checks.real("length_metre", length_metre)
        slack = _SLACK * self.oxide_metre
        wrong = ~((x >= self.shortest_metre - slack) & (x <= self.longest_metre + slack))
        if wrong.any():
            raise ParameterError.about(
                "length_metre",
                got=f"{x[wrong].flat[0]:g} m",
                expected=f"{self.shortest_metre:g} to {self.longest_metre:g} m",
                remedy="keep to the range of the model",
            )
        gap = (self.oxide_metre - x) / (self.oxide_metre - self.reference_metre)
        return np.asarray(self.scale_ampere / self.v0_volt * np.exp(-gap))

    def length(self, conductance: ArrayLike) -> FloatArray:
        """Return the lengths of filaments of these conductances at zero bias.

        Parameters
        ----------
        conductance
            Conductances, any shape [S].

        Returns
        -------
        numpy.ndarray
            Of the same shape [m].

        Raises
        ------
        ParameterError
            A conductance is out of range.
        """
        g = checks.real("conductance", conductance)
        low, high = self.conductance([self.shortest_metre, self.longest_metre]).tolist()
        wrong = ~((g >= low * (1.0 - 1e-6)) & (g <= high * (1.0 + 1e-6)))
        if wrong.any():
            raise ParameterError.about(
                "conductance",
                got=f"{g[wrong].flat[0]:.4g} S",
                expected=f"{low:.4g} to {high:.4g} S, of filaments of {self.shortest_metre:g} to"
                f" {self.longest_metre:g} m",
                remedy="0 is an open device",
            )
        gap = -np.log(g * self.v0_volt / self.scale_ampere)
        x = self.oxide_metre - (self.oxide_metre - self.reference_metre) * gap
        return np.clip(x, self.shortest_metre, self.longest_metre)

    @property
    def numbers(self) -> Mapping[str, float]:
        """What the renderings share, by the name it has in SPICE: nm, V, A, K, s."""
        kelvin = round(self.ambient_celsius + 273.15, 9)
        return MappingProxyType(
            {
                "tox": self.oxide_metre / METRE_PER_UNIT,
                "gap": (self.oxide_metre - self.reference_metre) / METRE_PER_UNIT,
                "low": self.shortest_metre / METRE_PER_UNIT,
                "high": self.longest_metre / METRE_PER_UNIT,
                "margin": _MARGIN,
                "round": _ROUND,
                "far": _FAR,
                "i0": self.scale_ampere,
                "v0": self.v0_volt,
                "e_gen": self.generation_ev / BOLTZMANN_EV,
                "e_rec": self.recombination_ev / BOLTZMANN_EV,
                "e_volt": self.atom_metre / self.oxide_metre / BOLTZMANN_EV,
                "vel": self.velocity_metre_per_second,
                "gamma0": self.enhancement,
                "gamma1": self.enhancement_per_cube,
                "t0": kelvin,
                "r_th": self.heat_second / self.heat_joule_per_celsius,
                "tau": self.heat_second,
            }
        )

    def written_current(self, y: FloatArray, volt: FloatArray) -> FloatArray:
        """Return the current while a cell is written.

        Parameters
        ----------
        y
            States (..., 2): length [nm] and rise of the temperature [1000 K].
        volt
            Voltages from row to column (...,) [V].

        Returns
        -------
        numpy.ndarray
            Currents (...,) [A].
        """
        p = self.numbers
        u = volt / p["v0"]
        near = np.clip(u, -_FAR, _FAR)
        size = p["i0"] * np.exp(-(p["tox"] - y[..., 0]) / p["gap"])
        return np.asarray(size * (np.sinh(near) + (u - near) * np.cosh(_FAR)))

    def rates(self, y: FloatArray, volt: FloatArray) -> FloatArray:
        """Return the time derivatives of the states.

        Parameters
        ----------
        y, volt
            As for :meth:`written_current`.

        Returns
        -------
        numpy.ndarray
            Rates (..., 2) [nm/s, 1000 K/s].
        """
        p = self.numbers
        x, rise = y[..., 0], y[..., 1]
        kelvin = p["t0"] + KELVIN_PER_UNIT * np.maximum(rise, 0.0)
        pull = p["e_volt"] * (p["gamma0"] + p["gamma1"] * (p["tox"] - x) ** 3) * volt
        speed = p["vel"] * (
            np.exp(_below_zero(pull - p["e_gen"]) / kelvin)
            - np.exp(_below_zero(-pull - p["e_rec"]) / kelvin)
        )
        left = np.where(speed > 0.0, p["high"] - x, x - p["low"]) / p["margin"]
        result = np.empty(np.broadcast_shapes(y.shape, (*np.shape(volt), 2)))
        slowed = -np.expm1(np.minimum(-left, _MOST))
        result[..., 0] = speed / METRE_PER_UNIT * slowed
        watt = volt * self.written_current(y, volt)
        result[..., 1] = (p["r_th"] * watt / KELVIN_PER_UNIT - rise) / p["tau"]
        return result

    def write_library(self) -> str:
        """Return the SPICE subcircuit ``filament_cell`` with this cell's numbers.

        Returns
        -------
        str
            The text of ``device_models/filament_cell.lib``, its ``.param`` lines rewritten.
        """
        text = device_model(LIBRARY).read_text(encoding="utf-8")
        lines = text.splitlines()
        for k, line in enumerate(lines):
            if line.startswith(".param fil_"):
                name = line.split()[1].removeprefix("fil_")
                lines[k] = f".param fil_{name} = {self.numbers[name]!r}"
        return "\n".join(lines) + "\n"


def _below_zero(energy: FloatArray) -> FloatArray:
    """Return the smaller of an energy and 0, rounded off [K]."""
    return np.asarray(np.minimum(energy, 0.0) - _ROUND * np.log1p(np.exp(-np.abs(energy) / _ROUND)))
