"""Codes that rounding to the nearest gives: even thresholds, and nothing that bends the line.

With "no current" in the middle of code n of every converter, codes are n and what rounding to the
nearest makes of the rest: no offset is left to add. The converters are put into the order of their
significance, so that the codes of one sign lie side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _compiler
from xbar_circuit._checks import FloatArray
from xbar_circuit._scratch import Scratch
from xbar_circuit.errors import ShapeError
from xbar_circuit.tile._digital import CodeCombination
from xbar_circuit.tile._quantiser import Quantiser

__all__ = ["Rounding"]

Reals = NDArray[Any]
Planes = Iterable[tuple[int, Reals]]  # weight and codes of every read

_MIDDLE = 1e-6  # of a step: how well no current must fall on the middle of a code


class Rounding:
    """A folded matrix whose products are codes after rounding.

    Parameters
    ----------
    matrix
        Steps a driver code (rows, converters), in the order of significance, float32.
    middle
        Code without a current.
    highest
        Highest code.
    significance
        Factors of the codes of an output's converters.
    weights
        Weights of the reads.
    """

    def __init__(
        self,
        matrix: Reals,
        *,
        middle: float,
        highest: float,
        significance: tuple[int, ...],
        weights: tuple[int, ...],
    ) -> None:
        self._matrix, self._significance = matrix, significance
        self._ends = np.float32(-middle), np.float32(highest - middle)
        self._constant = middle * sum(weights) * sum(significance)
        self._kernel: Callable[..., None] | None = None  # of one read
        if weights == (1,) and _compiler.available():
            from xbar_circuit.tile._code_kernel import add_rounded  # noqa: PLC0415 - numba compiles

            self._kernel = add_rounded
            self._settings = (
                *self._ends,
                np.array(significance, dtype=np.float32),
                np.float32(middle * sum(significance)),
            )

    @classmethod
    def of(
        cls,
        inputs: FloatArray,
        offset: FloatArray,
        *,
        quantiser: Quantiser,
        digital: CodeCombination,
        weights: tuple[int, ...],
    ) -> Rounding | None:
        """Return it for places among the codes; None where rounding does not give them.

        Parameters
        ----------
        inputs
            Places a driver code (rows, converters).
        offset
            Places without an input (converters,).
        quantiser
            Its thresholds.
        digital
            How the codes of an output are added.
        weights
            Weights of the reads.
        """
        steps = quantiser.even
        if steps is None:
            return None
        first, per_step = (float(value) for value in steps)
        middle = (offset - first) * per_step - 0.5
        whole = float(np.rint(middle[0]))
        if np.abs(middle - whole).max() > _MIDDLE:
            return None
        significance = tuple(digital.significance)
        order = np.arange(inputs.shape[1]).reshape(-1, len(significance)).T.ravel()
        return cls(
            np.ascontiguousarray((inputs * per_step)[:, order], dtype=np.float32),
            middle=whole,
            highest=float(quantiser.highest),
            significance=significance,
            weights=weights,
        )

    def codes(self, planes: Planes) -> Reals:
        """Return the codes of the outputs (batch, outputs), float32."""
        total: Reals | None = None
        for weight, plane in planes:
            code: Reals = plane @ self._matrix
            np.rint(code, out=code)
            np.clip(code, *self._ends, out=code)
            if weight != 1:
                code *= np.float32(weight)
            total = code if total is None else np.add(total, code, out=total)
        if total is None:  # pragma: no cover  a driver reads at least once
            raise ShapeError("drive")
        width = total.shape[1] // len(self._significance)
        result: Reals | None = None
        for k, worth in enumerate(self._significance):
            part = total[:, k * width : (k + 1) * width]
            if result is None:
                result = part if worth == 1 else part * np.float32(worth)
            elif worth == -1:
                result = result - part
            else:
                result = result + part * np.float32(worth)
        if result is None or self._constant == 0.0:
            return total if result is None else result
        return result + np.float32(self._constant)

    def add_products(
        self, planes: Planes, factor: Reals, offset: Reals, out: Reals, scratch: Scratch
    ) -> bool:
        """Add ``codes * factor - offset`` in one pass; False where there is no kernel for it."""
        if self._kernel is None:
            return False
        ((_, plane),) = planes
        places = scratch(len(plane), self._matrix.shape[1])
        np.matmul(plane, self._matrix, out=places)
        self._kernel(places, *self._settings, factor, offset, out)
        return True
