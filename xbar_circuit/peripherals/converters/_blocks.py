"""Blocks of SPICE text that several converters share: logic, drawn noise, counters, the search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._waveform import staircase
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = [
    "SWITCH_OHM",
    "clocked_comparator",
    "logic_models",
    "logic_volt",
    "noise_source",
    "ripple_counter",
    "search_lines",
]


SWITCH_OHM = 10.0  # of the samplers; their time constant with 100 fF is 1 ps


def logic_models(delay_second: float, threshold: str = "0.5") -> Iterator[str]:
    """Yield the bridge ``todigital`` and the flip-flop, as slow as the delay [s]."""
    d = spice_number(delay_second)
    yield f".model todigital adc_bridge(in_low={threshold} in_high={threshold}"
    yield f"+ rise_delay={d} fall_delay={d})"
    yield f".model flipflop d_dff(clk_delay={d} set_delay={d} reset_delay={d} ic=0"
    yield f"+ rise_delay={d} fall_delay={d})"


def noise_source(
    number: int, volts: FloatArray | None, seconds: NDArray[Any], edge_second: float
) -> Iterator[str]:
    """Yield the source of the node ``noise<number>``: a value from each of the times on [V]."""
    if volts is None or not np.any(volts):
        yield f"Vnoise{number} noise{number} 0 DC 0"
    else:
        yield from staircase(f"Vnoise{number} noise{number} 0", volts, seconds, edge_second)


def logic_volt(circuit: Subcircuit) -> float:
    """Return the circuit's highest supply, where its logic is high [V]."""
    return max(circuit.supplies.values(), default=1.0)


def search_lines(bits: int, low_volt: float, high_volt: float, edge: float) -> Iterator[str]:
    """Yield the sequencer, the register of `bits` bits and the node ``code``.

    It takes the comparator's digital node ``yes``; bit k drives ``plate<k>`` from `low_volt` to
    `high_volt` [V]. `edge` is the delay of its logic [s].
    """
    n, num = bits, spice_number
    span = high_volt - low_volt
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
    shift = num((2.0**n - 1.0) * low_volt)
    yield f"Bcode code 0 V=({weights}-({shift}))/{num(span)}"


def clocked_comparator(comparator: Subcircuit, edge_second: float) -> Iterator[str]:
    """Yield a user's comparator on ``plus`` and ``top``, which decides while the clock is low."""
    num, high = spice_number, logic_volt(comparator)
    yield f"Eclock comparator_clock 0 clock 0 {num(high)}"
    nodes = {"plus": "plus", "minus": "top", "clock": "comparator_clock", "out": "decision"}
    yield from comparator.instance_lines("circuit", nodes)
    yield f".model comparator adc_bridge(in_low={num(high / 2)} in_high={num(high / 2)}"
    yield f"+ rise_delay={num(edge_second)} fall_delay={num(edge_second)})"
    yield "Acomparator [decision] [yes] comparator"


def ripple_counter(bits: int, show: str, edge: float) -> Iterator[str]:
    """Yield a ripple counter of the edges of ``go``, and the node ``code``.

    It needs the models ``flipflop`` and ``both``, and the node ``reset``. The count comes out while
    the digital node `show` is high. `edge` is the delay of its logic [s].
    """
    for k in range(bits):
        yield f"Abit{k} nb{k} {'go' if k == 0 else f'nb{k - 1}'} NULL reset b{k} nb{k} flipflop"
    num = spice_number
    yield (
        f".model toanalog dac_bridge(out_low=0 out_high=1 t_rise={num(edge)} t_fall={num(edge)})"
    )
    yield "* the count comes out when it is done; toggling outputs would cost time points"
    for k in range(bits):
        yield f"Ashow{k} [b{k} {show}] shown{k} both"
    shown = " ".join(f"shown{k}" for k in range(bits))
    outs = " ".join(f"bit{k}" for k in range(bits))
    yield f"Abits [{shown}] [{outs}] toanalog"
    yield "Bcode code 0 V=" + "+".join(f"{2.0**k}*V(bit{k})" for k in range(bits))
