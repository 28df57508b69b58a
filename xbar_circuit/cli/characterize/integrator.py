"""``xbar characterize integrator``: a charge integrator on its column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import Out, ReferenceVolt, Rows, draws, takes
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._conditions import Conditions, footer_of
from xbar_circuit.cli.characterize._honoured import refuse_unused
from xbar_circuit.cli.characterize._options import CONDITIONS, OWN_CIRCUIT, tell
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.peripherals import ChargeIntegrator, OpAmp, Subcircuit
from xbar_circuit.plots.periphery import draw_integrator
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.sheet import sheet_rows, sheet_sections
from xbar_circuit.studies.readout.integrator import characterize_integrator
from xbar_circuit.units import engineering
from xbar_circuit.wires import Wires

__all__ = ["integrator"]


@draws()
@resumes
@takes(OWN_CIRCUIT, CONDITIONS)
def integrator(
    context: typer.Context,
    *,
    out: Out = Path("out/characterize/integrator"),
    rows: Rows = 64,
    farad: Annotated[float, typer.Option(help="Integrating capacitor [F].")] = 8e-12,
    window_second: Annotated[float, typer.Option(help="Integration time [s].")] = 50e-9,
    reference_volt: ReferenceVolt = 0.5,
    own: Callable[[], Subcircuit | None],
    conditions: Callable[[], Conditions],
) -> None:
    """Measure a charge integrator: gain, offset, nonlinearity, swing, energy of a read."""
    asked = conditions()
    refuse_unused(context, samples=asked.samples, kit_samples=asked.kit_samples)
    mine = own()
    amplifier = ChargeIntegrator(
        opamp=OpAmp(dc_gain=2000.0, unity_hertz=2e9) if mine is None else mine,
        farad=farad,
        window_second=window_second,
        reference_volt=reference_volt,
    )
    rng = np.random.default_rng(asked.seed)
    crossbar = Crossbar(
        conductance=rng.uniform(1e-6, 20e-6, (rows, 1)), wires=Wires(row_ohm=1.0, column_ohm=1.0)
    )
    # half of the output's swing at full scale, so that the overdrive meets its ends
    volt = 0.2 * farad / window_second / crossbar.conductance.sum()
    console = SafeConsole()
    with SafeConsole(stderr=True).status("integrating"):
        report = characterize_integrator(
            amplifier,
            crossbar=crossbar,
            pattern=np.full(rows, volt),
            celsius=asked.celsius,
            corners=asked.corners,
            supplies=asked.supplies,
            mismatch=asked.mismatch("integrator", mine) if asked.samples > 1 else None,
            samples=asked.samples,
            kit_samples=asked.kit_samples,
            rng=rng,
            workers=asked.workers,
            folder=out,
        )
    table = [
        ("gain", f"{report.gain_ohm:.5g} ohm ({100 * report.gain_error:+.3g} %)"),
        ("offset", engineering(report.offset_volt, "V")),
        ("nonlinearity", engineering(report.nonlinearity_volt, "V")),
        ("swing", f"{report.swing_low_volt:.3g} V to {report.swing_high_volt:.3g} V"),
        ("energy of a read", engineering(report.energy_joule, "J")),
    ]
    table += [
        (f"{what}, least to largest", f"{least} to {largest}")
        for what, _, _, _, least, largest in sheet_rows(report.merits, report.variations)
        if report.variations
    ]
    table += [("failed", f"{v.name}: {v.failure}") for v in report.variations if v.failure]
    footer = footer_of(asked, mine)
    picture = out / "characterize.png"
    draw_integrator(report, picture)
    caption = "Held output over the column's current, and its distance from a line"
    page = out / "index.html"
    write_page(
        page,
        title=report.name,
        lead=f"On a column of {rows} rows, in ngspice.",
        key_numbers=dict(table[:1]),
        sections=[
            Section(
                title="Figures of merit",
                tables=[Table(columns=("", "value"), rows=table)],
                figures=[Figure(path=picture, caption=caption)],
            ),
            *sheet_sections(report.merits, report.variations),
        ],
        footer=footer,
    )
    write_json(out / "summary.json", report.to_dict() | {"provenance": footer})
    tell(console, report.name, table, page)
