"""The digital end of a tile: which columns meet before a converter, and how codes are added.

Without a synapse a column is an output, or columns 2k and 2k + 1 for a pair. With one, the
columns of its block are added by their significance: the signs of a pair, the digits of a sliced
weight, the devices of a shared one. Where the read-out subtracts pairs before their converter, a
positive and a negative column of equal significance meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.cells import Synapse
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.peripherals.readout import Readout

__all__ = ["CodeCombination"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodeCombination:
    """What the digital logic behind the converters does.

    drive : factor of an input on each row of its block (block rows,).
    pairs : (converters, 2) columns that meet before each converter, positive and negative; None
        where every column has its own.
    significance : factors of the converters of one output (converters an output,).
    """

    drive: tuple[int, ...]
    pairs: NDArray[np.int64] | None
    significance: tuple[int, ...]

    @classmethod
    def of(cls, readout: Readout, synapse: Synapse | None, rows: int, cols: int) -> CodeCombination:
        """Return it for an array of this size.

        Raises
        ------
        ParameterError
            The columns or rows are no whole groups, or nothing can be subtracted.
        """
        if synapse is None:
            if readout.difference is not None and cols % 2:
                raise ParameterError.about(
                    "crossbar",
                    got=f"{cols} columns for a read-out that subtracts pairs",
                    expected="an even number of columns",
                    remedy="column 2k is the positive one, column 2k + 1 the negative one",
                )
            pairs = np.arange(cols).reshape(-1, 2) if readout.subtracts_before else None
            return cls(
                drive=(1,),
                pairs=pairs,
                significance=(1, -1) if readout.difference == "digital" else (1,),
            )
        high, wide = len(synapse.drive), len(synapse.significance)
        if rows % high or cols % wide:
            raise ParameterError.about(
                "crossbar",
                got=f"{rows} rows and {cols} columns for a {type(synapse).__name__}",
                expected=f"multiples of {high} rows and {wide} columns",
                remedy="make it with synapse.crossbar(weights, wires=...)",
            )
        if readout.difference is not None and not synapse.pairs:
            raise ParameterError.about(
                "readout.difference",
                got=f"{readout.difference!r} for a {type(synapse).__name__}",
                expected="None: its columns carry signed currents",
                remedy="leave the difference out",
            )
        drive = tuple(int(factor) for factor in synapse.drive)
        weights = tuple(int(weight) for weight in synapse.significance)
        if not readout.subtracts_before:
            return cls(drive=drive, pairs=None, significance=weights)
        starts = np.arange(0, cols, wide)[:, None, None]
        return cls(
            drive=drive,
            pairs=(starts + np.array(synapse.pairs)).reshape(-1, 2),
            significance=tuple(weights[plus] for plus, _ in synapse.pairs),
        )

    def rows_of(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return what each row gets (batch, rows) of inputs or codes (batch, inputs)."""
        if self.drive == (1,):
            return inputs
        factors = np.array(self.drive, dtype=inputs.dtype)
        result: NDArray[Any] = (inputs[:, :, None] * factors).reshape(len(inputs), -1)
        return result

    def meet(self, current: NDArray[Any]) -> NDArray[Any]:
        """Return the currents that the converters judge (batch, converters) of (batch, cols)."""
        if self.pairs is None:
            return current
        result: NDArray[Any] = current[:, self.pairs[:, 0]] - current[:, self.pairs[:, 1]]
        return result

    def outputs_of(self, codes: CodeArray) -> CodeArray:
        """Return the codes of the outputs (batch, outputs) of the converters' (batch, ...)."""
        if self.significance == (1,):
            return codes
        weights = np.array(self.significance, dtype=codes.dtype)
        result: CodeArray = codes.reshape(len(codes), -1, len(weights)) @ weights
        return result
