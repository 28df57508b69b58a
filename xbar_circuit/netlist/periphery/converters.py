"""Our converters as SPICE subcircuits: analog parts as they are, logic from digital code models.

Every subcircuit has the ports ``in start clock code``. The node ``code`` is 1 V a code, for reading
and plotting; the bits themselves are digital nodes inside. Noise that was drawn before is written
into the subcircuit as piecewise linear sources, one number a decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist.periphery.logic import logic_models, logic_volt, noise_source
from xbar_circuit.netlist.periphery.oscillator import oscillator_lines
from xbar_circuit.netlist.periphery.ramp import ramp_lines
from xbar_circuit.netlist.periphery.timing import Timing, staircase, timing_of
from xbar_circuit.peripherals.converters import (
    Converter,
    ConverterBase,
    Flash,
    OscillatorCounter,
    Ramp,
    Sar,
    SenseAmplifier,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["converter_includes", "converter_subcircuit", "converter_supplies"]

_SWITCH_OHM = 10.0  # of the samplers; their time constant with 100 fF is 1 ps


def converter_includes(converter: Converter) -> list[str]:
    """Return the lines that load the user's circuit inside a converter, if there is one."""
    circuit = converter.circuit if isinstance(converter, ConverterBase) else None
    return [] if circuit is None else circuit.include_lines()


def converter_supplies(converter: Converter, instance: str) -> dict[str, float]:
    """Return the supply sources inside an instance of a converter, and their voltages [V].

    The circuit inside is the instance ``Xcircuit``; several latches are ``Xcircuit0`` and so on.
    """
    circuit = converter.circuit if isinstance(converter, ConverterBase) else None
    if isinstance(converter, SenseAmplifier) and circuit is not None:
        return {
            f"v.{instance}.vcircuit{k}_{port}": volt
            for k in range(converter.decisions)
            for port, volt in circuit.supplies.items()
        }
    rails = {} if circuit is None else circuit.supplies
    return {f"v.{instance}.vcircuit_{port}": volt for port, volt in rails.items()}


def converter_subcircuit(
    converter: Converter,
    name: str,
    *,
    noise: FloatArray | None = None,
    settle_second: float = 0.0,
) -> list[str]:
    """Return the lines of a ``.subckt`` of one of our converters.

    Parameters
    ----------
    converter
        What to render.
    name
        Name of the subcircuit; its ports are ``in start clock code``.
    noise
        Standard normal numbers of successive conversions (conversions, decisions); None is none.
    settle_second
        By how much the sampling is lengthened [s].

    Raises
    ------
    ParameterError
        The converter is not one of ours.
    """
    timing = timing_of(converter, settle_second=settle_second)
    if isinstance(converter, Sar):
        body = _sar(converter, timing, noise)
    elif isinstance(converter, Ramp):
        body = ramp_lines(converter, timing, noise)
    elif isinstance(converter, Flash):
        body = _flash(converter, timing, noise)
    elif isinstance(converter, OscillatorCounter):
        body = oscillator_lines(converter, timing, noise)
    elif isinstance(converter, SenseAmplifier):
        body = _sense_amplifier(converter, timing, noise)
    else:  # pragma: no cover  timing_of has refused it
        raise ParameterError(type(converter).__name__)
    return [f".subckt {name} in start clock code", *body, f".ends {name}"]


