"""Every saved deck runs by itself in plain ``ngspice -b`` and measures what the report says."""

import re
import shutil
from pathlib import Path

import numpy as np
from plain_ngspice import run_deck

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import spice
from xbar_circuit.netlist._hand_over import standing_alone, write_deck
from xbar_circuit.peripherals import OpAmp, Sar, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.resources import device_model
from xbar_circuit.studies import (
    characterize_amplifier,
    characterize_converter,
)
from xbar_circuit.studies.readout._sense_amplifier_bench import LatchBench

_INDEXED = re.compile(r"^(\S+\[\d\])\s+=\s+(\S+)", re.MULTILINE)
_MEASURED = re.compile(r"^(\w+)\s*=\s+(\S+)", re.MULTILINE)


def by_itself(deck: Path):
    """Run it as a designer does; return what it measured."""
    done = run_deck(deck)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "no simulations run" not in said.lower()
    assert "failed" not in said.lower(), said
    return {name.lower(): float(value) for name, value in _MEASURED.findall(done.stdout)}


def test_the_amplifiers_decks_measure_the_reports_figures(tmp_path):
    opamp = OpAmp(dc_gain=2000.0, unity_hertz=1e9, slew_volt_per_second=1e9, offset_volt=2e-3)
    report = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=5e3),
        crossbar=xc.Crossbar(
            conductance=np.random.default_rng(2).uniform(10e-6, 40e-6, (4, 2)),
            wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, column_farad=1e-15),
        ),
        pattern=np.full(4, 0.1),
        common_volt=(0.4, 0.5),
        folder=tmp_path,
    )
    decks = sorted((tmp_path / "decks").glob("*.cir"))
    measured = {deck.stem: by_itself(deck) for deck in decks}
    assert {
        "transfer",
        "impedance",
        "loop-voltage",
        "loop-current",
        "step",
        "slew",
        "noise",
    } <= set(measured)
    transfer, step = measured["transfer"], measured["step"]
    assert transfer["out_at_zero"] - 0.5 == approx(report.offset_volt, rel=1e-4)
    moved = transfer["out_at_full_scale"] - transfer["out_at_zero"]
    ampere = transfer["current_at_full_scale"] - transfer["current_at_zero"]
    assert -moved / ampere == approx(report.gain_ohm, rel=1e-4)
    assert transfer["current_at_full_scale"] == approx(report.full_scale_ampere, rel=1e-4)
    edges = [value for name, value in step.items() if name.startswith("settled")]
    assert max(edges) == approx(report.settling_second, rel=0.01)
    assert transfer["gain_ohm"] == approx(report.gain_ohm, rel=1e-5)
    assert transfer["input_ohm"] == approx(report.input_ohm, rel=1e-4)
    assert measured["noise"]["onoise_total"] == approx(report.noise_volt, rel=0.01)
    for way in ("rise", "fall"):
        reported = getattr(report, f"slew_{way}_volt_per_second")
        assert measured["slew"][f"slew_{way}"] == approx(reported, rel=0.02)
    for place, offset in enumerate(report.common_offset_volt):
        out = measured["common-mode"][f"out_at_zero_{place}"]
        assert out - report.common_volt[place] == approx(offset, rel=1e-3)
    sheet = measured["sheet"]
    assert -sheet["gain_ohm"] == approx(report.gain_ohm, rel=1e-5)
    assert sheet["unity_loop_hertz"] == approx(report.unity_loop_hertz, rel=1e-3)
    assert sheet["phase_margin_degree"] == approx(report.phase_margin_degree, rel=1e-3)


