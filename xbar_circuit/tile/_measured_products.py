"""What ngspice says of a tile's products: codes, with the voltages and currents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.peripherals.drivers import WordLines
from xbar_circuit.tile.tile import Tile

__all__ = ["MeasuredProducts", "measure_products"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredProducts:
    """What ngspice said of products, (products, columns) each.

    bit : voltage of the bit line over the reference [V].
    sensed : current into the read-out [A].
    entering : amplifier's output when the converter has taken it [V]; None without an amplifier.
    supply_watt : of all circuits.
    seconds : inside ngspice.
    """

    codes: CodeArray
    bit: FloatArray
    sensed: FloatArray
    entering: FloatArray | None
    supply_watt: float
    seconds: float


def measure_products(
    tile: Tile, read: WordLines, columns: Sequence[int], **settings: Any
) -> MeasuredProducts:
    """Run the reads in ngspice, with a read-out on these columns; settings as `Tile.in_spice`."""
    amplified = tile.readout.amplifier is not None and not tile.readout.subtracts_before
    names = [("bit", "v(bit_{},reference)"), ("sensed", "i(vsense_{})")]
    if amplified:
        names.append(("entering", "v(out_{})"))
    vectors = tuple(form.format(j) for _, form in names for j in columns)
    answers = tile.in_spice(
        read,
        columns=None if tile.readout.subtracts_before else columns,
        vectors=vectors,
        **settings,
    )

    def gathered(form: str, kind: str) -> FloatArray:
        return np.column_stack(
            [
                np.concatenate([getattr(answer, kind)[form.format(j)] for answer in answers])
                for j in columns
            ]
        )

    weights = np.array([len(answer.codes) for answer in answers], dtype=np.float64)
    watts = np.array([sum(answer.supply_watt.values()) for answer in answers])
    return MeasuredProducts(
        codes=np.concatenate([answer.codes for answer in answers]),
        bit=gathered("v(bit_{},reference)", "values"),
        sensed=gathered("i(vsense_{})", "values"),
        entering=gathered("v(out_{})", "sampled") if amplified else None,
        supply_watt=float(weights @ watts / weights.sum()),
        seconds=sum(answer.seconds for answer in answers),
    )