def _sar(sar: Sar, timing: Timing, noise: FloatArray | None) -> Iterator[str]:
    n, num = sar.bits, spice_number
    tick, edge = timing.tick_second, timing.edge_second
    yield f"* SAR, {n} bit, {num(sar.low_volt)} V to {num(sar.high_volt)} V"
    yield from logic_models(edge)
    yield f".model sampler sw(vt=0.5 vh=0 ron={_SWITCH_OHM} roff=1e15)"
    yield (
        f".model plates dac_bridge(out_low={num(sar.low_volt)} out_high={num(sar.high_volt)}"
        f" t_rise={num(10 * edge)} t_fall={num(10 * edge)})"
    )
    yield "* the input on its capacitor"
    yield "Ssample in held start 0 sampler"
    yield f"Chold held 0 {num(sar.total_farad)}"
    yield "* the capacitor array"
    yield f"Vlow low 0 DC {num(sar.low_volt)}"
    yield "Sreset top low start 0 sampler"
    farads = sar.capacitors
    for k in range(n):
        yield f"Cbit{n - 1 - k} top plate{n - 1 - k} {num(farads[k])}"
    yield f"Cend top low {num(farads[-1])}"
    if sar.parasitic_farad > 0.0:
        yield f"Cparasitic top 0 {num(sar.parasitic_farad)}"
    bits = [f"b{k}" for k in range(n - 1, -1, -1)]
    plates = [f"plate{k}" for k in range(n - 1, -1, -1)]
    yield f"Aplates [{' '.join(bits)}] [{' '.join(plates)}] plates"
    yield "* the comparator"
    volts: FloatArray | None = None
    seconds: NDArray[Any] = np.zeros(1)
    if noise is not None:
        volts = (sar.noise_volt * noise).ravel()
        first = timing.first_tick_second + tick * (np.arange(n) + 0.02)
        seconds = (first + timing.period_second * np.arange(len(noise))[:, None]).ravel()
    if sar.comparator is None:
        yield from noise_source(0, volts, seconds, edge)
        yield f"Bdifference difference 0 V=V(held)+V(noise0)-V(top)-({num(sar.offset_volt)})"
        yield f".model comparator adc_bridge(in_low=0 in_high=0 rise_delay={num(edge)}"
        yield f"+ fall_delay={num(edge)})"
        yield "Acomparator [difference] [yes] comparator"
    else:
        shifts = np.array([-sar.offset_volt]) if volts is None else volts - sar.offset_volt
        yield from staircase("Vplus plus held", shifts, seconds, edge)
        yield from _clocked_comparator(sar.comparator, edge)
    yield from _search(sar, edge)


def _search(sar: Sar, edge: float) -> Iterator[str]:
    """Yield the sequencer, the register of bits and the code's node."""
    n, num = sar.bits, spice_number
    span = sar.high_volt - sar.low_volt
    yield "* the search: a one walks down the sequencer; the next bit's one latches the last bit"
    yield "Aclock [clock start] [tick reset] todigital"
    yield "Vzero zero 0 DC 0"
    yield "Azero [zero] [nought] todigital"
    yield f"Astep{n} nought tick reset NULL s{n} NULL flipflop"
    for k in range(n - 1, -1, -1):
        yield f"Astep{k} s{k + 1} tick NULL reset s{k} NULL flipflop"
    yield "Astepend s0 tick NULL reset send NULL flipflop"
    yield f".model late d_buffer(rise_delay={num(5 * edge)} fall_delay={num(5 * edge)})"
    yield "Alatch send latch late"
    for k in range(n - 1, -1, -1):
        latch = "latch" if k == 0 else f"b{k - 1}"
        yield f"Abit{k} yes {latch} s{k} reset b{k} NULL flipflop"
    weights = "+".join(f"{2.0**k}*V(plate{k})" for k in range(n - 1, -1, -1))
    shift = num((2.0**n - 1.0) * sar.low_volt)
    yield f"Bcode code 0 V=({weights}-({shift}))/{num(span)}"


def _clocked_comparator(comparator: Subcircuit, edge_second: float) -> Iterator[str]:
    """Yield the user's comparator; it decides while the clock is low."""
    num, high = spice_number, logic_volt(comparator)
    yield f"Eclock comparator_clock 0 clock 0 {num(high)}"
    nodes = {"plus": "plus", "minus": "top", "clock": "comparator_clock", "out": "decision"}
    yield from comparator.instance_lines("circuit", nodes)
    yield f".model comparator adc_bridge(in_low={num(high / 2)} in_high={num(high / 2)}"
    yield f"+ rise_delay={num(edge_second)} fall_delay={num(edge_second)})"
    yield "Acomparator [decision] [yes] comparator"


