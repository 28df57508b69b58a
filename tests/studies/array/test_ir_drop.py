"""The IR drop study against the closed form, and the verb from end to end."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.cells import BitSlices, DifferentialPair, EightT4R, MultiDevice
from xbar_circuit.cli import main
from xbar_circuit.studies.array.ir_drop import measure_ir_drop


def study(**changes):
    parts = {
        "sizes": (4, 8, 16),
        "segment_ohm": (0.0, 2.0, 20.0),
        "read_volt": (0.1, 0.2, 0.3),
        "conductances": (1e-5, 4e-5),
        "inputs": 6,
        "rng": np.random.default_rng(1),
    }
    return measure_ir_drop({"1r": xc.devices.Ohmic()}, **(parts | changes))


def test_errors_grow_with_size_and_wire_and_not_with_the_voltage_of_a_resistor():
    report = study()
    for over in ("size", "segment_ohm"):
        worst = [point.worst for point in report.sweep("1r", over)]
        assert len(worst) == 3
        assert worst == sorted(worst)
        assert worst[0] < 0.7 * worst[-1]
    assert report.sweep("1r", "segment_ohm")[0].worst < 1e-12  # ideal wires
    volts = [point.rms for point in report.sweep("1r", "read_volt")]
    assert volts == approx([volts[0]] * 3, rel=1e-9)
    assert report.checks[0].error < 1e-9
    assert all(point.cell_loss == approx(0.0, abs=1e-12) for point in report.points)
    assert report.base == (8, 2.0, 0.2)
    for cell, over, name in (("1r", "inputs", "over"), ("2r", "size", "cell")):
        with pytest.raises(xc.ParameterError, match=name):
            report.sweep(cell, over)


def test_the_map_is_what_the_wires_take_from_each_cell():
    report = study()
    found = report.maps["1r"]
    g = np.random.default_rng(1).uniform(1e-5, 4e-5, (16, 16))  # drawn as the study draws
    x = np.random.default_rng(1)
    x.uniform(1e-5, 4e-5, (16, 16))
    volts = 0.2 * x.uniform(0.0, 1.0, (6, 16))[:, :8]
    array = xc.Crossbar(conductance=g[:8, :8], wires=xc.Wires(row_ohm=2.0, column_ohm=2.0))
    exact = xc.spice.read(array, volts)
    seen = exact.device_current / array.conductance
    lost = (volts[:, :, None] - seen).mean(axis=0)
    assert found.loss_volt == approx(lost, rel=1e-6)
    error = exact.column_current - volts @ array.conductance
    rms = np.sqrt((error**2).mean(axis=0)) / (volts @ array.conductance).max()
    assert found.column_error == approx(rms, rel=1e-6)
    assert found.loss_volt[0, -1] > found.loss_volt[-1, 0]  # far from driver and sense terminal


def test_a_single_device_loses_what_a_divider_loses():
    report = study(sizes=(1,), conductances=(1e-3, 1e-3))
    for point in report.sweep("1r", "segment_ohm"):
        expected = 1.0 - 1.0 / (1.0 + 1e-3 * 2.0 * point.segment_ohm)
        assert point.mean_loss == approx(expected, abs=1e-12)


def synapses(*kinds, **changes):
    parts = {
        "sizes": (8, 12),
        "segment_ohm": (0.0, 5.0),
        "read_volt": (0.2,),
        "conductances": (1e-6, 2e-6),
        "inputs": 5,
        "rng": np.random.default_rng(2),
    }
    return measure_ir_drop({type(kind).__name__: kind for kind in kinds}, **(parts | changes))


def test_synapses_lose_what_their_wires_take_and_both_engines_say_so():
    kinds = [DifferentialPair(), EightT4R(), BitSlices(slices=2), MultiDevice(devices_per_sign=2)]
    report = synapses(*kinds)
    for name in (type(kind).__name__ for kind in kinds):
        ideal, real = report.sweep(name, "segment_ohm")
        assert ideal.worst < 1e-12
        assert 1e-4 < real.worst < 0.05
    assert max(check.error for check in report.checks) < 1e-9


def test_an_array_smaller_than_a_synapse_is_refused():
    with pytest.raises(xc.ParameterError, match="at least 4 rows"):
        synapses(EightT4R(), sizes=(2,))


def test_the_same_seed_gives_the_same_study():
    assert study().points == study().points


@pytest.mark.parametrize(
    "wrong",
    [{"sizes": (0,)}, {"segment_ohm": (-1.0,)}, {"read_volt": (0.0,)}, {"inputs": 0},
     {"conductances": (2e-6, 1e-6)}, {"read_volt": (float("nan"),)}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(xc.ParameterError, match=next(iter(wrong))):
        study(**wrong)


def test_the_verb_writes_its_figure_its_numbers_and_its_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XBAR_CACHE_DIR", str(tmp_path / "cache"))
    words = ["ir-drop", "--out", str(tmp_path), "--inputs", "3"]
    words += [word for cell in ("1t1r", "1r", "2t2r") for word in ("--cell", cell)]
    for name, values in (("--size", "4 8"), ("--segment-ohm", "1 10"), ("--read-volt", "0.1 0.2")):
        for value in values.split():
            words += [name, value]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert {point["cell"] for point in summary["points"]} == {"1r", "1t1r", "2t2r"}
    assert all(check["error"] < 1e-4 for check in summary["spot_checks"])
    losses = [p["cell_loss"] for p in summary["points"] if p["cell"] == "1t1r"]
    assert all(0.001 < loss < 0.05 for loss in losses)  # 0.5 kohm beside 40 kohm and more
    assert (tmp_path / "ir_drop.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "index.html").read_text()
    assert "held-out error" in page
    assert "data:image/png" in page
    assert "held-out error" in capsys.readouterr().out


def test_a_missing_library_is_one_message(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["ir-drop", "--out", str(tmp_path / "out"), "--library", str(tmp_path / "no.lib")])
    assert end.value.code == 4
    assert "no.lib" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())
