"""The certificate finds what is wrong, and nothing where all is right."""

import pickle

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit._kirchhoff import end_conductances


def divider(*, row_error: float = 0.0, column_error: float = 0.0, current_error: float = 0.0):
    """1 V over 1 + 10 + 2 ohm, with mistakes put in on request."""
    xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    current = 1.0 / 13.0
    nodes = xc.NodeVoltages(
        row=np.full((1, 1, 1), 1.0 - current + row_error),
        column=np.full((1, 1, 1), 2.0 * current + column_error),
    )
    return xc.ReadResult(
        crossbar=xbar,
        volts=np.ones((1, 1)),
        column_current=np.full((1, 1), current * (1.0 + current_error)),
        nodes=nodes,
        engine="by hand",
    )


def test_exact_solution_has_no_residual():
    result = divider()
    assert result.residual == approx([0.0], abs=1e-15)
    assert result.device_current[0, 0, 0] == approx(1 / 13, rel=1e-14)
    assert result.row_current[0, 0] == approx(1 / 13, rel=1e-14)


def test_iterations_and_convergence_have_one_entry_for_each_input():
    xbar = xc.Crossbar(
        conductance=np.full((3, 2), 1e-6), wires=xc.Wires(row_ohm=1.0, column_ohm=1.0)
    )
    nodes = xc.NodeVoltages(row=np.ones((5, 3, 2)), column=np.zeros((5, 3, 2)))
    result = xc.ReadResult(
        crossbar=xbar,
        volts=np.ones((5, 3)),
        column_current=np.full((5, 2), 3e-6),
        nodes=nodes,
        engine="by hand",
    )
    np.testing.assert_array_equal(result.iterations, np.zeros(5))
    np.testing.assert_array_equal(result.converged, np.ones(5, dtype=bool))
    assert result.column_current_error.shape == (5, 2)


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        # the node's error is dV * (1 / 1 ohm + 1 / 10 ohm), the column's dV * (1 / 2 + 1 / 10);
        # the column's total is off by dV / 10 at most
        ({"row_error": 1e-6}, 1e-6 * 1.1 * 13),
        ({"column_error": 1e-6}, 1e-6 * 0.6 * 13),
        ({"current_error": 1e-6}, 1e-6),
    ],
)
def test_a_mistake_shows_at_its_size(mistake, expected):
    assert divider(**mistake).residual == approx([expected], rel=1e-4)


def test_nan_is_never_a_small_residual():
    assert not divider(row_error=float("nan")).residual[0] < 1.0


def test_ideal_wires_are_one_node():
    conductance = np.array([[1e-5, 2e-5], [3e-5, 4e-5]])
    xbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))
    volts = np.array([[0.1, 0.2]])
    result = xc.ReadResult(
        crossbar=xbar,
        volts=volts,
        column_current=volts @ conductance,
        nodes=xc.NodeVoltages(
            row=np.broadcast_to(volts[:, :, None], (1, 2, 2)), column=np.zeros((1, 2, 2))
        ),
        engine="by hand",
    )
    assert result.residual[0] < 1e-15
    assert result.row_current == approx(volts * conductance.sum(axis=1))


def test_nodes_are_computed_when_first_asked_for_and_travel_between_processes():
    reference = divider()
    calls = []

    def nodes():
        calls.append(1)
        return xc.NodeVoltages(row=reference.row_voltage, column=reference.column_voltage)

    result = xc.ReadResult(
        crossbar=reference.crossbar,
        volts=reference.volts,
        column_current=reference.column_current,
        nodes=nodes,
        engine="lazy",
    )
    assert calls == []
    assert result.residual[0] < 1e-15
    assert result.column_voltage is reference.column_voltage
    assert calls == [1]
    back = pickle.loads(pickle.dumps(result))
    assert back.row_voltage == reference.row_voltage
    assert "converged" in repr(back)


def test_status_names_the_samples():
    result = divider().without(np.array([0]))
    assert np.isnan(result.column_current).all()
    assert np.isnan(result.row_voltage).all()
    assert result.status == "not converged: samples [0]"


def test_ends_of_a_wire():
    assert end_conductances(1.0, 0.0, None) == (1.0, 0.0)
    assert end_conductances(0.0, 0.0, 4.0) == (np.inf, 0.25)


def test_a_result_cannot_be_changed():
    result = divider()
    with pytest.raises(AttributeError, match="what was found"):
        result.converged = np.array([False])
    with pytest.raises(AttributeError, match="what was found"):
        del result.volts
    for one in (result, pickle.loads(pickle.dumps(result))):
        for name in (
            "volts",
            "column_current",
            "column_current_error",
            "row_voltage",
            "column_voltage",
            "device_current",
            "row_current",
            "residual",
            "iterations",
            "converged",
        ):
            with pytest.raises(ValueError, match="read-only"):
                getattr(one, name)[...] = 0
