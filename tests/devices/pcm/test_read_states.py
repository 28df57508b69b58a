"""Reads of an array's cells by compiled loops are those of the law, cell by cell."""

from dataclasses import replace

import numpy as np
import pytest

from closeness import approx
from xbar_circuit import _compiler as compiler
from xbar_circuit.devices import AmorphousPlug, PcmCell
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm._read_states import ReadStates
from xbar_circuit.errors import ParameterError

CELLS = {
    "default": PcmCell(),
    "liner": PcmCell.projected(),
    "warm and old": replace(PcmCell(), celsius=86.85, age_second=1e5),
    "asymmetric": PcmCell(plug=AmorphousPlug(asymmetry=0.2)),
}


def states_of(cell, shape, rng):
    """Return cells from all crystal to 100 nm."""
    thickness = np.exp(rng.uniform(np.log(1e-10), np.log(1e-7), shape))
    thickness.flat[::7] = 0.0
    return ReadStates(cell.numbers, thickness)


@pytest.mark.parametrize("shape", [(9, 8), (40, 32)], ids=["without a table", "with a table"])
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_currents_and_slopes_are_the_laws(cell, shape):
    rng = np.random.default_rng(7)
    states = states_of(cell, shape, rng)
    volt = rng.uniform(-0.3, 0.3, (3, *shape))
    volt.flat[::11] = 0.0
    found = states.read(volt)
    exact = read_law.read(cell.numbers, volt, states.thickness)
    assert found.current == approx(exact.current, rel=1e-12, abs=0)
    assert found.slope == approx(exact.slope, rel=1e-6, abs=0)


def test_without_the_compiler_the_numbers_are_the_same(monkeypatch):
    rng = np.random.default_rng(8)
    states = states_of(CELLS["default"], (40, 32), rng)
    volt = rng.uniform(-0.2, 0.2, (40, 32))
    compiled = states.read(volt)
    monkeypatch.setattr(compiler, "available", lambda: False)
    plain = states.read(volt)
    assert compiled.current == approx(plain.current, rel=1e-12, abs=0)


def test_a_cell_near_its_threshold_follows_the_law_of_the_switch():
    """Where the ON path carries something the loops leave the cell to the law."""
    states = ReadStates(PcmCell().numbers, np.full((8, 8), 2e-9))
    volt = np.linspace(0.1, 0.5, 64).reshape(8, 8)
    found = states.read(volt)
    exact = read_law.read(states.numbers, volt, states.thickness)
    assert found.current == approx(exact.current, rel=1e-12, abs=0)


def test_a_voltage_that_switches_one_cell_on_is_refused_among_many():
    states = ReadStates(PcmCell().numbers, np.full((40, 32), 20e-9))
    volt = np.full((40, 32), 0.2)
    volt[17, 5] = 3.0
    with pytest.raises(ParameterError, match="switches"):
        states.read(volt)


@pytest.mark.skipif(not compiler.available(), reason="the series are of the compiled loops")
def test_the_series_are_exact_up_to_where_the_loops_use_them():
    """The first term left out is below the last digit at the largest argument."""
    from xbar_circuit.devices.pcm import _read_loops as loops

    share = np.array([-1.0, -0.5, 1e-3, 0.6, 1.0])
    out = np.empty(5)
    loops._grown(share * loops._WARM, np.full(5, 1.0), 0.5, out)  # exponents of factor * (2 - 1)
    assert out == approx(np.exp(share * loops._WARM), rel=2e-15)
    for a in share * loops._SERIES:
        value, slope = loops._sinhc(float(a))
        assert value == approx(np.sinh(a) / a, rel=2e-15)
        if abs(a) > 0.1:  # the closed form of the slope loses digits near 0, where it is a / 3
            assert slope == approx((np.cosh(a) - np.sinh(a) / a) / a, rel=1e-13)
        else:
            assert slope == approx(a / 3.0 + a**3 / 30.0, rel=1e-13)
