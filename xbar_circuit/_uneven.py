"""Resistances that differ from segment to segment: a thin wire, a broken one, a line left open.

They stand where otherwise one number stands for all segments. What was made for equal segments
alone computes with that number; here it meets an error that names what does take them, never a
wrong result.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit._checks import FloatArray, real
from xbar_circuit.errors import ParameterError, ShapeError

__all__ = ["Segments", "is_uneven", "segment_ohm"]

_LEAST, _MOST = 1e-12, 1e18


class Segments:
    """Resistances of segments or leads [ohm], infinite where the wire is broken.

    Raises
    ------
    ParameterError
        One is NaN, negative, 0, or neither infinite nor from 1e-12 to 1e18 ohm.
    """

    __slots__ = ("ohm",)

    def __init__(self, name: str, ohm: ArrayLike) -> None:
        given = np.array(ohm, dtype=np.float64)
        finite = real(name, np.where(np.isinf(given), 1.0, given))
        wrong = ~((finite >= _LEAST) & (finite <= _MOST)) | (given < 0.0)
        if wrong.any():
            raise ParameterError.about(
                name,
                got=f"{given[wrong].flat[0]:g} ohm in an array",
                expected="resistances from 1e-12 to 1e18 ohm, infinite where the wire is broken",
                remedy="give one number, 0, for ideal wires",
            )
        given.flags.writeable = False
        self.ohm: FloatArray = given

    def over(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Return the resistances of an array of this shape.

        Raises
        ------
        ShapeError
            They are those of another one.
        """
        try:
            return np.broadcast_to(self.ohm, shape)
        except ValueError:
            raise ShapeError.about(
                name,
                got=f"shape {self.ohm.shape}",
                expected=f"{shape} for this array",
                remedy="one value for each segment between neighbouring cells",
            ) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segments) and np.array_equal(self.ohm, other.ohm)

    def __hash__(self) -> int:
        return hash((self.ohm.shape, self.ohm.tobytes()))

    def __repr__(self) -> str:
        if self.ohm.ndim == 0:
            return f"{self.ohm:g}"
        ends = f"{self.ohm.min():g} to {self.ohm.max():g}" if self.ohm.size else "no"
        return f"<{ends} ohm, {' x '.join(map(str, self.ohm.shape))}>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Segments, ("wires", self.ohm)

    def _refuse(self, *_: object) -> NoReturn:
        raise ParameterError.about(
            "wires",
            got="resistances that differ from segment to segment",
            expected="one resistance for all segments, which this needs",
            remedy="such wires are for nodal.read, prepare and transfer (Direct, Newton),"
            " transient, noise, gradients and write, spice.read and vacask.read",
        )

    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __pow__ = __bool__ = __float__ = __array__ = _refuse


def is_uneven(value: object) -> bool:
    """Whether a resistance is one for each segment."""
    return isinstance(value, Segments)


def segment_ohm(name: str, value: Any, shape: tuple[int, ...]) -> FloatArray:
    """Return the resistances of segments [ohm] of this shape, whether one number or an array."""
    if isinstance(value, Segments):
        return value.over(name, shape)
    return np.full(shape, value, dtype=np.float64)
