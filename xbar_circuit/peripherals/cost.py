"""What a part costs: time, energy and area, of the same description that is simulated."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["PartCost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """Cost of one use of a part.

    latency_second : time of it.
    energy_joule : by the model in the part's docstring; NaN where a circuit stands, whose energy
        only a measurement knows.
    area_square_metre : NaN where nobody has drawn a layout, as of all parts here.
    """

    latency_second: float
    energy_joule: float
    area_square_metre: float = math.nan
