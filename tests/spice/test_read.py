"""A crossbar in ngspice: against the other engine, and against itself run another way."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.spice import Op, Tran, run

SINH = xc.devices.Sinh(v0_volt=0.1)


def make(rows=6, cols=5, *, cell=None, seed=3, row_ohm=1.5, column_ohm=2.5, **ends):
    rng = np.random.default_rng(seed)
    conductance = rng.uniform(1e-6, 25e-6, (rows, cols))
    if rows * cols > 2:
        conductance[rng.random((rows, cols)) < 0.15] = 0.0
    return xc.Crossbar(
        conductance=conductance,
        wires=xc.Wires(row_ohm=row_ohm, column_ohm=column_ohm),
        terminals=xc.Terminals(**ends),
        cell=cell or xc.devices.Ohmic(),
    )


def inputs(xbar, batch=4, *, seed=5):
    return np.random.default_rng(seed).uniform(-0.2, 0.2, (batch, xbar.rows))


def assert_same(one, other, *, rtol):
    scale = np.abs(other.column_current).max()
    np.testing.assert_allclose(one.column_current, other.column_current, rtol=0, atol=rtol * scale)
    peak = np.abs(other.volts).max()
    for name in ("row_voltage", "column_voltage"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=0, atol=rtol * peak
        )


@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), SINH])
@pytest.mark.parametrize(
    "ends",
    [
        {},
        {"left_ohm": 50.0, "right_ohm": 20.0, "bottom_ohm": 30.0, "top_ohm": 0.0},
        {"left_ohm": None, "right_ohm": 0.0, "bottom_ohm": None, "top_ohm": 100.0},
    ],
)
@pytest.mark.parametrize("ohms", [(1.5, 2.5), (0.0, 2.5), (1.5, 0.0), (0.0, 0.0)])
def test_both_engines_agree(cell, ends, ohms):
    xbar = make(cell=cell, row_ohm=ohms[0], column_ohm=ohms[1], **ends)
    exact = xc.spice.read(xbar, inputs(xbar))
    assert_same(exact, xc.nodal.read(xbar, inputs(xbar)), rtol=1e-10)
    assert exact.residual.max() < 1e-9
    assert exact.status == "converged"


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
@pytest.mark.parametrize("ohm", [0.0, 2.0])
def test_smallest_arrays(shape, ohm):
    xbar = make(*shape, row_ohm=ohm, column_ohm=ohm)
    volts = inputs(xbar, 3)
    result = xc.spice.read(xbar, volts)
    np.testing.assert_allclose(result.column_current, volts @ xc.nodal.transfer(xbar), rtol=1e-10)
    assert result.row_voltage.shape == (3, *shape)


@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), SINH])
def test_a_batch_equals_its_vectors_one_by_one(cell):
    xbar = make(cell=cell)
    volts = inputs(xbar, 5)
    volts[2] = 0.0
    volts[3] *= 1e-7  # next to large ones, a small input must not drown
    together = xc.spice.read(xbar, volts)
    for k, vector in enumerate(volts):
        alone = xc.spice.read(xbar, vector)
        np.testing.assert_allclose(
            together.column_current[k], alone.column_current[0], rtol=1e-9, atol=0
        )
    assert (together.column_current[2] == 0.0).all()
    assert together.residual.max() < 1e-8


def test_more_inputs_than_one_sweep_takes_keep_their_order():
    xbar = make(3, 2)
    volts = inputs(xbar, 150)
    result = xc.spice.read(xbar, volts)
    np.testing.assert_allclose(
        result.column_current, volts @ xc.nodal.transfer(xbar), rtol=0, atol=1e-15
    )


@pytest.mark.parametrize("segment", [1e-12, 1e-9, 1e-6])
@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), SINH])
def test_nearly_ideal_wires_tend_to_ideal_ones(segment, cell):
    nearly = make(2, 2, cell=cell, row_ohm=segment, column_ohm=segment)
    ideal = make(2, 2, cell=cell, row_ohm=0.0, column_ohm=0.0)
    volts = inputs(ideal)
    np.testing.assert_allclose(
        xc.spice.read(nearly, volts).column_current,
        xc.nodal.read(ideal, volts).column_current,
        rtol=1e-9,
    )


def test_an_answer_that_rounding_spoils_is_refused():
    """Devices of 1 kS behind 1e12 ohm: no matrix of nodes holds both in 16 digits."""
    xbar = xc.Crossbar(
        conductance=np.full((3, 3), 1e3), wires=xc.Wires(row_ohm=1e12, column_ohm=1e12)
    )
    with pytest.raises(xc.ConvergenceError, match="not certain"):
        xc.spice.read(xbar, np.full(3, 0.2))


def test_open_array_carries_nothing():
    xbar = xc.Crossbar(conductance=np.zeros((3, 2)), wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    result = xc.spice.read(xbar, [0.1, 0.2, 0.3])
    assert (result.column_current == 0.0).all()
    np.testing.assert_allclose(result.row_voltage[0, :, 1], [0.1, 0.2, 0.3])


def test_fields_may_come_later():
    xbar = make()
    later = xc.spice.read(xbar, inputs(xbar), fields=False)
    now = xc.spice.read(xbar, inputs(xbar))
    np.testing.assert_array_equal(later.column_current, now.column_current)
    np.testing.assert_allclose(later.row_voltage, now.row_voltage, rtol=1e-12)


def test_ammeters_measure_what_the_law_says():
    xbar = make(cell=SINH)
    measured = xc.spice.read(xbar, inputs(xbar), measure_devices=True)
    law = xc.spice.read(xbar, inputs(xbar))
    peak = np.abs(law.device_current).max()
    np.testing.assert_allclose(
        measured.device_current, law.device_current, rtol=0, atol=1e-10 * peak
    )
    assert measured.residual.max() < 1e-9


def test_the_result_does_not_depend_on_what_ran_before():
    xbar = make(cell=SINH)
    first = xc.spice.read(xbar, inputs(xbar))
    run("t\nV1 a 0 1\nD1 a 0 dm\n.model dm d\n.options temp=80 reltol=0.1 gmin=1e-3 klu\n", Op())
    run(
        "row_0_0\nV1 row_0_0 0 1 PULSE(0 1 0 1n)\nR1 row_0_0 0 1\n.ic v(row_0_0)=5\n.save all",
        Tran(step_second=1e-10, stop_second=1e-8),
    )
    with pytest.raises(xc.SimulatorError):
        run("t\nV1 a 0 1\nX1 a nosub\n", Op())
    again = xc.spice.read(xbar, inputs(xbar))
    np.testing.assert_array_equal(first.column_current, again.column_current)
    np.testing.assert_array_equal(first.row_voltage, again.row_voltage)


def test_inputs_without_a_solution_are_named_and_the_others_kept():
    class Falling(xc.devices.Ohmic):
        """A law without a solution above 0.15 V: the current jumps where the load cannot follow."""

        @property
        def linear(self):
            return False

        def spice_elements(self, names, row_nodes, column_nodes, conductances):
            for name, row, column, g in zip(
                names, row_nodes, column_nodes, conductances, strict=True
            ):
                yield (
                    f"B{name} {row} {column} I=V({row},{column})*{g!r}"
                    f"+(V({row},{column})>0.15 ? 1e3 : 0)"
                )

    xbar = make(1, 1, cell=Falling(), row_ohm=1e3, column_ohm=1e3)
    volts = np.array([[0.1], [0.3], [0.05], [0.4]])
    with pytest.raises(xc.ConvergenceError, match="2 of 4 inputs have no solution") as caught:
        xc.spice.read(xbar, volts)
    error = caught.value
    assert error.failed == (1, 3)
    assert error.deck.is_file()
    current = error.result.column_current[:, 0]
    np.testing.assert_array_equal(np.isnan(current), [False, True, False, True])
    g = xbar.conductance[0, 0]
    np.testing.assert_allclose(current[[0, 2]], volts[[0, 2], 0] / (2e3 + 1 / g), rtol=1e-9)
    assert "samples [1, 3]" in error.result.status


def test_bad_volts_are_refused():
    xbar = make()
    with pytest.raises(xc.ShapeError, match="volts"):
        xc.spice.read(xbar, [0.1])
    with pytest.raises(xc.ParameterError, match="volts"):
        xc.spice.read(xbar, np.full(xbar.rows, np.nan))
    with pytest.raises(xc.ParameterError, match="time_limit_second"):
        xc.spice.read(xbar, inputs(xbar), time_limit_second=-1.0)


def test_an_ngspice_without_klu_warns_before_a_large_array(monkeypatch):
    from dataclasses import replace

    from xbar_circuit.spice import array_read

    plain = replace(xc.spice.simulator(), klu=False)
    monkeypatch.setattr(array_read, "simulator", lambda: plain)
    monkeypatch.setattr(array_read, "_SLOW_NODES", 10)
    with pytest.warns(xc.spice.SlowSolverWarning, match="SPARSE"):
        xc.spice.read(make(), inputs(make()))
