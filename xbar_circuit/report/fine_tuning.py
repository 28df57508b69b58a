"""The page and the summary of fine-tuning through the wires."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.network.intervals import chips_intervals
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import chips_words, share_words
from xbar_circuit.studies.network.fine_tuning import FineTuning

__all__ = ["fine_tuning_summary", "fine_tuning_table", "write_fine_tuning_page"]


def fine_tuning_summary(study: FineTuning) -> dict[str, Any]:
    """Return the study as plain data."""
    return {
        "digital_accuracy": study.digital,
        "accuracy": {way: list(values) for way, values in study.accuracy.items()},
        "mean_accuracy": {way: float(np.mean(v)) for way, v in study.accuracy.items()},
        "intervals": {way: chips_intervals(v, study.images) for way, v in study.accuracy.items()},
        "losses": list(study.losses),
        "images": study.images,
        "training_images": study.training_images,
    }


def fine_tuning_table(study: FineTuning) -> Table:
    """Return one row for each way."""
    return Table(
        columns=["network", "accuracy", "over chips", "chips, lowest to highest"],
        rows=[
            ["digital", share_words([study.digital], study.images), "", ""],
            *(
                [
                    way,
                    share_words(values, study.images),
                    chips_words(values),
                    f"{100 * min(values):.2f} to {100 * max(values):.2f} %",
                ]
                for way, values in study.accuracy.items()
            ),
        ],
    )


def write_fine_tuning_page(
    study: FineTuning, folder: Path, *, picture: Path, lead: str, footer: str
) -> Path:
    """Write ``index.html`` and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    write_page(
        folder / "index.html",
        title="Fine-tuned through the wires",
        lead=lead,
        key_numbers={
            "digital": f"{100 * study.digital:.1f} %",
            **{way: f"{100 * np.mean(v):.1f} %" for way, v in study.accuracy.items()},
        },
        sections=[
            Section(
                title="What it recovers",
                paragraphs=[
                    f"Trained for {len(study.losses)} steps on {study.training_images} images of"
                    " the training set without their labels: the teacher is the untouched network"
                    " in float32. Forward goes through the exact transfer matrices of the tiles,"
                    " the rounding of the converters and freshly drawn programming and read noise.",
                    "Wire-aware programming chooses conductances whose array has the target"
                    " matrix, and scales columns down that have no room; it needs no data."
                    f" Judged on {study.images} test images; in brackets the 95 % interval over"
                    " these.",
                ],
                figures=[Figure(path=picture, caption="A dot is a chip.")],
                tables=[fine_tuning_table(study)],
            )
        ],
        footer=footer,
    )
    return folder / "index.html"
