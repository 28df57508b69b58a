"""The pages of amplifiers and sense amplifiers: figures of merit, their spread, what failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies import AmplifierReport, SenseAmplifierReport
from xbar_circuit.units import engineering

__all__ = [
    "amplifier_rows",
    "sense_amplifier_rows",
    "spread_rows",
    "write_amplifier",
    "write_sense_amplifier",
]

Rows = list[tuple[str, str]]
_ROUNDING = 1e-9


def _unit(unit: str) -> Callable[[float], str]:
    return lambda value: engineering(value, unit)


def _percent(share: float) -> str:
    """Return a share in percent; what is rounding of the simulator is 0."""
    if abs(share) < _ROUNDING:
        return "0 %"
    return f"{100 * share:.3g} %" if abs(share) >= 1e-5 else f"{1e6 * share:.2g} ppm"


def _rejection(value: float) -> str:
    return "complete: no supply reaches the output" if value == math.inf else f"{value:.1f} dB"


_MERITS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("gain_ohm", "transimpedance", _unit("ohm")),
    ("gain_error", "gain error", _percent),
    ("offset_volt", "offset at the output", _unit("V")),
    ("virtual_ground_volt", "virtual ground, largest error", _unit("V")),
    ("input_ohm", "input resistance", _unit("ohm")),
    ("nonlinearity_volt", "nonlinearity over the pattern", _unit("V")),
    ("swing_low_volt", "output swing, lowest", lambda v: f"{v:.3f} V"),
    ("swing_high_volt", "output swing, highest", lambda v: f"{v:.3f} V"),
    ("loop_gain", "loop gain at DC", lambda v: f"{v:.4g}"),
    ("unity_loop_hertz", "loop crosses one at", _unit("Hz")),
    ("phase_margin_degree", "phase margin", lambda v: f"{v:.1f} degrees"),
    ("settling_second", "settling to half an LSB", _unit("s")),
    ("overshoot", "overshoot", lambda v: _percent(max(v, 0.0))),
    ("slew_rise_volt_per_second", "slew rate, rising", _unit("V/s")),
    ("slew_fall_volt_per_second", "slew rate, falling", _unit("V/s")),
    ("psrr_db", "rejection of the least rejected supply", _rejection),
    ("noise_volt", "noise at the output, rms", _unit("V")),
    ("noise_ampere", "noise at the input, rms", _unit("A")),
    ("supply_ampere", "supply current", _unit("A")),
    ("energy_joule", "energy in its settling window", _unit("J")),
    ("window_second", "settling window", _unit("s")),
    ("array_error", "macromodel's error where the loop is one", _percent),
)


def amplifier_rows(report: AmplifierReport) -> Rows:
    """Return the amplifier's figures of merit as (what, value)."""
    rows = [(what, _shown(write, report.merits[merit])) for merit, what, write in _MERITS]
    for found, what in zip(report.swing_found, ("lowest", "highest"), strict=True):
        if not found:
            rows = [(a, f"at least {b}" if a == f"output swing, {what}" else b) for a, b in rows]
    rows.insert(11, ("resolution of the settling", f"{report.settling_bits} bits"))
    rows += [("note", note) for note in report.notes]
    failed = [variation for variation in report.variations if variation.merits is None]
    if report.variations:
        rows.append(("variations", f"{len(report.variations)}, of these failed: {len(failed)}"))
    return rows


def spread_rows(
    report: AmplifierReport, *, condition: str | None = None
) -> list[tuple[str, str, str, str, str, str]]:
    """Return (what, nominal, mean, sigma, least, largest) over the variations, or those there."""
    rows = []
    for merit, what, write in _MERITS:
        texts = [_shown(write, value) for value in report.spread(merit, condition=condition)]
        rows.append((what, _shown(write, report.merits[merit]), *texts))
    return [(a, b, c, d, e, f) for a, b, c, d, e, f in rows]


