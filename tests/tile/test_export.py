"""An exported array in a testbench of one's own gives what the fast engine gives."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import calibration
from xbar_circuit.cells import MemoryTransistor, OneS1R, OneT1R, SubcircuitCell, VerilogACell
from xbar_circuit.cells.tabulated import cell_run_settings
from xbar_circuit.cli import main
from xbar_circuit.devices import IvTable, PcmCell, Sinh
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.resources import device_model
from xbar_circuit.tile import EXPORT_BODIES, EXPORT_FORMATS, export_array
from xbar_circuit.vacask._raw_file import read_raw
from xbar_circuit.vacask.locating import locate
from xbar_circuit.verilog_a import compile_cached

VOLTS = np.array([0.1, -0.05, 0.2, 0.15])


def crossbar(**changes):
    settings = {
        "conductance": np.random.default_rng(3).uniform(1e-6, 50e-6, (4, 3)),
        "wires": xc.Wires(row_ohm=10.0, column_ohm=20.0, column_farad=1e-15, row_farad=2e-15),
        "terminals": xc.Terminals(left_ohm=0.0, bottom_ohm=30.0),
    }
    return xc.Crossbar(**(settings | changes))


def testbench(source, ammeter):
    ports = [f"left_{i}" for i in range(4)] + [f"bottom_{j}" for j in range(3)]
    lines = [source(i, volt) for i, volt in enumerate(VOLTS.tolist())]
    return ports, [*lines, *(ammeter(j) for j in range(3))]


testbench.__test__ = False


@pytest.mark.parametrize("body", EXPORT_BODIES)
@pytest.mark.parametrize("language", ["ngspice", "hspice", "xyce"])
def test_ngspice_reads_it(language, body):
    xbar = crossbar()
    text = export_array(xbar, name="mine", language=language, body=body)
    ports, lines = testbench(
        # drivers of 100 ohm: the rows are not held
        lambda i, volt: f"Vin{i} in{i} 0 {volt!r}\nRin{i} in{i} left_{i} 100",
        lambda j: f"Vs{j} bottom_{j} 0 0",
    )
    deck = "\n".join(
        [
            "own testbench",
            ".options reltol=1e-9 gmin=1e-18",
            text,
            *lines,
            f"Xarray {' '.join(ports)} mine",
        ]
    )
    answer = xc.spice.run(deck, xc.spice.Op(), compatibility="hsa" if language == "hspice" else "")
    driven = crossbar(terminals=xc.Terminals(left_ohm=100.0, bottom_ohm=30.0))
    expected = xc.nodal.read(driven, VOLTS).column_current[0]
    found = [answer[f"i(vs{j})"][0] for j in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def in_vacask(text, folder, *modules):
    ports, lines = testbench(
        lambda i, volt: f"vin{i} (left_{i} 0) vsource dc={volt!r}",
        lambda j: f"vs{j} (bottom_{j} 0) vsource dc=0",
    )
    deck = "\n".join(
        [
            "own testbench",
            'load "resistor.osdi"',
            'load "capacitor.osdi"',
            *(f'load "{module}"' for module in modules),
            "model resistor resistor",
            "model capacitor capacitor",
            "model vsource vsource",
            "ground 0",
            text,
            *lines,
            f"xarray ({' '.join(ports)}) mine",
            "control",
            "options reltol=1e-9 abstol=1e-16 vntol=1e-13 gmin=0",
            "analysis op1 op",
            "endc",
        ]
    )
    (folder / "deck.sim").write_text(deck + "\n")
    done = subprocess.run(
        [str(locate().program), "deck.sim"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    point = read_raw(folder / "op1.raw")
    return [point[f"vs{j}:flow(br)"][0] for j in range(3)]


@pytest.mark.parametrize("body", EXPORT_BODIES)
def test_vacask_reads_it(body, tmp_path):
    text = export_array(crossbar(), name="mine", language="vacask", body=body)
    expected = xc.nodal.read(crossbar(), VOLTS).column_current[0]
    np.testing.assert_allclose(in_vacask(text, tmp_path), expected, rtol=1e-9)


def test_the_macromodel_keeps_the_capacitance():
    responses = []
    for body in EXPORT_BODIES:
        text = export_array(crossbar(), name="mine", body=body)
        ports, lines = testbench(
            lambda i, volt: f"Vin{i} in{i} 0 0\nRin{i} in{i} left_{i} 100",
            lambda j: f"Vs{j} bottom_{j} 0 DC 0 AC {int(j == 1)}",
        )
        deck = "\n".join(["own testbench", text, *lines, f"Xarray {' '.join(ports)} mine"])
        ac = xc.spice.Ac(start_hertz=1e9, stop_hertz=1e9, points=1, spacing="lin")
        responses.append(xc.spice.run(deck, ac)[0]["i(vs1)"][0])
    assert abs(responses[1] / responses[0] - 1.0) < 1e-3
    assert responses[0].imag != 0.0


def test_spectre_names_models_and_parameters():
    text = export_array(crossbar(), name="mine", language="spectre")
    assert "simulator lang=spectre" in text
    assert "subckt mine (left_0 left_1 left_2 left_3 bottom_0 bottom_1 bottom_2)" in text
    assert "Rrow_0_0 (row_0_0 row_0_1) resistor r=10.0" in text
    assert text.rstrip().endswith("ends mine")


def test_the_command_writes_every_format(tmp_path):
    np.save(tmp_path / "g.npy", np.full((3, 2), 1e-5))
    for language in EXPORT_FORMATS:
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    *("export", str(tmp_path / "g.npy"), "--language", language),
                    *("--name", language, "--out", str(tmp_path / "out")),
                ]
            )
        assert ended.value.code == 0
    assert len(list((tmp_path / "out").iterdir())) == len(EXPORT_FORMATS) + 1  # and a summary


LIBRARY = """.subckt reram te be params: filament=3.3
B1 te be I=61.4e-6*exp(-(5-filament)/(5-4.7249))*sinh(V(te,be)/0.43)
.ends reram
"""
MODULE = """`include "disciplines.vams"
module reram(te, be);
  inout te, be;
  electrical te, be;
  (* type="instance" *) parameter real filament = 3.3 from (0:5);
  analog I(te, be) <+ 61.4e-6*exp(-(5-filament)/(5-4.7249))*sinh(V(te, be)/0.43);
endmodule
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    home = tmp_path_factory.mktemp("cells with a space")
    (home / "reram.lib").write_text(LIBRARY)
    (home / "reram.va").write_text(MODULE)
    circuit = Subcircuit(home / "reram.lib", "reram", ports={"row": "te", "column": "be"})
    states = {"state": "filament", "states": (4.0, 4.95)}
    module = {"path": home / "reram.va", "module": "reram", "row": "te", "column": "be"}
    measured = np.array([0.05, 0.1, 0.2, 0.4])
    return {
        "sinh": Sinh(v0_volt=0.1),
        "pcm": PcmCell.sebastian2017(),
        "table": IvTable(
            volts=measured, currents=np.array([[1e-6], [60e-6]]) * np.sinh(measured / 0.3)
        ),
        "1s1r": OneS1R(selector=Sinh(v0_volt=0.05), selector_siemens=1e-6),
        "memory": MemoryTransistor(
            specific_ampere=1e-6, slope_factor=1.3, low_volt=-0.2, high_volt=0.3, read_volt=0.2
        ),
        "1t1r": OneT1R(gate_volt=1.2),
        "subcircuit": calibration.with_states(SubcircuitCell(circuit=circuit, **states)),
        "module": calibration.with_states(VerilogACell(**module, **states)),
        "pcm behind a transistor": OneT1R(gate_volt=1.2, device=PcmCell.sebastian2017()),
    }


def with_cell(cell):
    conductance = np.random.default_rng(4).uniform(5e-6, 14e-6, (4, 3))
    return crossbar(cell=cell, conductance=conductance)


def in_ngspice(text, settings, celsius=None):
    ports, lines = testbench(
        lambda i, volt: f"Vin{i} left_{i} 0 {volt!r}", lambda j: f"Vs{j} bottom_{j} 0 0"
    )
    options = ".options reltol=1e-9 abstol=1e-16 vntol=1e-13 gmin=1e-18"
    options += "" if celsius is None else f" temp={celsius}"
    deck = "\n".join(["bench", options, text, *lines, f"Xarray {' '.join(ports)} mine"])
    answer = xc.spice.run(deck, xc.spice.Op(), **settings)
    return [answer[f"i(vs{j})"][0] for j in range(3)]


RUN_BY_NGSPICE = [
    *(("ngspice", name) for name in ("sinh", "pcm", "table", "1s1r", "1t1r", "subcircuit")),
    *(("ngspice", name) for name in ("memory", "module", "pcm behind a transistor")),
    *(("hspice", name) for name in ("sinh", "1s1r", "1t1r", "subcircuit")),
    *(("xyce", name) for name in ("memory", "sinh", "1s1r", "1t1r", "subcircuit")),
]


@pytest.mark.parametrize(("language", "name"), RUN_BY_NGSPICE)
def test_cells_of_every_kind_go_along(cells, language, name):
    xbar = with_cell(cells[name])
    text = export_array(xbar, name="mine", language=language)
    celsius = getattr(xbar.cell, "simulator_celsius", None)
    assert ("degrees Celsius" in text) is (celsius is not None)
    found = in_ngspice(text, cell_run_settings(xbar.cell), celsius)
    expected = xc.spice.read(xbar, VOLTS).column_current[0]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("name", ["sinh", "pcm", "memory", "module", "1t1r"])
def test_cells_go_to_vacask(cells, name, tmp_path):
    xbar = with_cell(cells[name])
    source = Path(
        {
            "sinh": device_model("sinh_cell.va"),
            "pcm": device_model("pcm_cell.va"),
            "memory": device_model("memory_transistor.va"),
        }.get(name, getattr(xbar.cell, "path", ""))
    )
    text = export_array(xbar, name="mine", language="vacask")
    if name == "1t1r":
        found = in_vacask(text, tmp_path)
        expected = xc.spice.read(xbar, VOLTS).column_current[0]
        np.testing.assert_allclose(found, expected, rtol=1e-7)
        return
    assert f'load "{source.stem}.osdi", compiled by openvaf-r from {source}' in text
    found = in_vacask(text, tmp_path, compile_cached(source))
    expected = xc.spice.read(xbar, VOLTS).column_current[0]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_what_no_tool_here_runs_is_said_as_documented(cells):
    spectre = export_array(with_cell(cells["module"]), name="mine", language="spectre")
    path = cells["module"].path
    assert f'ahdl_include "{path}"' in spectre
    assert "model own_model reram\n" in spectre
    assert "Ncell_0_0 (row_0_0 col_0_0) own_model filament=" in spectre
    assert "bsource i=" in export_array(with_cell(cells["sinh"]), language="spectre")
    transistor = export_array(with_cell(cells["1t1r"]), language="spectre")
    there = "Mcell_0_0 (mid_cell_0_0 cell_gate col_0_0 cell_bulk) nmos45 w=5e-07 l=5e-08"
    assert there in transistor
    own = export_array(with_cell(cells["subcircuit"]), language="spectre")
    assert "Xcell_0_0 (row_0_0 col_0_0) reram filament=" in own
    hspice = export_array(with_cell(cells["module"]), language="hspice")
    assert f'.hdl "{path}"' in hspice
    assert "Xcell_0_0 row_0_0 col_0_0 own_model filament=" in hspice
    pcm = export_array(with_cell(cells["pcm behind a transistor"]), language="hspice")
    assert "pcm_cell.va" in pcm
    assert ".model pcm_cell_here pcm_cell " in pcm
    assert "pcm_read" not in pcm
    assert "value={" in export_array(with_cell(cells["table"]), language="xyce")


@pytest.mark.parametrize(
    ("language", "name", "said"),
    [
        ("vacask", "subcircuit", "cell: got SubcircuitCell"),
        ("spectre", "table", "spectre for cells of IvTable"),
        ("hspice", "memory", r"hspice for cells of MemoryTransistor.*\.func"),
        ("hspice", "table", "hspice for cells of IvTable"),
        ("xyce", "module", "xyce for cells of VerilogACell.*plug-in"),
        ("xyce", "pcm behind a transistor", "xyce for cells of OneT1R with PcmCell"),
    ],
)
def test_what_a_language_lacks_is_refused_by_name(cells, language, name, said):
    with pytest.raises(xc.ParameterError, match=said):
        export_array(with_cell(cells[name]), language=language)


def test_a_cell_of_ones_own_goes_through_the_command(cells, tmp_path):
    folder = cells["module"].path.parent
    (folder / "reram.toml").write_text(
        'kind = "verilog-a"\npath = "reram.va"\nmodule = "reram"\nrow = "te"\ncolumn = "be"\n'
        'state = "filament"\nstates = [4.2, 4.95]\n'
    )
    np.save(tmp_path / "states.npy", np.array([[4.3, 4.5], [4.7, 4.9]]))
    for language, said in (("hspice", ".hdl"), ("spectre", "ahdl_include")):
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    *("export", str(tmp_path / "states.npy"), "--states"),
                    *("--device-law", str(folder / "reram.toml"), "--language", language),
                    *("--out", str(tmp_path / language)),
                ]
            )
        assert ended.value.code == 0
        (written,) = (tmp_path / language).glob("crossbar.*")
        text = written.read_text()
        line = next(line for line in text.splitlines() if line.startswith(said))
        named = Path(line.split('"')[1])
        assert not named.is_absolute()
        copy = written.parent / named  # a folder that can be handed on
        assert copy.read_text().strip().endswith(cells["module"].path.read_text().strip())
        assert "filament=4.9\n" in text


def test_a_body_is_full_or_the_macromodel():
    with pytest.raises(xc.ParameterError, match="body"):
        export_array(crossbar(), body="half")
    with pytest.raises(xc.ParameterError, match="cell"):
        export_array(crossbar(cell=Sinh(v0_volt=0.1)), body="macromodel")
