"""The cell's SPICE renderings: the library of behavioural sources with a cell's own numbers.

``device_models/pcm_cell.lib`` holds two subcircuits, ``pcm_cell`` (everything) and ``pcm_read``
(the phase at rest: one internal node, for large arrays). Their ``.param`` block carries the default
preset; here it is rewritten with the parameters of the cell at hand, so that the file a designer
reads and the deck that ngspice runs differ in numbers only.
"""

from __future__ import annotations

import math
import re

from xbar_circuit import _checks as checks
from xbar_circuit.devices._constants import BOLTZMANN, kelvin
from xbar_circuit.devices.pcm._parameters import PcmParameters
from xbar_circuit.resources import device_model

__all__ = ["library", "parameters", "verilog_a_model"]

LIBRARY = "pcm_cell.lib"
FLICKER_SOURCE, THERMAL_SOURCE = "If 0 fl DC 1", "It 0 th DC 0"


def parameters(cell: PcmParameters) -> dict[str, float]:
    """Return the numbers that all three renderings share, by the name they have there (SI)."""
    return cell.numbers.scalars()


def library(cell: PcmParameters, *, noise_step_second: float | None = None) -> str:
    """Return the text of the library with this cell's numbers in its ``.param`` block.

    Parameters
    ----------
    cell
        The parameters.
    noise_step_second
        Time step of transient noise [s]; with None a transient is free of noise, and only
        ``.noise`` sees the cell's sources.
    """
    text = device_model(LIBRARY).read_text(encoding="utf-8")
    for name, value in parameters(cell).items():
        text = re.sub(rf"(?m)^(\.param pcm_{name} =) \S+", rf"\1 {value!r}", text, count=1)
    if noise_step_second is None:
        return text
    step = checks.number("noise_step_second", noise_step_second, "s", above=True)
    flicker = math.sqrt(math.pi)  # of unit density; TRNOISE's variance is that of its input
    thermal = math.sqrt(2.0 * BOLTZMANN * kelvin(cell.celsius) / step)  # of 1 ohm, over its band
    text = text.replace(FLICKER_SOURCE, f"{FLICKER_SOURCE} TRNOISE(0 {step!r} 1 {flicker!r})")
    return text.replace(THERMAL_SOURCE, f"{THERMAL_SOURCE} TRNOISE({thermal!r} {step!r} 0 0)")


def verilog_a_model(cell: PcmParameters, name: str) -> str:
    """Return the ``.model`` line of ``pcm_cell.va`` with this cell's numbers.

    An instance is then ``N<name> top bottom <model> ua=30n``; the compiled module must be loaded.
    """
    numbers = " ".join(f"{key}={value!r}" for key, value in parameters(cell).items())
    return f".model {name} pcm_cell {numbers}"
