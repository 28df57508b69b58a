"""Testbenches: a circuit with its sources and its clockwork, as a deck that a designer can open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.tabulated import deck_settings
from xbar_circuit.devices import Cell, Ohmic
from xbar_circuit.netlist._hand_over import standing_alone
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._waveform import staircase
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.units import spice_number

__all__ = ["Testbench", "conversion_bench", "transient_options"]


def transient_options(*, transistors: bool, celsius: float = 27.0) -> str:
    """Return the ``.options`` line of a transient at a temperature [degree Celsius].

    ngspice's own chgtol of 1e-14 C is ten femtofarads at a volt, too coarse for capacitor arrays.
    With transistors the other tolerances are ngspice's own.
    """
    warm = "" if celsius == 27.0 else f" temp={spice_number(celsius)}"  # ngspice's own is 27
    if transistors:
        return f".options reltol=1e-3 abstol=1e-12 vntol=1e-6 chgtol=1e-17 noacct klu{warm}"
    return f".options reltol=1e-5 abstol=1e-12 vntol=1e-9 chgtol=1e-20 gmin=1e-18 noacct klu{warm}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Testbench:
    """A deck for a transient and what to read from it.

    deck : SPICE text.
    stop_second, step_second : of the transient.
    read_second : when each code is read (conversions,).
    sample_second : when the converter has taken its input (conversions,).
    code_nodes : the node of each converter's code, 1 V a code.
    supplies : source and voltage [V] of every supply.
    circuits, cell : users' circuits in it and the array's cells, which say how it has to be run.
    exact : whether codes are real numbers, not to be rounded.
    """

    deck: str
    stop_second: float
    step_second: float
    read_second: NDArray[Any]
    sample_second: NDArray[Any]
    code_nodes: tuple[str, ...]
    supplies: Mapping[str, float] = field(default_factory=dict)
    circuits: tuple[Subcircuit, ...] = ()
    cell: Cell = field(default_factory=Ohmic)
    exact: bool = False

    def standalone(self, vectors: Sequence[str] = ()) -> str:
        """Return the deck with its transient, and each code as a ``.measure`` card.

        ``ngspice -b FILE`` runs it and prints the codes, 1 V a code.
        """
        num = spice_number
        measures = [
            f"{node}_{k} FIND v({node}) AT={num(second)}"
            for node in self.code_nodes
            for k, second in enumerate(self.read_second.tolist())
        ]
        return standing_alone(
            self.deck,
            f"tran {num(self.step_second)} {num(self.stop_second)}",
            saved=[*(f"v({node})" for node in self.code_nodes), *vectors],
            measures=measures,
            settings=deck_settings(self.circuits, self.cell),
        )


def conversion_bench(
    converter: Converter,
    values: FloatArray,
    *,
    noise: FloatArray | None = None,
    extra: Sequence[str] = (),
    celsius: float = 27.0,
) -> Testbench:
    """Return a deck that converts `values` one after the other.

    Parameters
    ----------
    converter
        One of ours.
    values
        (conversions,) [V or A].
    noise
        Standard normal numbers (conversions, decisions), or None.
    extra
        Further lines, such as ``.include``.
    celsius
        Temperature [degree Celsius].
    """
    timing = converter.timing
    count = len(values)
    steps = timing.period_second * np.arange(count)
    unit = converter.input_unit
    lines = [
        f"xbar_circuit: {count} conversions by {type(converter).__name__},"
        f" {converter.levels} codes",
        f"* input in {unit}; the code is v(code), 1 V a code, read at the end of each period of",
        f"* {timing.period_second!r} s",
        transient_options(transistors=converter.circuit is not None, celsius=celsius),
        *extra,
        *converter.spice_includes(),
        *converter.spice_subcircuit("xbar_converter", noise=noise),
        *timing.clock_lines(count),
        *staircase("Vin in 0" if unit == "V" else "Iin 0 in", values, steps, timing.edge_second),
        "Xconverter in start clock code xbar_converter",
        ".end",
    ]
    return Testbench(
        deck="\n".join(lines) + "\n",
        stop_second=count * timing.period_second,
        step_second=timing.step_second,
        read_second=timing.read_second(count),
        sample_second=timing.sample_second(count),
        code_nodes=("code",),
        supplies=converter.spice_supplies("xconverter"),
        circuits=() if converter.circuit is None else (converter.circuit,),
        exact=converter.exact,
    )
