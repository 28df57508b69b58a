"""Cells of other memories than PCM, with the source of every constant.

Each constant says how it is known, as in the rest of this package: *code*, read in a public model;
*abstract*, in a paper's abstract; *second-hand*, quoted by others; *textbook*; *derived* here from
the others; *chosen* here, where nothing published was found. They are starting points for
architecture studies, not measurements of a product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.memory_transistor import MemoryTransistor
from xbar_circuit.devices import Cell, FilamentCell, Sinh
from xbar_circuit.errors import ParameterError

__all__ = ["CELL_PRESETS", "CellPreset", "cell_preset"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellPreset:
    """A cell with what its state is, how far it goes, and where its numbers come from.

    Parameters
    ----------
    name
        Name of the preset in files and options.
    memory
        Kind of memory.
    cell
        The cell to pass to :class:`xbar_circuit.Crossbar`.
    state
        Name of the state, with its unit.
    states
        Its smallest and largest value.
    to_siemens
        Function that returns the conductance [S] of states, any shape.
    sources
        Constant -> value and source.
    """

    name: str
    memory: str
    cell: Cell
    state: str
    states: tuple[float, float]
    to_siemens: Callable[[FloatArray], FloatArray]
    sources: Mapping[str, str]

    def conductance(self, state: ArrayLike) -> FloatArray:
        """Return the conductance of states.

        Parameters
        ----------
        state
            State in the unit that `state` names, any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `state`.

        Raises
        ------
        ParameterError
            A state is out of range.
        """
        value = checks.real("state", state)
        low, high = self.states
        wrong = ~((value >= low) & (value <= high))
        if wrong.any():
            raise ParameterError.about(
                "state",
                got=f"{value[wrong].flat[0]:.6g}",
                expected=f"{low:g} to {high:g}, {self.state}",
                remedy="keep to the range of the model",
            )
        return self.to_siemens(value)

    @property
    def range_siemens(self) -> tuple[float, float]:
        """Least and largest conductance of its states [S]."""
        ends = self.to_siemens(np.array(self.states))
        return float(ends.min()), float(ends.max())


_SKYWATER = (
    "SkyWater's open ReRAM library, Verilog-A cell at rest: I = I0 exp(-(Tox - T)/(Tox - Tref))"
    " sinh(V/Vref) [code]"
)
_NEEDS = (
    "Stanford University RRAM model 1.0.0, doi:10.4231/D37H1DN48: I = I0 exp(-gap/g0) sinh(V/V0)"
    " [code]"
)
_SKYWATER_FILE = "SkyWater's open ReRAM library [code]"
_NEEDS_FILE = "Stanford University RRAM model 1.0.0 [code]"
_DENG = "Deng et al., Symposium on VLSI Technology 2020, parameters of its public code [code]"
_EKV = "Enz, Krummenacher and Vittoz (1995) [textbook]"


def _skywater() -> CellPreset:
    """Return a bipolar filament: SkyWater's cell between 3.3 and 4.9 nm of filament."""
    cell = FilamentCell()

    def siemens(filament: FloatArray) -> FloatArray:
        return cell.conductance(1e-9 * filament)

    return CellPreset(
        name="reram_skywater",
        memory="bipolar resistive (filament in an oxide)",
        cell=cell,
        state="length of the filament [nm]",
        states=(3.3, 4.9),
        to_siemens=siemens,
        sources=MappingProxyType(
            {
                "law": _SKYWATER,
                "Tox": f"5 nm: {_SKYWATER_FILE}",
                "Tref": f"4.7249 nm: {_SKYWATER_FILE}",
                "I0": f"61.4 uA: {_SKYWATER_FILE}",
                "Vref": f"0.43 V: {_SKYWATER_FILE}",
                "growth": "E_generation 1.501 eV, E_recombination 1.5 eV, a 0.25 nm, velocity"
                f" 150 m/s, gamma 16.5 - 1.25 ((Tox - T)/nm)^3: {_SKYWATER_FILE}",
                "heat": f"3.1825e-16 J/K and 0.23 ns: {_SKYWATER_FILE}",
                "states": "3.3 to 4.9 nm: the lengths at which the library's currents were compared"
                " (61.3089 nA, 780.906 nA at 4.0 nm and 20.57829 uA at 0.2 V) [code]",
            }
        ),
    )


def _stanford() -> CellPreset:
    """Return a bipolar filament: the Stanford model between its smallest and largest gap."""
    decay, size, volt = 0.25, 1e-3, 0.25

    def siemens(gap: FloatArray) -> FloatArray:
        return np.asarray(size / volt * np.exp(-gap / decay))

    return CellPreset(
        name="reram_stanford",
        memory="bipolar resistive (filament in an oxide)",
        cell=Sinh(v0_volt=volt),
        state="gap between filament and electrode [nm]",
        states=(0.1, 1.7),
        to_siemens=siemens,
        sources=MappingProxyType(
            {
                "law": _NEEDS,
                "g0": f"0.25 nm: {_NEEDS_FILE}",
                "I0": f"1 mA: {_NEEDS_FILE}",
                "V0": f"0.25 V: {_NEEDS_FILE}",
                "states": f"gaps of 0.1 to 1.7 nm: {_NEEDS_FILE}",
            }
        ),
    )


