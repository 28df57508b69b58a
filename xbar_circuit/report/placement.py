"""The page of a search for a placement."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import chips_words, share_words
from xbar_circuit.report.hardware import accelerator_words
from xbar_circuit.studies.network.placement import LayerPlacement, PlacementReport
from xbar_circuit.units import duration, engineering

__all__ = ["PLACEMENT_COLUMNS", "placement_rows", "write_placement_page"]

PLACEMENT_COLUMNS = (
    *("digital layers", "accuracy", "over chips"),
    *("energy", "latency", "next image", "tiles"),
)


def placement_rows(found: PlacementReport) -> list[tuple[str, ...]]:
    """Return the lines of the table: nothing, each layer alone, the path, the choice, all."""
    n = found.images
    rows = [_cells("none", found.analog, n)]
    rows += [_cells(f"{name} alone", one, n) for name, one in found.alone.items()]
    rows += [_cells(_names(one), one, n) for one in found.path[1:] if len(one.digital) > 1]
    rows.append(_cells(f"chosen: {_names(found.chosen)}", found.chosen, n))
    rows.append(_cells("all", found.everything, n))
    return rows


def _names(one: LayerPlacement) -> str:
    return ", ".join(one.digital) or "none"


def _cells(name: str, one: LayerPlacement, images: int) -> tuple[str, ...]:
    return (
        name,
        share_words(one.by_seed, images),
        chips_words(one.by_seed),
        engineering(one.cost.total_joule, "J"),
        engineering(one.cost.latency_second, "s"),
        engineering(one.cost.interval_second, "s"),
        str(one.cost.tiles),
    )


def write_placement_page(found: PlacementReport, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` next to the figure and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    width = "float32" if found.bits is None else f"{found.bits}-bit integers"
    price = found.chosen.cost.total_joule / found.analog.cost.total_joule
    path = folder / "index.html"
    write_page(
        path,
        title="Which layers to keep digital",
        lead=f"{found.network_name} on {found.data_name}: {100 * found.wanted:.2f} % required"
        f" {duration(found.settings.seconds[-1])} after programming.",
        key_numbers={
            "digital": f"{100 * found.digital_accuracy:.2f} %",
            "all on tiles": f"{100 * found.analog.accuracy:.2f} %",
            "chosen": f"{100 * found.chosen.accuracy:.2f} %",
            "digital layers": _names(found.chosen),
            "energy of the choice, all on tiles = 1": f"{price:.2f}",
        },
        sections=[
            Section(
                title="Placements",
                paragraphs=[
                    f"{found.tried} placements, each measured on {found.images:,} images and"
                    f" {found.settings.seeds} {'chip' if found.settings.seeds == 1 else 'chips'},"
                    f" with the same seeds. Digital layers compute in {width} on the digital unit"
                    " of the accelerator and read every weight from its buffer for every product.",
                    "The search is greedy: the layer that gains most accuracy for its energy"
                    " becomes digital first; once the accuracy is reached, each is tried on the"
                    " tiles again. Of all placements that reach it, the one with the least energy"
                    " is chosen.",
                    f"Energy and time: {found.chosen.cost.periphery.name}.",
                ],
                tables=[Table(columns=PLACEMENT_COLUMNS, rows=placement_rows(found))],
                figures=[Figure(path=folder / "placement.png", caption="Accuracy over energy.")],
            ),
            Section(title="Tiles", paragraphs=accelerator_words(found.settings.accelerator)),
            Section(title="Assumptions", paragraphs=list(found.chosen.cost.assumptions)),
        ],
        footer=footer,
    )
    return path
