"""Amplifiers as SPICE text: the op-amp, and the feedback around it."""

from __future__ import annotations

import math

from xbar_circuit.peripherals.amplifiers import OpAmp, TransimpedanceAmplifier
from xbar_circuit.units import spice_number

__all__ = ["amplifier_definition", "opamp_subcircuit", "supply_sources", "transimpedance_lines"]

_BOLTZMANN = 1.380649e-23  # J/K, exact (SI)
_CELSIUS = 27.0  # of the noise generator, SPICE's own reference temperature
_INNER_FARAD = 1e-12  # of the dominant pole; any value gives the same transfer
_CORNER = 8  # sharpness of the output's ends


def opamp_subcircuit(amp: OpAmp, name: str) -> list[str]:
    """Return the ``.subckt`` of an op-amp with the ports ``plus minus out vdd``.

    The noise generator is a resistor whose thermal noise at 27 C is the one asked for.
    """
    num = spice_number
    gm = 2.0 * math.pi * amp.unity_hertz * _INNER_FARAD
    middle = amp.middle_volt
    half = 0.5 * (amp.output_high_volt - amp.output_low_volt)
    noise_ohm = amp.noise_volt_per_root_hertz**2 / (4 * _BOLTZMANN * (_CELSIUS + 273.15))
    error = f"(V(plus,minus)+V(noise)+({num(amp.offset_volt)}))"
    if amp.slew_volt_per_second == math.inf:
        drive = f"{num(gm)}*{error}"
    else:
        limit = amp.slew_volt_per_second * _INNER_FARAD
        drive = f"{num(limit)}*tanh({num(gm / limit)}*{error})"
    lines = [
        f".subckt {name} plus minus out vdd",
        f"* op-amp: gain {amp.dc_gain:g}, {amp.unity_hertz:g} Hz, output"
        f" {amp.output_low_volt:g} V to {amp.output_high_volt:g} V",
        f"Isupply vdd 0 DC {num(amp.supply_ampere)}",
        "Rplus plus 0 1e15",
        f"Cminus minus 0 {num(amp.input_farad)}"
        if amp.input_farad > 0.0
        else "Rminus minus 0 1e15",
        f"Rnoise noise 0 {num(noise_ohm)}" if noise_ohm > 0.0 else "Vnoise noise 0 DC 0",
        "* dominant pole; beyond 1.2 of the range the node is held, so that it recovers at once",
        f"Binner 0 inner I={drive}"
        f"-{num(20 * gm)}*(max(V(inner)-{num(1.2 * half)},0)+min(V(inner)+{num(1.2 * half)},0))",
        f"Cinner inner 0 {num(_INNER_FARAD)}",
        f"Rinner inner 0 {num(amp.dc_gain / gm)}",
    ]
    node = "inner"
    if amp.second_pole_hertz != math.inf:
        lines += [
            "Esecond beyond 0 inner 0 1",
            "Rsecond beyond second 1e3",
            f"Csecond second 0 {num(1.0 / (2e3 * math.pi * amp.second_pole_hertz))}",
        ]
        node = "second"
    shape = f"V({node})/pow(1+pow(abs(V({node}))/{num(half)},{_CORNER}),{num(1.0 / _CORNER)})"
    strong = "out" if amp.output_ohm == 0.0 else "strong"
    lines.append(f"Bout {strong} 0 V={num(middle)}+{shape}")
    if amp.output_ohm > 0.0:
        lines.append(f"Rout strong out {num(amp.output_ohm)}")
    return [*lines, f".ends {name}"]


def amplifier_definition(amplifier: TransimpedanceAmplifier, name: str) -> list[str]:
    """Return what a deck needs once: the op-amp's subcircuit, or the lines that include it.

    `name` is the behavioural op-amp's; a user's subcircuit keeps its own.
    """
    if isinstance(amplifier.opamp, OpAmp):
        return opamp_subcircuit(amplifier.opamp, name)
    return amplifier.opamp.include_lines()


def transimpedance_lines(
    amplifier: TransimpedanceAmplifier,
    instance: str,
    *,
    definition: str,
    minus: str,
    out: str,
    plus: str = "reference",
    driven: str | None = None,
) -> list[str]:
    """Return one amplifier: op-amp, feedback, supplies.

    Parameters
    ----------
    amplifier, instance, definition
        What, how this one is called, and the name that `amplifier_definition` was given.
    minus, out, plus
        Its nodes: bit line, output, reference.
    driven
        The op-amp's own output node, where a probe is to break the loop before `out`.
    """
    num, amp = spice_number, amplifier.opamp
    own = out if driven is None else driven
    if isinstance(amp, OpAmp):
        lines = [
            f"X{instance} {plus} {minus} {own} {instance}_vdd {definition}",
            f"V{instance}_vdd {instance}_vdd 0 DC {num(amp.supply_volt)}",
        ]
    else:
        lines = amp.instance_lines(instance, {"plus": plus, "minus": minus, "out": own})
    lines.append(f"Rfeedback_{instance} {minus} {out} {num(amplifier.feedback_ohm)}")
    if amplifier.feedback_farad > 0.0:
        lines.append(f"Cfeedback_{instance} {minus} {out} {num(amplifier.feedback_farad)}")
    return lines


def supply_sources(amplifier: TransimpedanceAmplifier, instance: str) -> dict[str, float]:
    """Return the names of the instance's supply sources and their voltages [V]."""
    amp = amplifier.opamp
    if isinstance(amp, OpAmp):
        return {f"V{instance}_vdd": amp.supply_volt}
    return {f"V{instance}_{port}": volt for port, volt in amp.supplies.items()}