def _fefet() -> CellPreset:
    """Return a ferroelectric transistor of 1 um by 1 um with 8 nm of hafnium zirconium oxide."""
    vacuum, charge, boltzmann = 8.8541878128e-12, 1.602176634e-19, 1.380649e-23
    ferroelectric, interlayer = 28.0 * vacuum / 8e-9, 3.9 * vacuum / 1e-9  # F/m2
    oxide = 1.0 / (1.0 / ferroelectric + 1.0 / interlayer)
    thermal = boltzmann * 300.0 / charge
    doping, intrinsic = 3e23, 1e16  # 1/m3
    potential = thermal * np.log(doping / intrinsic)
    depletion = np.sqrt(charge * 11.8 * vacuum * doping / (4.0 * potential))
    slope = float(1.0 + depletion / oxide)
    specific = float(2.0 * slope * 50e-4 * oxide * thermal**2)
    window = 2.0 * 1e8 * 8e-9  # V
    cell = MemoryTransistor(
        specific_ampere=specific,
        slope_factor=slope,
        low_volt=0.2,
        high_volt=0.2 + window,
        read_volt=0.2 + window,
        supply_volt=0.1,
    )
    return CellPreset(
        name="fefet_hzo",
        memory="ferroelectric transistor",
        cell=cell,
        state="threshold voltage [V]",
        states=(0.2, 0.2 + window),
        to_siemens=cell.conductance,
        sources=MappingProxyType(
            {
                "law": _EKV,
                "width and length": f"1 um and 1 um: {_DENG}",
                "ferroelectric": f"8 nm, relative permittivity 28: {_DENG}",
                "interlayer": f"1 nm, relative permittivity 3.9: {_DENG}",
                "doping": f"3e17 1/cm3, permittivity of silicon 11.8: {_DENG}",
                "mobility": f"50 cm2/Vs: {_DENG}",
                "slope factor": f"{slope:.4f}: 1 + C_dep/C_ox from the above, with an intrinsic"
                " density of 1e10 1/cm3 [derived]",
                "specific current": f"{specific * 1e6:.4f} uA: 2 n mu C_ox (W/L) U_T^2 at 300 K"
                " [derived]",
                "memory window": f"{window:g} V: 2 E_c t, Toprasertpong et al., arXiv:2211.01584"
                " [abstract], with 1 MV/cm for hafnium zirconium oxide [textbook]",
                "lowest threshold": "0.2 V [chosen]",
                "read and supply voltage": "1.8 V, the highest threshold, and 0.1 V [chosen]",
            }
        ),
    )


def _flash() -> CellPreset:
    """Return a floating gate of a NOR flash array, read in weak inversion."""
    slope, decades = 1.0 / 0.7, 3.0
    span = decades * np.log(10.0) * slope * 1.380649e-23 * 300.0 / 1.602176634e-19
    low = 1.2
    cell = MemoryTransistor(
        specific_ampere=1e-6,
        slope_factor=slope,
        low_volt=low,
        high_volt=float(low + span),
        read_volt=1.0,
        supply_volt=0.2,
    )
    return CellPreset(
        name="flash_nor",
        memory="floating gate",
        cell=cell,
        state="threshold voltage [V]",
        states=(low, float(low + span)),
        to_siemens=cell.conductance,
        sources=MappingProxyType(
            {
                "law": _EKV,
                "weak inversion, range": "almost three orders of magnitude of subthreshold current:"
                " Merrikh Bayat et al., arXiv:1410.4781 (180 nm NOR flash) [abstract]; here three",
                "slope factor": "1/0.7, the usual coupling of gate to channel in weak inversion"
                " [textbook]",
                "specific current": "1 uA [chosen]",
                "lowest threshold": "1.2 V, 0.2 V above the read voltage of 1.0 V [chosen]",
                "supply voltage": "0.2 V, several U_T: it no longer changes the current [chosen]",
            }
        ),
    )


#: Presets by their names.
CELL_PRESETS: Mapping[str, Callable[[], CellPreset]] = MappingProxyType(
    {
        "reram_skywater": _skywater,
        "reram_stanford": _stanford,
        "fefet_hzo": _fefet,
        "flash_nor": _flash,
    }
)


def cell_preset(name: str) -> CellPreset:
    """Return the preset of a name.

    Parameters
    ----------
    name
        One of the presets.

    Returns
    -------
    CellPreset
        The cell with the technology, voltages and source that it stands for.

    Raises
    ------
    ParameterError
        There is none of that name.

    >>> preset = cell_preset("reram_skywater")
    >>> xbar_current = preset.cell.respond(
    ...     np.array(0.2), np.array(0.0), preset.conductance(4.0)
    ... ).current
    >>> f"{float(xbar_current):.6g}"
    '7.80906e-07'
    """
    checks.choice("name", name, tuple(CELL_PRESETS))
    return CELL_PRESETS[name]()
