"""What several converters share: logic and bridge models, noise that was drawn before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.netlist.periphery.timing import staircase
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["logic_models", "logic_volt", "noise_source"]


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