def test_waveforms_are_raw_files_that_ngspice_opens(tmp_path):
    plots = spice.run(
        "two analyses\nV1 in 0 DC 0.5 AC 1\nR1 in out 1k\nR2 out 0 3k\nC1 out 0 1p",
        spice.Dc(source="V1", start=0.0, stop=1.0, step=0.25),
        spice.Ac(start_hertz=1e8, stop_hertz=1e9, points=5),
        vectors=["v(out)", "i(v1)"],
    )
    spice.write_raw(tmp_path / "both.raw", list(plots), title="a sweep\nand a response")
    script = """open it
V9 q 0 1
R9 q 0 1
.control
load both.raw
setplot dc1
print v(out)[3] i(v1)[3]
setplot ac1
print real(v(out))[5] imag(v(out))[5]
op
.endc
.end
"""
    (tmp_path / "open.cir").write_text(script)
    done = run_deck(tmp_path / "open.cir")
    assert done.returncode == 0, done.stdout + done.stderr
    read = {name: float(value) for name, value in _INDEXED.findall(done.stdout)}
    dc, ac = plots
    assert read["v(out)[3]"] == approx(dc["v(out)"][3], rel=1e-5)
    assert read["i(v1)[3]"] == approx(dc["i(v1)"][3], rel=1e-5)
    assert read["real(v(out))[5]"] == approx(ac["v(out)"][5].real, rel=1e-5)
    assert read["imag(v(out))[5]"] == approx(ac["v(out)"][5].imag, rel=1e-5)


def test_a_deck_brings_its_verilog_a_model_its_seed_and_its_dialect(tmp_path):
    (tmp_path / "kit of mine").mkdir()
    source = tmp_path / "kit of mine" / "leak.va"
    source.write_text(
        '`include "disciplines.vams"\nmodule leak(p, n);\ninout p, n;\nelectrical p, n;\n'
        "parameter real ohm = 1000.0;\nanalog I(p, n) <+ V(p, n) / ohm;\nendmodule\n"
    )
    (tmp_path / "own.sp").write_text(
        ".param shift=agauss(0,100,1)\n.model mine leak ohm=2000\n"
        ".subckt own in vdd\nN1 vdd in mine\nR1 in 0 {1k+shift}\n.ends\n"
    )
    own = Subcircuit(
        tmp_path / "own.sp", "own", ports={"in": "in"}, supplies={"vdd": 1.0},
        osdi=source, seed=5, compatibility="hsa",
    )  # fmt: skip
    lines = [*own.include_lines(), *own.instance_lines("a", {"in": "q"})]
    deck = "\n".join(["three needs", *lines, "V1 sweep 0 0"])
    sweep = spice.Dc(source="V1", start=0.0, stop=1.0, step=1.0)
    settings = run_settings([own])
    expected = spice.run(deck, sweep, **settings)[0]["v(q)"][0]
    usual = spice.run(deck, sweep, **run_settings([own.varied(seed=1)]))[0]["v(q)"][0]
    assert expected != approx(usual, rel=1e-3)
    path = tmp_path / "results" / "deck.cir"
    cards = ["q FIND v(q) AT=1"]
    write_deck(path, standing_alone(deck, sweep.command, measures=cards, settings=settings))
    assert by_itself(path)["q"] == approx(expected, rel=1e-5)
    assert "ngbehavior=hsa" in (path.parent / ".spiceinit").read_text()


