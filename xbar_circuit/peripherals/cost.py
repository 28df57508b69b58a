"""What a part costs: time, energy and area, of the same description that is simulated."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["PartCost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """Cost of one use of a part.

    latency_second : time of it.
    energy_joule : by the model in the part's docstring; NaN for a circuit, whose energy has to be
        measured.
    area_square_metre : NaN without a layout, as for all parts here.
    """

    latency_second: float
    energy_joule: float
    area_square_metre: float = math.nan
