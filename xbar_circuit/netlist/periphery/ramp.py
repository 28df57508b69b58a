"""The single-slope converter as SPICE text: ramp, comparator, counter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.netlist.periphery.logic import logic_models, logic_volt, noise_source
from xbar_circuit.netlist.periphery.timing import Timing, staircase
from xbar_circuit.peripherals.converters import Ramp
from xbar_circuit.units import spice_number

__all__ = ["ramp_lines"]


def ramp_lines(ramp: Ramp, timing: Timing, noise: FloatArray | None) -> Iterator[str]:
    """Yield the body of the converter's subcircuit; noise as for `converter_subcircuit`."""
    num, edge = spice_number, timing.edge_second
    yield f"* single slope, {ramp.bits} bit, {num(ramp.low_volt)} V to {num(ramp.high_volt)} V"
    yield from logic_models(edge)
    volts: FloatArray | None = None
    seconds: NDArray[Any] = np.zeros(1)
    if noise is not None:
        volts = ramp.noise_volt * noise[:, 0]
        seconds = timing.period_second * np.arange(len(noise))
    if ramp.analog is None:
        yield from _ideal_ramp(ramp, timing)
        yield from noise_source(0, volts, seconds, edge)
        yield f"Bdifference difference 0 V=V(in)+V(noise0)-V(ramp)-({num(ramp.offset_volt)})"
        threshold = 0.0
    else:
        shifts = np.array([-ramp.offset_volt]) if volts is None else volts - ramp.offset_volt
        yield from staircase("Vinput input in", shifts, seconds, edge)
        nodes = {"input": "input", "reset": "start", "out": "difference"}
        yield from ramp.analog.instance_lines("circuit", nodes)
        threshold = logic_volt(ramp.analog) / 2
    yield f".model comparator adc_bridge(in_low={num(threshold)} in_high={num(threshold)}"
    yield f"+ rise_delay={num(edge)} fall_delay={num(edge)})"
    yield "Acomparator [difference] [below] comparator"
    yield "* the counter: a ripple of toggles, which stops at its last code"
    yield f".model late d_buffer(rise_delay={num(edge)} fall_delay={num(0.5 * timing.tick_second)})"
    yield f".model opposite d_inverter(rise_delay={num(edge)} fall_delay={num(edge)})"
    yield f".model both d_and(rise_delay={num(edge)} fall_delay={num(edge)})"
    yield f".model notall d_nand(rise_delay={num(edge)} fall_delay={num(edge)})"
    yield "Aclock [clock start] [tick sampling] todigital"
    yield "Areset sampling reset late"
    yield "Adone go_on done opposite"
    yield "Agoing [below room] go_on both"
    bits = [f"b{k}" for k in range(ramp.bits)]
    yield f"Afull [{' '.join([*bits, 'one'])}] room notall"
    yield "Vone one_volt 0 DC 1"
    yield "Aone [one_volt] [one] todigital"
    yield "* the tick waits for a comparator that flipped at the same time point"
    yield f".model settle d_buffer(rise_delay={num(10 * edge)} fall_delay={num(10 * edge)})"
    yield "Atick tick settled settle"
    yield "Agate [settled go_on] go both"
    for k in range(ramp.bits):
        yield f"Abit{k} nb{k} {'go' if k == 0 else f'nb{k - 1}'} NULL reset b{k} nb{k} flipflop"
    yield (
        f".model toanalog dac_bridge(out_low=0 out_high=1 t_rise={num(edge)} t_fall={num(edge)})"
    )
    outs = [f"bit{k}" for k in range(ramp.bits)]
    yield "* the count comes out when it is done; toggling outputs would cost time points"
    for k in range(ramp.bits):
        yield f"Ashow{k} [b{k} done] shown{k} both"
    shown = [f"shown{k}" for k in range(ramp.bits)]
    yield f"Abits [{' '.join(shown)}] [{' '.join(outs)}] toanalog"
    yield "Bcode code 0 V=" + "+".join(f"{2.0**k}*V(bit{k})" for k in range(ramp.bits))


def _ideal_ramp(ramp: Ramp, timing: Timing) -> Iterator[str]:
    """Yield a current into a capacitor, released when start falls."""
    num = spice_number
    span = (ramp.high_volt - ramp.low_volt) * (1.0 + ramp.slope_error)
    duration = ramp.levels * timing.tick_second
    yield "* the ramp: a current into a capacitor, released when start falls"
    yield f"Vlow low 0 DC {num(ramp.low_volt)}"
    yield (
        f"Bcharge low ramp I={num(ramp.ramp_farad * span / duration)}*(1-V(start))"
        f"-V(start)*V(ramp,low)*{num(50.0 * ramp.ramp_farad / timing.start_second)}"
    )
    yield f"Cramp ramp low {num(ramp.ramp_farad)}"
    if ramp.droop > 0.0:
        yield f"Rdroop ramp low {num(duration / (ramp.droop * ramp.ramp_farad))}"
