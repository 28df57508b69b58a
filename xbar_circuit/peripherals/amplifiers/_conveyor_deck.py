"""The behavioural current conveyor as SPICE text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xbar_circuit.peripherals.amplifiers.opamp import FOUR_KT
from xbar_circuit.units import spice_number

if TYPE_CHECKING:
    from xbar_circuit.peripherals.amplifiers.conveyor import CurrentConveyor

__all__ = ["conveyor_subcircuit"]


def conveyor_subcircuit(conveyor: CurrentConveyor, name: str, ratio: float) -> list[str]:
    """Return the ``.subckt`` with the ports ``input reference out vdd``.

    Parameters
    ----------
    conveyor
        The conveyor.
    name
        Name of the subcircuit.
    ratio
        Output over input current, the conveyor's own or its opposite.

    Returns
    -------
    list
        SPICE lines ``.subckt`` to ``.ends``.
    """
    num = spice_number
    noise = FOUR_KT
    held = "held" if conveyor.input_ohm > 0.0 else "input"
    lines = [
        f".subckt {name} input reference out vdd",
        f"* current conveyor: ratio {ratio:g}, input {conveyor.input_ohm:g} ohm",
        f"Isupply vdd 0 DC {num(conveyor.supply_ampere)}",
        f"Vsense {held} regulated DC 0",
        "Eregulated regulated 0 reference 0 1",
    ]
    if conveyor.input_ohm > 0.0:
        lines.append(f"Rinput input held {num(conveyor.input_ohm)}")
    current = f"(I(Vsense)-({num(conveyor.offset_ampere)}))"
    if conveyor.noise_ampere_per_root_hertz > 0.0:
        # a resistor at 27 C whose current noise is the one asked for
        lines.append(f"Rnoise noise 0 {num(noise / conveyor.noise_ampere_per_root_hertz**2)}")
        lines.append("Vnoise noise 0 DC 0")
        current = f"({current}+I(Vnoise))"
    if conveyor.limit_ampere != math.inf:
        limit = num(conveyor.limit_ampere)
        current = f"min(max({current},-{limit}),{limit})"
    node = "copy" if conveyor.bandwidth_hertz == math.inf else "driven"
    lines.append(f"Bcopy {node} 0 V=1e6*{current}")
    if node == "driven":
        lines += [
            "Rpole driven copy 1e3",
            f"Cpole copy 0 {num(1.0 / (2e3 * math.pi * conveyor.bandwidth_hertz))}",
        ]
    return [*lines, f"Gout 0 out copy 0 {num(ratio * 1e-6)}", f".ends {name}"]