def sense_amplifier_rows(report: SenseAmplifierReport) -> Rows:
    """Return the sense amplifier's figures of merit as (what, value)."""
    sure = 6.0 * report.offset_sigma_volt + abs(report.offset_mean_volt)
    sure += 0.5 * abs(report.hysteresis_volt)
    rows = [
        ("samples", str(report.offsets_volt.size)),
        ("offset, mean", engineering(report.offset_mean_volt, "V")),
        ("offset, sigma", engineering(report.offset_sigma_volt, "V")),
        ("resolution of the offsets", engineering(report.resolution_volt, "V")),
        ("hysteresis, threshold after noes less that after yeses", _volt(report.hysteresis_volt)),
        (
            "noise of a decision at the input, rms",
            f"{_volt(report.noise_volt)} +/- {_volt(report.nominal.noise_error_volt)}",
        ),
        ("kickback onto the input's source, largest", _volt(report.kickback_volt)),
        ("regeneration time constant", _shown(_unit("s"), report.regeneration_second)),
        ("undecided after half a period within +/-", _tiny(report.metastable_volt)),
        ("margin for one error in a billion (normal, 6 sigma)", engineering(sure, "V")),
        ("energy of a decision", engineering(report.energy_joule, "J")),
    ]
    for place in (0, len(report.decision_volt) // 2, -1):
        volt, second = float(report.decision_volt[place]), float(report.decision_second[place])
        what = f"decision time {engineering(volt, 'V')} beyond the threshold"
        rows.append((what, _shown(_unit("s"), second)))
    failures = len(report.failures) + sum(len(c.failures) for c in report.conditions)
    rows.append(("failed runs", str(failures)))
    return rows


def write_amplifier(
    report: AmplifierReport,
    folder: Path,
    *,
    picture: Path,
    spread: Path | None = None,
    footer: str = "",
) -> Path:
    """Write ``index.html`` with its figures; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    sections = [
        Section(
            title="Figures of merit",
            tables=[Table(columns=("", "value"), rows=amplifier_rows(report))],
            figures=[
                Figure(
                    path=picture,
                    caption="Transfer, common mode, loop, input with the bit line's error, step and"
                    " settling",
                )
            ],
        )
    ]
    if report.variations and spread is not None:
        columns = ("", "nominal", "mean", "sigma of the samples", "least", "largest")
        failed = [f"{v.name}: {v.failure}" for v in report.variations if v.failure]
        sections.append(
            Section(
                title="Corners, temperature and mismatch",
                paragraphs=("Sigma is that of drawn samples alone, within each condition.",),
                tables=[Table(columns=columns, rows=spread_rows(report)), *_failures(failed)],
                figures=[Figure(path=spread, caption="Every variation; dotted is nominal")],
            )
        )
        for condition in report.conditions if len(report.conditions) > 1 else ():
            rows = spread_rows(report, condition=condition)
            sections.append(Section(title=condition, tables=[Table(columns=columns, rows=rows)]))
    sections.append(_decks())
    write_page(
        page,
        title=report.name,
        lead="Measured in ngspice with a column of the array on its input.",
        key_numbers={
            "phase margin": _shown(lambda v: f"{v:.0f} degrees", report.phase_margin_degree),
            "settling": engineering(report.settling_second, "s"),
            "input resistance": engineering(report.input_ohm, "ohm"),
        },
        sections=sections,
        footer=footer,
    )
    return page


def write_sense_amplifier(
    report: SenseAmplifierReport, folder: Path, *, picture: Path, footer: str = ""
) -> Path:
    """Write ``index.html`` with its figure; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    tables = [Table(columns=("", "value"), rows=sense_amplifier_rows(report))]
    if report.conditions:
        rows = [
            (
                c.name,
                _shown(_unit("V"), c.offset_mean_volt),
                _shown(_unit("V"), c.offset_sigma_volt),
                _volt(c.hysteresis_volt),
                _shown(_unit("s"), float(c.decision_second[len(c.decision_second) // 2])),
                _shown(_unit("J"), c.energy_joule),
            )
            for c in report.conditions
        ]
        columns = ("condition", "offset", "sigma", "hysteresis", "decision time", "energy")
        tables.append(Table(columns=columns, rows=rows))
    said = [*report.failures, *(text for c in report.conditions for text in c.failures)]
    write_page(
        page,
        title=report.name,
        lead="A clocked comparator, measured in ngspice by bisection of every drawn"
        " sample, after clear noes and after clear yeses.",
        key_numbers={
            "offset sigma": engineering(report.offset_sigma_volt, "V"),
            "decision": _shown(
                _unit("s"), float(report.decision_second[len(report.decision_second) // 2])
            ),
            "energy": engineering(report.energy_joule, "J"),
        },
        sections=[
            Section(
                title="Figures of merit",
                tables=[*tables, *_failures(said)],
                figures=[
                    Figure(path=picture, caption="Offsets, decision time, errors against margin")
                ],
            ),
            _decks(),
        ],
        footer=footer,
    )
    return page


def _shown(write: Callable[[float], str], value: float) -> str:
    return write(value) if value == value else "-"  # noqa: PLR0124  NaN is not itself


def _tiny(value: float) -> str:
    return "less than 1 aV" if value < 1e-18 else _volt(value)


def _volt(value: float) -> str:
    return _shown(_unit("V"), value)


def _failures(said: Sequence[str]) -> list[Table]:
    if not said:
        return []
    return [Table(columns=("failed",), rows=[(text,) for text in said])]


def _decks() -> Section:
    return Section(
        title="Decks",
        paragraphs=("Every deck that was run is in the folder decks/ and runs with ngspice -b.",),
    )
