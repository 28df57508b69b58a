"""Blocks of a synapse taken apart: which cell of a block adds to which digit, with which sign.

A synapse's block has a drive factor for each row and a significance for each column. Cells whose
columns have significances of one magnitude make a digit; a cell's sign is that of its row's drive
times its column's significance. So a pair has one digit of one cell for each sign, a multi-device
synapse one digit of several, bit slices several digits, and an 8T4R cell one digit of two rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import Synapse

__all__ = ["Digits"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Digits:
    """The cells of a block by digit and sign.

    Parameters
    ----------
    high, wide
        Rows and columns of a block.
    places
        Cells of the block, flattened, (digits, 2, cells of a digit and sign); positive ones first.
    worth
        What a digit counts (digits,).
    """

    high: int
    wide: int
    places: FloatArray
    worth: FloatArray

    @classmethod
    def of(cls, synapse: Synapse) -> Digits:
        """Return the digits of a synapse."""
        drive, significance = np.array(synapse.drive), np.array(synapse.significance)
        signs = np.sign(np.outer(drive, significance)).ravel()
        sizes = np.abs(np.outer(drive, significance)).ravel()
        worth = np.unique(sizes)
        places = np.array(
            [
                [np.flatnonzero((sizes == size) & (signs == sign)) for sign in (1, -1)]
                for size in worth
            ]
        )
        return cls(high=len(drive), wide=len(significance), places=places, worth=worth)

    def split(self, matrix: FloatArray) -> FloatArray:
        """Return (rows, cols) as (inputs, outputs, digits, 2, cells)."""
        rows, cols = matrix.shape
        blocks = matrix.reshape(rows // self.high, self.high, cols // self.wide, self.wide)
        flat = blocks.transpose(0, 2, 1, 3).reshape(rows // self.high, cols // self.wide, -1)
        return np.asarray(flat[:, :, self.places])

    def joined(self, cells: FloatArray) -> FloatArray:
        """Return (inputs, outputs, digits, 2, cells) as (rows, cols): the way back of `split`."""
        inputs, outputs = cells.shape[:2]
        flat = np.empty((inputs, outputs, self.high * self.wide))
        flat[:, :, self.places.ravel()] = cells.reshape(inputs, outputs, -1)
        blocks = flat.reshape(inputs, outputs, self.high, self.wide).transpose(0, 2, 1, 3)
        return blocks.reshape(inputs * self.high, outputs * self.wide)

    def difference(self, matrix: FloatArray) -> FloatArray:
        """Return the positive less the negative cells (inputs, outputs, digits)."""
        sums = self.split(matrix).sum(axis=-1)
        return np.asarray(sums[..., 0] - sums[..., 1])