def test_the_latchs_decks_measure_its_thresholds(tmp_path):
    latch = Subcircuit(
        device_model("strongarm.lib"),
        "strongarm",
        ports=("plus", "minus", "clock", "out", "outb"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    bench = LatchBench(
        comparator=latch, clock="decides low", common_volt=0.3, clock_second=2e-9, celsius=27.0
    )
    settings = {"range_volt": 0.02, "steps": 5}
    shifts = {"dvt1": np.array([3e-3, -6e-3])}
    thresholds = bench.thresholds(shifts, count=2, **settings)
    seconds = bench.times((0.0, 0.0), np.array([1e-3, 1e-2]))
    kickback, _ = bench.disturbance(input_volt=0.02, source_ohm=1e3, source_farad=0.0)
    deck, analysis = bench.bisection(shifts, count=2, **settings)
    cards = bench.bisection_cards(2, settings["steps"])
    write_deck(tmp_path / "latch.cir", standing_alone(deck, analysis.command, measures=cards))
    measured = by_itself(tmp_path / "latch.cir")
    for values, history in zip(thresholds, ("no", "yes"), strict=True):
        for k, volt in enumerate(values):
            assert abs(measured[f"threshold_after_{history}_{k}"] - volt) <= 1.01 * 0.02 / 2**5
    for label, kept in bench.kept.items():
        write_deck(tmp_path / f"{label}.cir", kept)
    ends = by_itself(tmp_path / "decision-times.cir")
    reported = [ends[f"decision_second_{k}"] for k in range(4)]
    assert np.maximum(reported[:2], reported[2:]) == approx(seconds, rel=1e-4)
    found = by_itself(tmp_path / "kickback.cir")
    # 0.3 V of common mode and the input of 20 mV
    most = max(found["highest"] - 0.32, 0.28 - found["lowest"])
    assert most == approx(kickback, rel=0.05)


def test_a_converters_deck_measures_its_codes(tmp_path):
    characterize_converter(Sar(bits=2), engine="spice", folder=tmp_path)
    deck = next(tmp_path.glob("*.cir"))
    codes = by_itself(deck)
    assert codes
    assert all(abs(code - round(code)) < 1e-6 for code in codes.values())
    assert {round(code) for code in codes.values()} <= {0, 1, 2, 3}


KIT = """* a kit's corners
* Copyright of its makers, who ask to be named
.lib slow
.include "$KIT_HOME/cards/slow.inc"
.include nowhere-{}.inc
.endl
.lib usual
.include "cards/usual.inc"
.include 'cards/shared.inc'
.endl
"""


def kit(home, missing):
    """A library with sections and files of its own; one section is broken."""
    (home / "cards").mkdir(parents=True)
    (home / "kit one.lib").write_text(KIT.format(missing))
    (home / "cards" / "usual.inc").write_text("* Copyright of another\n.param sheet=2k\n")
    (home / "cards" / "shared.inc").write_text(
        "* Copyright of another\n.subckt r a b ; the resistor\nR1 a b {sheet}\n.ends\n"
    )


def test_a_folder_runs_where_the_kit_is_not(tmp_path):
    """Decks of one folder share the copies; two libraries of one name keep apart."""
    kit(tmp_path / "kit", "a")
    kit(tmp_path / "other", "b")
    (tmp_path / "other" / "cards" / "usual.inc").write_text(".param sheet=3k\n")
    home = tmp_path / "results" / "decks"
    found = {}
    for name, place in (("one", "kit"), ("again", "kit"), ("two", "other")):
        library = tmp_path / place / "kit one.lib"
        deck = f'divider\n.lib "{library}" usual\nV1 a 0 1\nX1 a b r\nR2 b 0 1k\n'
        cards = ["part FIND v(b) AT=1"]
        xc.netlist.write_deck(
            home / f"{name}.cir", standing_alone(deck, "dc v1 0 1 0.5", measures=cards)
        )
        found[name] = xc.spice.run(deck, spice.Dc(source="V1", start=0.0, stop=1.0, step=0.5))
        assert str(tmp_path) not in (home / f"{name}.cir").read_text()
    copies = sorted((home / "models").iterdir())
    assert [path.name for path in copies] == ["kit_one_usual-2.lib", "kit_one_usual.lib"]
    text = copies[1].read_text()
    assert text.count("Copyright of another") == text.count("Copyright of its makers") == 1
    assert str(tmp_path) not in text
    for place in ("kit", "other"):
        shutil.rmtree(tmp_path / place)
    (tmp_path / "a colleague's").mkdir()
    shutil.move(home, tmp_path / "a colleague's" / "folder")
    for name, answer in found.items():
        measured = by_itself(tmp_path / "a colleague's" / "folder" / f"{name}.cir")
        assert measured["part"] == approx(answer[0]["v(b)"][-1], rel=1e-6)
    assert found["two"][0]["v(b)"][-1] == approx(0.25, rel=1e-9)


def test_an_amplifiers_folder_runs_where_its_files_are_not(tmp_path):
    """Of transistors, with a library, a circuit file and the deck's own macro-models."""
    source = tmp_path / "mine"
    source.mkdir()
    for name in ("two_stage_opamp.lib", "cmos45.lib"):
        shutil.copy(device_model(name), source / name)
    opamp = Subcircuit(
        source / "two_stage_opamp.lib",
        "two_stage_opamp",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=source / "cmos45.lib",
    )
    report = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=5e3, reference_volt=0.5),
        crossbar=xc.Crossbar(
            conductance=np.full((2, 1), 20e-6), wires=xc.Wires(row_ohm=1.0, column_ohm=1.0)
        ),
        pattern=np.full(2, 0.1),
        folder=tmp_path / "out",
    )
    source.rename(tmp_path / "elsewhere")
    shutil.move(tmp_path / "out" / "decks", tmp_path / "handed over")
    for path in (tmp_path / "handed over").rglob("*"):
        assert not path.is_file() or path.suffix == ".raw" or str(tmp_path) not in path.read_text()
    measured = by_itself(tmp_path / "handed over" / "sheet.cir")
    assert -measured["gain_ohm"] == approx(report.gain_ohm, rel=1e-4)
    assert measured["phase_margin_degree"] == approx(report.phase_margin_degree, rel=1e-3)
    step = by_itself(tmp_path / "handed over" / "step.cir")
    settled = max(value for name, value in step.items() if name.startswith("settled"))
    assert settled == approx(report.settling_second, rel=0.02)


