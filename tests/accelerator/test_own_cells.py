"""A cell of one's own in an accelerator's file: measured, programmed and checked in ngspice."""

import json

import numpy as np
import pytest

from xbar_circuit import cli
from xbar_circuit.accelerator import read_settings
from xbar_circuit.cells import OneS1R, VerilogACell
from xbar_circuit.devices import IvTable
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.network.storage import save

MODULE = """`include "disciplines.vams"
module reram(te, be);
  inout te, be;
  electrical te, be;
  (* type="instance" *) parameter real filament = 3.3 from (0:5);
  analog I(te, be) <+ 61.4e-6*exp(-(5-filament)/(5-4.7249))*sinh(V(te, be)/0.43);
endmodule
"""
CELL = """kind = "verilog-a"
path = "reram.va"
module = "reram"
row = "te"
column = "be"
state = "filament"
states = [3.8, 4.6]
"""
CONFIG = """[accelerator]
rows = 16
cols = 8
wires = { row_ohm = 3.0, column_ohm = 3.0 }
synapse.cell = { kind = "file", path = "cells/reram.toml" }
driver = { kind = "dac", bits = 6, full_scale_volt = 0.2 }
readout.converter = { kind = "ideal", bits = 7 }
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accelerator")
    (folder / "cells").mkdir()
    (folder / "cells" / "reram.va").write_text(MODULE)
    (folder / "cells" / "reram.toml").write_text(CELL)
    (folder / "chip.toml").write_text(CONFIG)
    return folder


def network():
    weight = np.random.default_rng(8).normal(size=(16, 4)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(4, np.float32))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(16,))


def test_its_range_is_what_its_states_reach_and_ngspice_gives_the_same_codes(home):
    accelerator = read_settings(home / "chip.toml").accelerator
    cell = accelerator.synapse.cell
    assert isinstance(cell, VerilogACell)
    truth = [61.4e-6 * np.exp(-(5 - t) / 0.2751) * np.sinh(0.2 / 0.43) / 0.2 for t in (3.8, 4.6)]
    synapse = accelerator.synapse
    found = [synapse.g_min_siemens, synapse.g_max_siemens]
    np.testing.assert_allclose(found, truth, rtol=1e-6)
    inputs = np.random.default_rng(9).uniform(-1.0, 1.0, (60, 16)).astype(np.float32)
    chip = accelerator.program(network(), calibration=inputs[:40])
    (check,) = chip.spot_check(inputs[40:44], vectors=4)
    assert np.ptp(check.fast_code) > 20
    assert np.abs(check.fast_code - check.spice_code).max() <= 1
    assert (check.fast_code == check.spice_code).mean() > 0.9


def test_a_range_that_is_given_stays(home):
    (home / "narrow.toml").write_text(
        CONFIG + "synapse.g_min_siemens = 4e-6\nsynapse.g_max_siemens = 20e-6\n"
    )
    synapse = read_settings(home / "narrow.toml").accelerator.synapse
    assert (synapse.g_min_siemens, synapse.g_max_siemens) == (4e-6, 20e-6)


def test_tables_and_selectors_come_by_file_too(home):
    volts = np.linspace(0.02, 0.4, 20)
    lines = [(v, g * 0.1 * np.sinh(v / 0.1), g) for g in (1e-6, 1e-5) for v in volts]
    np.savetxt(home / "cells" / "iv.csv", lines, delimiter=",")
    (home / "cells" / "iv.toml").write_text('kind = "iv-table"\npath = "iv.csv"\n')
    (home / "cells" / "pair.toml").write_text(
        'kind = "1s1r"\nselector_siemens = 1e-5\nselector = { kind = "sinh", v0_volt = 0.05 }\n'
        f"[device]\n{CELL}"
    )
    found = {}
    for name in ("iv", "pair"):
        text = CONFIG.replace("reram.toml", f"{name}.toml")
        (home / f"{name}.toml").write_text(text)
        found[name] = read_settings(home / f"{name}.toml").accelerator.synapse
    table = found["iv"].cell
    assert isinstance(table, IvTable)
    assert (found["iv"].g_min_siemens, found["iv"].g_max_siemens) == (
        table.conductances[0],
        table.conductances[-1],
    )
    assert isinstance(found["pair"].cell, OneS1R)
    assert found["pair"].cell.device.table is not None


def test_what_is_wrong_is_said(home):
    bad = home / "bad.toml"
    bad.write_text(CONFIG.replace("cells/reram.toml", "nowhere.toml"))
    with pytest.raises(ModelFileError, match=r"nowhere\.toml"):
        read_settings(bad)
    bad.write_text(CONFIG + "synapse.g_max_siemens = 1e-3\n")
    with pytest.raises(ParameterError, match="the range of the cell's table"):
        read_settings(bad).accelerator.program(network(), calibration=np.ones((4, 16), np.float32))


def test_inference_on_it_by_the_command(home, tmp_path):
    rng = np.random.default_rng(3)
    save(network(), tmp_path / "net.npz")
    for name, count in (("x", 60), ("known", 40)):
        np.save(tmp_path / f"{name}.npy", rng.uniform(-1, 1, (count, 16)).astype(np.float32))
    words = ["infer", str(tmp_path / "net.npz"), "--data", str(tmp_path / "x.npy"), "--divide", "1"]
    words += ["--calibration", str(tmp_path / "known.npy"), "--config", str(home / "chip.toml")]
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--no-budget", "--no-cost", "--out", str(tmp_path / "out")])
    assert left.value.code == 0
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert found["metrics"]["snr"]["mean"][0] > 20.0
    assert found["codes_in_ngspice"]["d"]["within_one"] == 1.0
