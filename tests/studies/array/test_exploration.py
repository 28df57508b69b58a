"""What ``xbar explore`` computes when a control moves."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.studies.array.exploration import (
    CELLS,
    INPUTS,
    PATTERNS,
    ExplorationSetting,
    explore,
)


def test_one_device_is_a_divider():
    one = ExplorationSetting(rows=1, cols=1, row_ohm=1e4, column_ohm=3e4, g_max_siemens=1e-5,
                             pattern="all on", inputs="all on")  # fmt: skip
    found = explore(one)
    assert found.device_current[0, 0] == approx(0.2 / 1.4e5, rel=1e-12)
    assert found.lost_volt[0, 0] == approx(0.2 * 4 / 14, rel=1e-12)
    assert found.mean_loss == approx(4 / 14, rel=1e-12)
    assert found.worst_error == approx(-4 / 14, rel=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_is_what_the_fast_engine_reads(cell, pattern):
    setting = ExplorationSetting(
        rows=6, cols=5, cell=cell, pattern=pattern, right=True, top=True, seed=3
    )
    found = explore(setting)
    result = xc.nodal.read(setting.crossbar(), setting.volts())
    np.testing.assert_allclose(found.device_current, result.device_current[0], rtol=1e-12)
    ideal = xc.Crossbar(
        conductance=setting.crossbar().conductance,
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        cell=CELLS[cell],
    )
    whole = xc.nodal.read(ideal, setting.volts()).column_current[0]
    expected = result.column_current[0] / whole - 1.0
    np.testing.assert_allclose(found.column_error, expected, rtol=1e-9)


def test_patterns_and_inputs_are_what_they_are_called():
    g = {p: ExplorationSetting(rows=4, cols=4, pattern=p).crossbar().conductance for p in PATTERNS}
    low, high = 1e-6, 25e-6
    np.testing.assert_allclose(g["diagonal"], np.where(np.eye(4), high, low), rtol=1e-12)
    np.testing.assert_allclose(g["all on"], high, rtol=1e-12)
    np.testing.assert_allclose(g["left to right"][:, [0, -1]], [[low, high]] * 4, rtol=1e-12)
    assert g["checkerboard"][0, 0] == g["checkerboard"][1, 1] != g["checkerboard"][0, 1]
    v = {i: ExplorationSetting(rows=4, inputs=i).volts()[0] for i in INPUTS}
    np.testing.assert_array_equal(v["first row"], [0.2, 0, 0, 0])
    np.testing.assert_array_equal(v["last row"], [0, 0, 0, 0.2])
    np.testing.assert_array_equal(v["all on"], [0.2] * 4)
    assert len(set(v["random"])) == 4


@pytest.mark.parametrize(
    "wrong",
    [{"rows": 0}, {"cols": 5000}, {"pattern": "zebra"}, {"g_min_siemens": 1e-3}, {"cell": "x"}],
)
def test_refusals(wrong):
    with pytest.raises(xc.ParameterError, match=next(iter(wrong))):
        ExplorationSetting(**wrong)
