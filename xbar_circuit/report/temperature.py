"""The page of a network over temperature."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import chips_words, share_words
from xbar_circuit.report.hardware import accelerator_words
from xbar_circuit.studies.network.chips import CORRECTIONS
from xbar_circuit.studies.network.temperature import TemperatureCurve
from xbar_circuit.units import duration

__all__ = ["temperature_rows", "write_temperature_page"]


def temperature_rows(curve: TemperatureCurve) -> tuple[list[str], list[list[str]]]:
    """Return the columns and the rows of the table of accuracies."""
    rows = []
    for k, degree in enumerate(curve.celsius):
        cells = []
        for kind in CORRECTIONS:
            chips = curve.accuracy[kind][:, k].tolist()
            cells += [share_words(chips, curve.images), chips_words(chips)]
        rows.append([f"{degree:g} C", *cells])
    columns = [name for words in CORRECTIONS.values() for name in (words, "over chips")]
    return ["temperature", *columns], rows


def write_temperature_page(curve: TemperatureCurve, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` next to the figure and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    columns, rows = temperature_rows(curve)
    age = duration(curve.settings.seconds[-1])
    kept = (
        "kept at the temperature of the read since then"
        if curve.stored_warm
        else "kept at that temperature, and warmed or cooled just before the read"
    )
    path = folder / "index.html"
    write_page(
        path,
        title="A network over temperature",
        lead=f"{curve.network_name} on {curve.data_name}: programmed at"
        f" {curve.programmed_celsius:g} degrees, {age} old, used at others.",
        key_numbers={
            "digital": f"{100 * curve.digital_accuracy:.2f} %",
            **{
                f"heat costs, {words}": f"{100 * curve.lost(kind):.2f} points"
                for kind, words in CORRECTIONS.items()
            },
        },
        sections=[
            Section(
                title="Accuracy",
                paragraphs=[
                    f"{curve.settings.seeds} chips, {curve.images:,} images; mean with its 95 %"
                    " interval over the images, and over the chips. Devices were programmed and"
                    f" all ranges set at {curve.programmed_celsius:g} degrees; the chips were"
                    f" {kept}.",
                    "Without correction the digital side keeps the scale and offset of the codes"
                    " from programming time. One factor per array follows from the array's response"
                    " to known inputs, at programming time and now.",
                    "Boybat et al., IEDM 2021, characterised ten thousand devices and report that"
                    " a simple array-level scaling prevents any significant loss of accuracy of"
                    " three networks. Here the devices' activation energies are those of the"
                    " compact cell, 0.21 eV near RESET to 0.10 eV near SET, with a spread.",
                ],
                tables=[Table(columns=columns, rows=rows)],
                figures=[Figure(path=folder / "temperature.png", caption="Accuracy over heat.")],
            ),
            Section(title="Tiles", paragraphs=accelerator_words(curve.settings.accelerator)),
        ],
        footer=footer,
    )
    return path