def test_an_array_of_own_cells_is_handed_over_whole(tmp_path):
    """Its Verilog-A source with what that includes, compiled and as text, and its SPICE files."""
    source = tmp_path / "cell"
    source.mkdir()
    (source / "size.inc").write_text("`define SIZE 2.0\n")
    (source / "leak.va").write_text(
        '`include "disciplines.vams"\n`include "size.inc"\nmodule leak(p, n);\ninout p, n;\n'
        'electrical p, n;\n(* type="instance" *) parameter real g = 1e-6;\n'
        "analog I(p, n) <+ `SIZE * g * V(p, n);\nendmodule\n"
    )
    cell = xc.cells.VerilogACell(
        path=source / "leak.va", module="leak", row="p", column="n", state="g"
    )
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    xbar = xc.Crossbar(conductance=np.full((2, 2), 1e-5), wires=wires, cell=cell)
    expected = xc.spice.read(xbar, [0.2, 0.1]).column_current[0]
    xc.netlist.write_deck(tmp_path / "read" / "array.cir", xc.netlist.deck(xbar, [0.2, 0.1]))
    for language in ("spectre", "hspice", "vacask"):
        text = xc.tile.export_array(xbar, language=language)
        xc.netlist.write_deck(tmp_path / language / "array.txt", text)
        assert (tmp_path / language / "models" / "size.inc").is_file()
        assert "models/leak.va" in (tmp_path / language / "array.txt").read_text()
        assert str(tmp_path) not in (tmp_path / language / "array.txt").read_text()
    shutil.rmtree(source)
    shutil.move(tmp_path / "read", tmp_path / "moved")
    done = run_deck(tmp_path / "moved" / "array.cir")
    assert done.returncode == 0, done.stdout + done.stderr
    row = next(line.split() for line in done.stdout.splitlines() if re.match(r"0\s+\d", line))
    assert [float(value) for value in row[2:]] == approx(list(expected), rel=1e-9)


def test_the_dialect_and_seed_of_own_cells_go_along(tmp_path):
    (tmp_path / "own.sp").write_text(
        ".param shift=agauss(0,100,1)\n.subckt own a b g=1\nR1 a b {1k+shift}\n.ends\n"
    )
    circuit = Subcircuit(
        tmp_path / "own.sp", "own", ports={"row": "a", "column": "b"}, seed=5, compatibility="hsa"
    )
    cell = xc.cells.SubcircuitCell(circuit=circuit, state="g")
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    xbar = xc.Crossbar(conductance=[[1.0]], wires=wires, cell=cell)
    expected = xc.spice.read(xbar, [0.2]).column_current[0]
    xc.netlist.write_deck(tmp_path / "out" / "array.cir", xc.netlist.deck(xbar, [0.2]))
    assert "ngbehavior=hsa" in (tmp_path / "out" / ".spiceinit").read_text()
    done = run_deck(tmp_path / "out" / "array.cir")
    row = next(line.split() for line in done.stdout.splitlines() if re.match(r"0\s+\d", line))
    assert float(row[2]) == approx(expected[0], rel=1e-9)
    assert float(row[2]) != approx(0.2 / 1003.0, rel=1e-3)
