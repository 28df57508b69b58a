"""The oscillator counter as SPICE text: by its formula, or counting a user's oscillator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._blocks import (
    logic_models,
    logic_volt,
    noise_source,
    ripple_counter,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

if TYPE_CHECKING:
    from xbar_circuit.peripherals.converters.oscillator import OscillatorCounter

__all__ = ["counter_lines"]


def counter_lines(
    converter: OscillatorCounter, timing: Timing, noise: FloatArray | None
) -> Iterator[str]:
    """Yield the body of the subcircuit; see :meth:`Converter.spice_lines`."""
    num = spice_number
    yield f"* current-controlled oscillator and counter, {converter.bits} bit"
    yield (
        f"* {num(converter.full_scale_ampere)} A full scale from {num(converter.low_ampere)} A,"
        f" window {num(converter.window_second)} s"
    )
    if converter.oscillator is not None:
        yield from _counted(converter.bits, converter.oscillator, timing)
        return
    yield f"Vhold hold 0 DC {num(converter.hold_volt)}"
    if converter.input_ohm > 0.0:
        yield f"Rin in inner {num(converter.input_ohm)}"
        yield "Vsense inner hold DC 0"
    else:
        yield "Vsense in hold DC 0"
    stops = converter.low_ampere + converter.offset_ampere
    yield f"Bdrive drive 0 V=max(I(Vsense)-({num(stops)}),0)*1e6"
    squeeze = (
        ""
        if converter.saturation_ampere == np.inf
        else (f"/(1+V(drive)/{num(converter.saturation_ampere * 1e6)})")
    )
    yield "* the phase, one volt a cycle"
    slope = converter.hertz_per_ampere * 1e-6 * 1e-9
    yield (
        f"Bphase 0 phase I={num(slope)}*V(drive){squeeze}*(1-V(start))"
        f"-V(start)*V(phase)*{num(50.0 * 1e-9 / timing.start_second)}"
    )
    yield "Cphase phase 0 1e-9"
    yield "Rphase phase 0 1e15"  # ngspice's first guess has start low: nothing else holds it
    volts: FloatArray | None = None
    seconds: NDArray[Any] = np.zeros(1)
    if noise is not None:
        volts = converter.jitter_cycle * noise[:, 0]
        seconds = timing.period_second * np.arange(len(noise))
    yield from noise_source(0, volts, seconds, timing.edge_second)
    yield "Rclock clock 0 1e6"
    yield (
        "Bcode code 0 V=max(0,min("
        f"{num(float(converter.levels - 1))},floor(V(phase)+V(noise0)*sqrt(abs(V(phase))+1e-12))))"
    )


def _counted(bits: int, oscillator: Subcircuit, timing: Timing) -> Iterator[str]:
    """Yield the user's oscillator and a ripple counter of digital code models."""
    # Delays of ideal gates may be short, unlike edges of transistors. Counting ends so early
    # that the last count has gone through all bits, two delays each, before it is read.
    num, edge = spice_number, timing.edge_second / 20.0
    half = logic_volt(oscillator) / 2
    nodes = {"input": "in", "reset": "start", "out": "cycles"}
    yield from oscillator.instance_lines("circuit", nodes)
    yield from logic_models(edge)
    yield f".model crossing adc_bridge(in_low={num(half)} in_high={num(half)}"
    yield f"+ rise_delay={num(edge)} fall_delay={num(edge)})"
    yield "Acycles [cycles] [cycle] crossing"
    last, period = (2 * bits + 4) * edge + timing.edge_second, timing.period_second
    yield (
        f"Vshow show_volt 0 PULSE(0 1 {num(period - last)} {num(edge)} {num(edge)}"
        f" {num(last)} {num(period)})"
    )
    yield "Rclock clock 0 1e6"
    yield "Alevels [start show_volt] [reset show] todigital"
    yield f".model opposite d_inverter(rise_delay={num(edge)} fall_delay={num(edge)})"
    yield "Acounting show counting opposite"
    names = [f"b{k}" for k in range(bits)]
    yield f".model both d_and(rise_delay={num(edge)} fall_delay={num(edge)})"
    yield f".model notall d_nand(rise_delay={num(edge)} fall_delay={num(edge)})"
    yield f"Afull [{' '.join([*names, 'counting'])}] room notall"
    yield "Agate [cycle room counting] go both"
    yield from ripple_counter(bits, "show", edge)
