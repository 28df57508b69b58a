"""The design-space study: tile size x converter width x devices for each sign of a weight.

It is a sweep of `network_point` with a fixed shape, so it runs on any executor and resumes like any
other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit.network.metrics import find_metric
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.sweep.plan import SweepPlan, sweep_plan_from_dictionary

__all__ = ["Design", "best_designs", "design_plan", "designs_of", "worth"]

_TILE = "accelerator.rows, accelerator.cols"
_BITS = "accelerator.readout.converter.bits"
_DEVICES = "accelerator.synapse.devices_per_sign"
_SYNAPSE = {"accelerator.synapse.kind": "multi_device"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One point, averaged over its chips.

    tile : rows and columns of a tile.
    bits, devices : of a column converter; for each sign of a weight, with a column each.
    metric : name of what was measured, see `xbar_circuit.network.metrics`.
    score, low, high : its mean, and the ends of its 95 % interval over the samples.
    joule, latency_second : of an image.
    tiles : with copies.
    """

    tile: int
    bits: int
    devices: int
    metric: str
    score: float
    low: float
    high: float
    joule: float
    latency_second: float
    tiles: int


def design_plan(
    *,
    tiles: Sequence[int],
    bits: Sequence[int],
    devices: Sequence[int],
    seeds: int | Sequence[int],
    fixed: dict[str, Any],
) -> SweepPlan:
    """Return the sweep over all combinations.

    Parameters
    ----------
    tiles, bits, devices
        Tile sizes (square), converter widths, devices for each sign of a weight.
    seeds
        How many chips of each design, or their seeds.
    fixed
        Further parameters of `network_point`, the same everywhere.
    """
    return sweep_plan_from_dictionary(
        {
            "study": {
                "function": "network",
                "seeds": seeds if isinstance(seeds, int) else list(seeds),
                "name": "design space",
            },
            "parameters": fixed | _SYNAPSE,
            "grid": {_TILE: list(tiles), _BITS: list(bits), _DEVICES: list(devices)},
        }
    )


def designs_of(plan: SweepPlan, outcomes: Sequence[ItemOutcome]) -> list[Design]:
    """Return the designs of a finished sweep; those of which every chip failed are left out."""
    seeds = len(plan.seeds)
    found = []
    for k, call in enumerate(plan.swept()):
        chips = [
            outcome.value for outcome in outcomes[k * seeds : (k + 1) * seeds] if not outcome.failed
        ]
        if not chips:
            continue
        metric = (call.get("metrics") or [next(iter(chips[0]))])[0]
        key = re.sub(r"\W", "_", metric)
        score, low, high = (
            float(np.mean([chip[key + end] for chip in chips])) for end in ("", "_low", "_high")
        )
        found.append(
            Design(
                tile=call["accelerator.rows"],
                bits=call[_BITS],
                devices=call[_DEVICES],
                metric=metric,
                score=score,
                low=low,
                high=high,
                joule=float(np.mean([chip["joule"] for chip in chips])),
                latency_second=chips[0]["latency_second"],
                tiles=int(chips[0]["tiles"]),
            )
        )
    return found


def best_designs(designs: Sequence[Design]) -> list[Design]:
    """Return the designs that no other beats in both, by rising energy: the Pareto front."""
    best = -math.inf
    front = []
    for design in sorted(designs, key=lambda d: (d.joule, -worth(d))):
        if worth(design) > best:
            best = worth(design)
            front.append(design)
    return front


def worth(design: Design) -> float:
    """Return a design's score, of which more is better: its negative where less is better."""
    better = find_metric(design.metric).higher_is_better
    return design.score if better else -design.score
