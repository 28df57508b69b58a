"""The pages of the periphery's bench: figures of merit, and the numbers of others beside them."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies import MURMANN_SURVEY, AmplifierReport, ConverterReport
from xbar_circuit.units import engineering

__all__ = ["amplifier_rows", "converter_rows", "write_amplifier", "write_converter"]

Rows = list[tuple[str, str]]


def converter_rows(report: ConverterReport) -> Rows:
    """Return the converter's figures of merit as (what, value)."""
    missing = ", ".join(map(str, report.missing_codes[:8])) or "none"
    return [
        ("largest INL", f"{report.worst_inl_lsb:.3g} LSB"),
        ("largest DNL", f"{report.worst_dnl_lsb:.3g} LSB"),
        ("missing codes", missing + (" ..." if len(report.missing_codes) > 8 else "")),
        ("monotonic", "yes" if report.monotonic else "no"),
        ("offset", f"{report.offset_lsb:.3g} LSB"),
        ("gain error", f"{100 * report.gain_error:.3g} %"),
        ("noise, rms at the input", f"{report.noise_lsb:.3g} LSB"),
        ("SINAD", f"{report.sinad_db:.2f} dB"),
        ("ENOB", f"{report.enob:.2f} bit"),
        ("SFDR", f"{report.sfdr_db:.1f} dB"),
        ("conversion time", engineering(report.conversion_second, "s")),
        ("energy of a conversion (model)", engineering(report.energy_joule, "J")),
        ("Walden figure of merit", engineering(report.walden_joule, "J/step")),
        ("servo and code density differ by", f"{report.methods_differ_lsb:.2g} LSB at most"),
    ]


def amplifier_rows(report: AmplifierReport) -> Rows:
    """Return the amplifier's figures of merit as (what, value)."""
    return [
        ("transimpedance", engineering(report.gain_ohm, "ohm")),
        ("gain error", f"{100 * report.gain_error:.3g} %"),
        ("offset at the output", engineering(report.offset_volt, "V")),
        ("virtual ground, largest error", engineering(report.virtual_ground_volt, "V")),
        ("input resistance", engineering(report.input_ohm, "ohm")),
        ("nonlinearity over the pattern", engineering(report.nonlinearity_volt, "V")),
        ("output swing", f"{report.swing_low_volt:.3f} V to {report.swing_high_volt:.3f} V"),
        ("loop gain at DC", f"{report.loop_gain:.4g}"),
        ("loop crosses one at", engineering(report.unity_loop_hertz, "Hz")),
        ("phase margin", f"{report.phase_margin_degree:.1f} degrees"),
        (
            f"settling to half an LSB of {report.settling_bits} bits",
            engineering(report.settling_second, "s"),
        ),
        ("overshoot", f"{100 * max(report.overshoot, 0.0):.2g} %"),
        ("slew rate", engineering(report.slew_volt_per_second, "V/s")),
        ("noise at the output, rms", engineering(report.noise_volt, "V")),
        ("noise at the input, rms", engineering(report.noise_ampere, "A")),
        ("supply current", engineering(report.supply_ampere, "A")),
        ("energy in its settling window", engineering(report.energy_joule, "J")),
    ]


def write_converter(
    report: ConverterReport, folder: Path, *, picture: Path, footer: str = ""
) -> Path:
    """Write ``characterize.html`` with its figure; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    survey = [
        (
            name,
            engineering(MURMANN_SURVEY["energy_joule"][name], "J"),
            engineering(MURMANN_SURVEY["walden_joule"][name], "J/step"),
        )
        for name in MURMANN_SURVEY["energy_joule"]
    ]
    own = (
        "this converter (model)",
        engineering(report.energy_joule, "J"),
        engineering(report.walden_joule, "J/step"),
    )
    page = folder / "characterize.html"
    write_page(
        page,
        title=report.name,
        lead=f"Measured by the converter's bench, engine: {report.engine}.",
        key_numbers={
            "ENOB": f"{report.enob:.2f} bit",
            "largest INL": f"{report.worst_inl_lsb:.2g} LSB",
            "conversion": engineering(report.conversion_second, "s"),
        },
        sections=[
            Section(
                title="Figures of merit",
                tables=[Table(columns=("", "value"), rows=converter_rows(report))],
                figures=[
                    Figure(path=picture, caption="Integral and differential nonlinearity; spectrum")
                ],
            ),
            Section(
                title="Beside published converters",
                paragraphs=(
                    "B. Murmann's ADC survey, 6.5 to 8.5 effective bits at 0.5 to 2 GS/s, n = 23.",
                ),
                tables=[
                    Table(columns=("", "energy", "Walden figure of merit"), rows=[own, *survey])
                ],
            ),
        ],
        footer=footer,
    )
    return page


def write_amplifier(
    report: AmplifierReport, folder: Path, *, picture: Path, footer: str = ""
) -> Path:
    """Write ``characterize.html`` with its figure; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "characterize.html"
    write_page(
        page,
        title=report.name,
        lead="Measured in ngspice with a column of the array on its input.",
        key_numbers={
            "phase margin": f"{report.phase_margin_degree:.0f} degrees",
            "settling": engineering(report.settling_second, "s"),
            "input resistance": engineering(report.input_ohm, "ohm"),
        },
        sections=[
            Section(
                title="Figures of merit",
                tables=[Table(columns=("", "value"), rows=amplifier_rows(report))],
                figures=[Figure(path=picture, caption="Transfer, loop, input and step")],
            )
        ],
        footer=footer,
    )
    return page
