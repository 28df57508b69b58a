"""Amplifiers as SPICE text: op-amp and conveyor, and what stands around them."""

from __future__ import annotations

import math

from xbar_circuit.peripherals.amplifiers import (
    Amplifier,
    ChargeIntegrator,
    CurrentConveyor,
    DifferenceAmplifier,
    OpAmp,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = [
    "amplifier_definition",
    "amplifier_lines",
    "conveyor_lines",
    "difference_lines",
    "load_lines",
    "opamp_subcircuit",
    "supply_sources",
]

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


def conveyor_subcircuit(conveyor: CurrentConveyor, name: str, *, ratio: float) -> list[str]:
    """Return the ``.subckt`` of a current conveyor with the ports ``input reference out vdd``."""
    num = spice_number
    noise = 4 * _BOLTZMANN * (_CELSIUS + 273.15)
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


def amplifier_definition(amplifier: Amplifier | DifferenceAmplifier, name: str) -> list[str]:
    """Return what a deck needs once: subcircuits and models, or the lines that include them.

    `name` is the behavioural circuit's; a user's subcircuit keeps its own. A conveyor has a second
    one, ``<name>_turned``, whose output current is the opposite.
    """
    if isinstance(amplifier, CurrentConveyor):
        if amplifier.circuit is not None:
            return amplifier.circuit.include_lines()
        return [
            *conveyor_subcircuit(amplifier, name, ratio=amplifier.ratio),
            *conveyor_subcircuit(amplifier, f"{name}_turned", ratio=-amplifier.ratio),
        ]
    lines = []
    if isinstance(amplifier, ChargeIntegrator):
        lines.append(
            f".model integrator_switch sw(vt=0.5 vh=0 ron={spice_number(amplifier.switch_ohm)}"
            " roff=1e13)"
        )
    if isinstance(amplifier.opamp, OpAmp):
        return lines + opamp_subcircuit(amplifier.opamp, name)
    return lines + amplifier.opamp.include_lines()


def amplifier_lines(
    amplifier: Amplifier,
    instance: str,
    *,
    definition: str,
    minus: str,
    out: str,
    plus: str = "reference",
    driven: str | None = None,
) -> list[str]:
    """Return one amplifier: the circuit, its feedback or load, its supplies.

    Parameters
    ----------
    amplifier, instance, definition
        What, how this one is called, and the name that `amplifier_definition` was given.
    minus, out, plus
        Its nodes: bit line, output, reference.
    driven
        The op-amp's own output node, where a probe is to break the loop before `out`.
    """
    if isinstance(amplifier, CurrentConveyor):
        return [
            *conveyor_lines(
                amplifier, instance, definition=definition, minus=minus, out=out, plus=plus
            ),
            *load_lines(amplifier, instance, out),
        ]
    if isinstance(amplifier, ChargeIntegrator):
        return _integrator_lines(
            amplifier, instance, definition=definition, minus=minus, out=out, plus=plus
        )
    num = spice_number
    own = out if driven is None else driven
    lines = _opamp_lines(amplifier.opamp, instance, definition, (plus, minus, own))
    lines.append(f"Rfeedback_{instance} {minus} {out} {num(amplifier.feedback_ohm)}")
    if amplifier.feedback_farad > 0.0:
        lines.append(f"Cfeedback_{instance} {minus} {out} {num(amplifier.feedback_farad)}")
    return lines


def conveyor_lines(
    conveyor: CurrentConveyor,
    instance: str,
    *,
    definition: str,
    minus: str,
    out: str,
    plus: str = "reference",
) -> list[str]:
    """Return a conveyor without its load, so that two may share one."""
    if conveyor.circuit is not None:
        return conveyor.circuit.instance_lines(
            instance, {"input": minus, "reference": plus, "out": out}
        )
    return [
        f"X{instance} {minus} {plus} {out} {instance}_vdd {definition}",
        f"V{instance}_vdd {instance}_vdd 0 DC {spice_number(conveyor.supply_volt)}",
    ]


def load_lines(conveyor: CurrentConveyor, instance: str, out: str) -> list[str]:
    """Return the resistor that makes a conveyor's current a voltage."""
    if conveyor.load_ohm is None:
        return []
    return [
        f"Rload_{instance} {out} {instance}_load {spice_number(conveyor.load_ohm)}",
        f"Vload_{instance} {instance}_load 0 DC {spice_number(conveyor.load_volt)}",
    ]


def difference_lines(
    stage: DifferenceAmplifier,
    instance: str,
    *,
    definition: str,
    positive: str,
    negative: str,
    out: str,
) -> list[str]:
    """Return a difference amplifier behind the amplifiers of a positive and a negative column."""
    num = spice_number
    near, far = num(stage.input_ohm), num(stage.input_ohm * stage.gain)
    return [
        *_opamp_lines(stage.opamp, instance, definition, (f"{instance}_p", f"{instance}_m", out)),
        f"R{instance}_1 {positive} {instance}_m {near}",
        f"R{instance}_2 {instance}_m {out} {far}",
        f"R{instance}_3 {negative} {instance}_p {near}",
        f"R{instance}_4 {instance}_p {instance}_ref {far}",
        f"V{instance}_ref {instance}_ref 0 DC {num(stage.reference_volt)}",
    ]


def _integrator_lines(
    amplifier: ChargeIntegrator,
    instance: str,
    *,
    definition: str,
    minus: str,
    out: str,
    plus: str,
) -> list[str]:
    """Return an integrator; the nodes ``reset`` and ``integrate`` (0 V and 1 V) open its windows.

    Outside of the window the bit line rests on the reference.
    """
    inner = f"{instance}_minus"
    return [
        *_opamp_lines(amplifier.opamp, instance, definition, (plus, inner, out)),
        f"Cintegrate_{instance} {inner} {out} {spice_number(amplifier.farad)}",
        f"Sreset_{instance} {inner} {out} reset 0 integrator_switch",
        f"Sintegrate_{instance} {minus} {inner} integrate 0 integrator_switch",
        f"Srest_{instance} {minus} {plus} one integrate integrator_switch",
    ]


def _opamp_lines(
    amp: OpAmp | Subcircuit, instance: str, definition: str, nodes: tuple[str, str, str]
) -> list[str]:
    """Return an op-amp on (plus, minus, out) and its supplies."""
    plus, minus, out = nodes
    if isinstance(amp, OpAmp):
        return [
            f"X{instance} {plus} {minus} {out} {instance}_vdd {definition}",
            f"V{instance}_vdd {instance}_vdd 0 DC {spice_number(amp.supply_volt)}",
        ]
    return amp.instance_lines(instance, {"plus": plus, "minus": minus, "out": out})


def supply_sources(amplifier: Amplifier | DifferenceAmplifier, instance: str) -> dict[str, float]:
    """Return the names of the instance's supply sources and their voltages [V]."""
    if isinstance(amplifier, CurrentConveyor):
        circuit = amplifier.circuit
        volt = amplifier.supply_volt
    else:
        circuit = amplifier.opamp if isinstance(amplifier.opamp, Subcircuit) else None
        volt = amplifier.opamp.supply_volt if isinstance(amplifier.opamp, OpAmp) else 0.0
    if circuit is None:
        return {f"V{instance}_vdd": volt}
    return {f"V{instance}_{port}": rail for port, rail in circuit.supplies.items()}
