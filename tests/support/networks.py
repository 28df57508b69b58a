"""Networks that others made, each against its own runtime: a table of what is imported.

``python tests/support/networks.py --out out/networks`` (or ``make networks``, which installs the
packages first) runs each of `networks_of_others` here and in torch or onnxruntime on the same
random inputs, and prints the largest difference in full scale: of the reference's largest
magnitude, or 1 where all of its outputs are probabilities. What is refused stands there with the
reason. It writes ``networks.json``, and ``networks.md`` for the documentation, and exits with 1 if
a network differs by more than 1e-5 of full scale. Seconds are CPU seconds of one run, the best of
two or, of short ones, of more, each on one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from networks_of_others import Other, digits, light, modules, packaged

from xbar_circuit.network.census import take_census

CLOSE = 1e-5
PLACES = ("tiles", "digital", "reference")
COLUMNS = (
    *("network", "source", "runtime", "difference", "weights", "operators", "on tiles"),
    *("CPU ms here", "in its runtime"),
)

Row = dict[str, Any]


def row(other: Other) -> Row:
    """Return what became of one network."""
    origin: Row = {"network": other.name, "source": other.source, "runtime": other.runtime}
    try:
        found = other.compare()
    except Exception as problem:  # noqa: BLE001  whatever it is stands in the table
        return origin | {"refused": str(problem).split("\n")[0][:300]}
    census = take_census(found.network)
    counts = {
        place: sum(one.count for one in census.rows if one.place == place) for place in PLACES
    }
    return origin | {
        "difference": found.difference,
        "weights": census.weights,
        "macs": census.macs,
        "tile_share": census.tile_share,
        "batches": census.stacks,
        "operators": counts,
        "by_reference": sorted({one.kind for one in census.rows if one.place == "reference"}),
        "run_second": found.own_second,
        "reference_second": found.reference_second,
    }


def verdict(rows: Sequence[Row]) -> str:
    """Return how many are equal, differ, and are refused."""
    refused = sum("refused" in one for one in rows)
    equal = sum(one.get("difference", 1.0) <= CLOSE for one in rows)
    return (
        f"{equal} of {len(rows)} are equal to their own runtime within {CLOSE:g} of full scale,"
        f" {len(rows) - equal - refused} differ by more, {refused} are refused"
    )


def page(rows: Sequence[Row]) -> str:
    """Return the documentation's page, in Markdown."""
    ran = [one for one in rows if "refused" not in one]
    refused = [one for one in rows if "refused" in one]
    lines = [
        "# Networks of others",
        "",
        "Two networks for digits (random weights), and networks of PyPI packages, of the ONNX"
        " project's test data (random weights in place of its constants) and of torchvision"
        " (random weights), run digitally here and in their own"
        " runtime on the same random inputs. This page was written by `make networks`:"
        f" {verdict(rows)}.",
        "",
        "The difference is the largest of all outputs, relative to the reference's largest"
        " magnitude, or to 1 where all outputs are probabilities. Operators are counted as"
        " those on tiles + digital ones + those that ONNX's reference implementation computes,"
        ' whose types are named. "On tiles" is the share of multiply-accumulates that tiles can'
        " take. Seconds are CPU time on one thread, the best of some runs.",
        "",
        _line(COLUMNS),
        _line(["---"] * len(COLUMNS)),
    ]
    for one in ran:
        kinds = f" ({', '.join(one['by_reference'])})" if one["by_reference"] else ""
        lines.append(
            _line(
                [
                    one["network"],
                    one["source"],
                    one["runtime"],
                    f"{one['difference']:.1e}",
                    f"{one['weights']:,}",
                    " + ".join(str(one["operators"][place]) for place in PLACES) + kinds,
                    f"{100 * one['tile_share']:.1f} %",
                    f"{1e3 * one['run_second']:.1f}",
                    f"{1e3 * one['reference_second']:.1f}",
                ]
            )
        )
    if refused:
        lines += ["", "## Refused", "", _line(("network", "source", "why")), _line(["---"] * 3)]
        lines += [_line((one["network"], one["source"], one["refused"])) for one in refused]
    return "\n".join([*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Print the table and write it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out/networks"))
    parser.add_argument("--only", default="", help="names that contain this")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for other in chain(digits(), packaged(np.random.default_rng(0)), light(), modules()):
        if asked.only not in other.name:
            continue
        found = row(other)
        rows.append(found)
        if "refused" in found:
            print(f"{other.name:32} refused: {found['refused']}", flush=True)
            continue
        print(
            f"{other.name:32} {found['difference']:8.1e} {found['weights']:12,} weights"
            f" {100 * found['tile_share']:6.1f} % on tiles"
            f"  {1e3 * found['run_second']:8.1f} ms, {1e3 * found['reference_second']:8.1f} ms",
            flush=True,
        )
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "networks.json").write_text(json.dumps(rows, indent=1))
    (asked.out / "networks.md").write_text(page(rows))
    print(verdict(rows))
    return int(any(one.get("difference", 0.0) > CLOSE for one in rows))


if __name__ == "__main__":
    sys.exit(main())
