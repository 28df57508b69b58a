"""Working memory that is used again and again."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scratch"]


class Scratch:
    """Memory that is used again and again: fresh pages cost more than the arithmetic on them."""

    def __init__(self) -> None:
        self._room = np.empty(0, dtype=np.float32)

    def __call__(self, *shape: int) -> NDArray[np.float32]:
        """Return a float32 array with anything in it, which holds until the next call."""
        count = math.prod(shape)
        if self._room.size < count:
            self._room = np.empty(count, dtype=np.float32)
        return self._room[:count].reshape(shape)
