"""An exported array in a testbench of one's own gives what the fast engine gives."""

import os
import subprocess

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.cli import main
from xbar_circuit.devices import Sinh
from xbar_circuit.tile import EXPORT_BODIES, EXPORT_FORMATS, export_array
from xbar_circuit.vacask._raw_file import read_raw
from xbar_circuit.vacask.locating import locate

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


@pytest.mark.parametrize("body", EXPORT_BODIES)
def test_vacask_reads_it(body, tmp_path):
    text = export_array(crossbar(), name="mine", language="vacask", body=body)
    ports, lines = testbench(
        lambda i, volt: f"vin{i} (left_{i} 0) vsource dc={volt!r}",
        lambda j: f"vs{j} (bottom_{j} 0) vsource dc=0",
    )
    deck = "\n".join(
        [
            "own testbench",
            'load "resistor.osdi"',
            'load "capacitor.osdi"',
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
    (tmp_path / "deck.sim").write_text(deck + "\n")
    done = subprocess.run(
        [str(locate().program), "deck.sim"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    point = read_raw(tmp_path / "op1.raw")
    expected = xc.nodal.read(crossbar(), VOLTS).column_current[0]
    found = [point[f"vs{j}:flow(br)"][0] for j in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


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
    assert len(list((tmp_path / "out").iterdir())) == len(EXPORT_FORMATS)


def test_cells_that_a_language_lacks_are_refused():
    cells = crossbar(cell=Sinh(v0_volt=0.1))
    assert "sinh(" in export_array(cells)
    with pytest.raises(xc.ParameterError, match="spectre for cells of Sinh"):
        export_array(cells, language="spectre")
    with pytest.raises(xc.ParameterError, match="body"):
        export_array(cells, body="half")
