"""The numbers of a cell by the names that all renderings share: NumPy, SPICE and Verilog-A.

A :class:`PcmNumbers` is what the equations of :mod:`.law` read. Each field is one number, or one
for every device of an array: a device is the nominal cell with its own numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

from xbar_circuit._checks import FloatArray

__all__ = ["HasNumbers", "PcmNumbers"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PcmNumbers:
    """SI; energies as temperatures E/k [K]. Each field is a float or an array of devices."""

    r_series: FloatArray
    r_crystal: FloatArray
    e_crystal: FloatArray
    nu_crystal: FloatArray
    i_scale: FloatArray
    e_act: FloatArray
    e_thin: FloatArray
    u_thin: FloatArray
    trap_dz: FloatArray
    u_contact: FloatArray
    asym: FloatArray
    g_liner: FloatArray
    u_gap: FloatArray
    nu_thin: FloatArray
    nu_thick: FloatArray
    q_thin: FloatArray
    q_thick: FloatArray
    u_bulk: FloatArray
    g_on: FloatArray
    v_on: FloatArray
    f_on: FloatArray
    v_hold: FloatArray
    v_th: FloatArray
    f_th: FloatArray
    d_th: FloatArray
    v_width: FloatArray
    v_soft: FloatArray
    t_switch: FloatArray
    r_th: FloatArray
    u_heat: FloatArray
    u_reach: FloatArray
    u_valid: FloatArray
    t_over: FloatArray
    t_heat: FloatArray
    c_par: FloatArray
    u_grow: FloatArray
    n_nuclei: FloatArray
    v_pre: FloatArray
    x_limit: FloatArray
    t_melt: FloatArray
    t_glass: FloatArray
    t_vft: FloatArray
    b_vft: FloatArray
    e_visc: FloatArray
    t_drive: FloatArray
    e_relax: FloatArray
    t_zero: FloatArray
    log_age: FloatArray
    t_amb: FloatArray

    def scalars(self) -> dict[str, float]:
        """Return the numbers of one cell by name."""
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}

    def chosen(self, which: object) -> PcmNumbers:
        """Return the numbers of some devices only; `which` indexes the arrays."""
        return PcmNumbers(
            **{
                field.name: value[which] if (value := getattr(self, field.name)).ndim else value
                for field in fields(self)
            }
        )


class HasNumbers(Protocol):
    """A cell, or an array of devices that differ."""

    @property
    def numbers(self) -> PcmNumbers:
        """The numbers that the equations read."""
        ...
