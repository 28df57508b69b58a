"""The design-space study: tile size x converter width x devices a cell.

It is a sweep of `network_point` with a fixed shape, so it runs on any executor and resumes like any
other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit.runs.items import Outcome
from xbar_circuit.studies.sweep import Plan, plan_from_dictionary

__all__ = ["Design", "best_designs", "design_plan", "designs_of"]

_TILE = "accelerator.tile_rows, accelerator.tile_cols"
_BITS = "accelerator.output_bits"
_DEVICES = "accelerator.devices_per_cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One point, averaged over its chips.

    tile : rows and columns of a tile.
    bits, devices : of a column converter; in a cell.
    accuracy : mean.
    joule, latency_seconds : of an image.
    tiles : with copies.
    """

    tile: int
    bits: int
    devices: int
    accuracy: float
    joule: float
    latency_seconds: float
    tiles: int


def design_plan(
    *,
    tiles: Sequence[int],
    bits: Sequence[int],
    devices: Sequence[int],
    seeds: int,
    fixed: dict[str, Any],
) -> Plan:
    """Return the sweep over all combinations.

    Parameters
    ----------
    tiles, bits, devices
        Tile sizes (square), converter widths, devices a cell.
    seeds
        Chips of each design.
    fixed
        Further parameters of `network_point`, the same everywhere.
    """
    return plan_from_dictionary(
        {
            "study": {"function": "network", "seeds": seeds, "name": "design space"},
            "parameters": fixed,
            "grid": {_TILE: list(tiles), _BITS: list(bits), _DEVICES: list(devices)},
        }
    )


def designs_of(plan: Plan, outcomes: Sequence[Outcome]) -> list[Design]:
    """Return the designs of a finished sweep; those of which every chip failed are left out."""
    seeds = len(plan.seeds)
    found = []
    for k, call in enumerate(plan.swept()):
        chips = [
            outcome.value for outcome in outcomes[k * seeds : (k + 1) * seeds] if not outcome.failed
        ]
        if not chips:
            continue
        found.append(
            Design(
                tile=call["accelerator.tile_rows"],
                bits=call[_BITS],
                devices=call[_DEVICES],
                accuracy=float(np.mean([chip["accuracy"] for chip in chips])),
                joule=float(np.mean([chip["joule"] for chip in chips])),
                latency_seconds=chips[0]["latency_seconds"],
                tiles=int(chips[0]["tiles"]),
            )
        )
    return found


def best_designs(designs: Sequence[Design]) -> list[Design]:
    """Return the designs that no other beats in both, by rising energy: the Pareto front."""
    best = -1.0
    front = []
    for design in sorted(designs, key=lambda d: (d.joule, -d.accuracy)):
        if design.accuracy > best:
            best = design.accuracy
            front.append(design)
    return front
