"""The oscillator counter as SPICE text: a phase in volts, or a circuit whose cycles count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.netlist.periphery.logic import logic_models, logic_volt, noise_source
from xbar_circuit.netlist.periphery.timing import Timing
from xbar_circuit.peripherals.converters import OscillatorCounter
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["oscillator_lines"]


def oscillator_lines(
    cco: OscillatorCounter, timing: Timing, noise: FloatArray | None
) -> Iterator[str]:
    """Yield the body of the converter's subcircuit; noise as for `converter_subcircuit`."""
    num = spice_number
    yield f"* current-controlled oscillator and counter, {cco.bits} bit"
    yield f"* {num(cco.full_scale_ampere)} A full scale, window {num(cco.window_second)} s"
    if cco.oscillator is not None:
        yield from _counted_oscillator(cco, cco.oscillator, timing)
        return
    yield f"Vhold hold 0 DC {num(cco.hold_volt)}"
    if cco.input_ohm > 0.0:
        yield f"Rin in inner {num(cco.input_ohm)}"
        yield "Vsense inner hold DC 0"
    else:
        yield "Vsense in hold DC 0"
    yield f"Bdrive drive 0 V=max(I(Vsense)-({num(cco.offset_ampere)}),0)*1e6"
    squeeze = (
        ""
        if cco.saturation_ampere == np.inf
        else (f"/(1+V(drive)/{num(cco.saturation_ampere * 1e6)})")
    )
    yield "* the phase, one volt a cycle"
    slope = cco.hertz_per_ampere * 1e-6 * 1e-9
    yield (
        f"Bphase 0 phase I={num(slope)}*V(drive){squeeze}*(1-V(start))"
        f"-V(start)*V(phase)*{num(50.0 * 1e-9 / timing.start_second)}"
    )
    yield "Cphase phase 0 1e-9"
    volts: FloatArray | None = None
    seconds: NDArray[Any] = np.zeros(1)
    if noise is not None:
        volts = cco.jitter_cycle * noise[:, 0]
        seconds = timing.period_second * np.arange(len(noise))
    yield from noise_source(0, volts, seconds, timing.edge_second)
    yield "Rclock clock 0 1e6"
    yield (
        "Bcode code 0 V=max(0,min("
        f"{num(float(cco.levels - 1))},floor(V(phase)+V(noise0)*sqrt(abs(V(phase))))))"
    )


def _counted_oscillator(
    cco: OscillatorCounter, oscillator: Subcircuit, timing: Timing
) -> Iterator[str]:
    """Yield the user's oscillator and a ripple counter of digital code models.

    The count is shown once, at the end: toggling outputs would cost time points.
    """
    num, edge, bits = spice_number, timing.edge_second, cco.bits
    half = logic_volt(oscillator) / 2
    nodes = {"input": "in", "reset": "start", "out": "cycles"}
    yield from oscillator.instance_lines("circuit", nodes)
    yield from logic_models(edge)
    yield f".model crossing adc_bridge(in_low={num(half)} in_high={num(half)}"
    yield f"+ rise_delay={num(edge)} fall_delay={num(edge)})"
    yield "Acycles [cycles] [cycle] crossing"
    last = 20 * edge
    yield (
        f"Vshow show_volt 0 PULSE(0 1 {num(timing.period_second - last)} {num(edge)} {num(edge)}"
        f" {num(last)} {num(timing.period_second)})"
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
    for k in range(bits):
        yield f"Abit{k} nb{k} {'go' if k == 0 else f'nb{k - 1}'} NULL reset b{k} nb{k} flipflop"
        yield f"Ashow{k} [b{k} show] shown{k} both"
    yield f".model toanalog dac_bridge(out_low=0 out_high=1 t_rise={num(edge)} t_fall={num(edge)})"
    shown = " ".join(f"shown{k}" for k in range(bits))
    outs = " ".join(f"bit{k}" for k in range(bits))
    yield f"Abits [{shown}] [{outs}] toanalog"
    yield "Bcode code 0 V=" + "+".join(f"{2.0**k}*V(bit{k})" for k in range(bits))