def _flash(flash: Flash, timing: Timing, noise: FloatArray | None) -> Iterator[str]:
    num, edge = spice_number, timing.edge_second
    last = flash.levels - 1
    yield f"* flash, {flash.bits} bit, {num(flash.low_volt)} V to {num(flash.high_volt)} V"
    yield f"Vlow tap0 0 DC {num(flash.low_volt)}"
    yield f"Vhigh tap{flash.levels} 0 DC {num(flash.high_volt)}"
    for k, ohm in enumerate(flash.resistors):
        yield f"Rstring{k} tap{k} tap{k + 1} {num(ohm)}"
    yield "Rstart start 0 1e6"
    yield "Rclock clock 0 1e6"
    yield f".model comparator adc_bridge(in_low=0 in_high=0 rise_delay={num(edge)}"
    yield f"+ fall_delay={num(edge)})"
    yield (
        f".model toanalog dac_bridge(out_low=0 out_high=1 t_rise={num(edge)} t_fall={num(edge)})"
    )
    seconds = timing.period_second * np.arange(1 if noise is None else len(noise))
    for k in range(1, last + 1):
        offset = 0.0
        if flash.comparator_offsets_volt is not None:
            offset = flash.comparator_offsets_volt[k - 1]
        volts = None if noise is None else flash.noise_volt * noise[:, k - 1]
        yield from noise_source(k, volts, seconds, edge)
        yield f"Bdifference{k} difference{k} 0 V=V(in)+V(noise{k})-V(tap{k})-({num(offset)})"
        yield f"Acomparator{k} [difference{k}] [yes{k}] comparator"
        yield f"Aout{k} [yes{k}] [out{k}] toanalog"
        yield f"Gsum{k} 0 code out{k} 0 1.0"
    yield "* the code is the number of comparators that say yes: unit currents into one ohm"
    yield f"Rcode code 0 {num(1.0)}"


def _sense_amplifier(
    sense: SenseAmplifier, timing: Timing, noise: FloatArray | None
) -> Iterator[str]:
    num, edge = spice_number, timing.edge_second
    yield f"* sense amplifier, thresholds {', '.join(f'{v:g} V' for v in sense.thresholds_volt)}"
    yield "Rclock clock 0 1e6"
    yield f".model sampler sw(vt=0.5 vh=0 ron={_SWITCH_OHM} roff=1e15)"
    seconds = timing.period_second * np.arange(1 if noise is None else len(noise))
    high = 1.0
    if sense.comparator is not None:
        high = logic_volt(sense.comparator)
        yield f"Elatch latch 0 start 0 {num(high)}"
    for k, threshold in enumerate(sense.thresholds):
        volts = None if noise is None else sense.noise_volt * noise[:, k]
        yield from noise_source(k, volts, seconds, edge)
        yield f"Vthreshold{k} threshold{k} 0 DC {num(float(threshold))}"
        if sense.comparator is None:
            yield f"Bdifference{k} difference{k} 0 V=V(in)+V(noise{k})-V(threshold{k})"
            yield "* the latch: what it sees as start falls stays on a capacitor"
            yield f"Slatch{k} difference{k} held{k} start 0 sampler"
            yield f"Cheld{k} held{k} 0 1e-14"
            yield f"Bsay{k} say{k} 0 V=V(held{k})>=0 ? 1 : 0"
        else:
            yield f"Bplus{k} plus{k} 0 V=V(in)+V(noise{k})"
            nodes = {
                "plus": f"plus{k}",
                "minus": f"threshold{k}",
                "clock": "latch",
                "out": f"decision{k}",
            }
            yield from sense.comparator.instance_lines(f"circuit{k}", nodes)
            yield f"Bsay{k} say{k} 0 V=V(decision{k})>={num(high / 2)} ? 1 : 0"
    yield "Bcode code 0 V=" + "+".join(f"V(say{k})" for k in range(sense.decisions))
