"""The table's mathematics, on a cell whose current has a closed form."""

import dataclasses
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import xbar_circuit as xc
from xbar_circuit import _compiler
from xbar_circuit.cells import CurrentTable, TableAxis, TableQuality
from xbar_circuit.cells._spline import spline_coefficients

QUALITY = TableQuality(held_out_points=0, worst=0.0, rms=0.0, least_slope=0.0, neglected=0.0)


def series(row, column, g):
    """A device in series with a channel that weakens as the column rises [A]."""
    channel = 2e-3 * (1.0 - column - 0.2 * row)
    return (row - column) * g * channel / (g + channel)


def made(points, *, saturating):
    row, column = (
        TableAxis(start=-0.013, stop=0.21, points=points),
        TableAxis(start=0, stop=0.2, points=9),
    )
    log = TableAxis(start=math.log(1e-6), stop=math.log(1e-4), points=points)
    g, v, w = np.meshgrid(np.exp(log.values), row.values, column.values, indexing="ij")
    ratio = g * (v - w) / series(v, w, g)
    values = np.log(ratio - 1.0) if saturating else np.log(ratio)
    return CurrentTable(
        row_axis=row,
        column_axis=column,
        log_axis=log,
        coefficients=spline_coefficients(values),
        saturating=saturating,
        supply_volt=None,
        quality=QUALITY,
        subject="none",
        key=f"{points}",
    )


def somewhere(shape=(7, 5, 4)):
    rng = np.random.default_rng(5)
    row, column = rng.uniform(0.01, 0.19, shape), rng.uniform(0.01, 0.19, shape)
    return row, column, 10 ** rng.uniform(-6, -4, shape[1:])


@pytest.mark.parametrize("saturating", [True, False])
def test_interpolation_is_of_fourth_order(saturating):
    row, column, g = somewhere((400, 3, 3))
    errors = [
        np.abs(
            made(n, saturating=saturating).respond(row, column, g).current / series(row, column, g)
            - 1.0
        ).max()
        for n in (9, 17, 33)
    ]
    assert errors[2] < 1e-6
    if not saturating:  # w is so smooth that rounding is reached
        assert math.log2(errors[0] / errors[1]) > 3.3


@pytest.mark.parametrize("saturating", [True, False])
def test_slopes_are_those_of_the_current(saturating):
    table = made(17, saturating=saturating)
    row, column, g = somewhere()
    got, step = table.respond(row, column, g), 1e-6
    by_row = [table.respond(row + s, column, g).current for s in (step, -step)]
    by_column = [table.respond(row, column + s, g).current for s in (step, -step)]
    assert_allclose(got.row_slope, (by_row[0] - by_row[1]) / (2 * step), rtol=1e-6, atol=1e-13)
    assert_allclose(
        got.column_slope, (by_column[0] - by_column[1]) / (2 * step), rtol=1e-6, atol=1e-13
    )


def test_current_is_exactly_zero_where_nothing_drives_it():
    volt = np.array([0.0, 0.1, 0.2])
    response = made(9, saturating=True).respond(volt, volt, np.full(3, 1e-5))
    assert (response.current == 0.0).all()
    assert (response.row_slope == -response.column_slope).all()


def test_one_at_a_time_or_all_at_once_is_the_same():
    table = made(9, saturating=True)
    row, column, g = somewhere((300, 3, 2))
    frozen = g.copy()
    frozen.flags.writeable = False  # as a crossbar's: takes the other path through the sums
    whole = table.respond(row, column, g)
    alone = [table.respond(row[k], column[k], frozen) for k in range(len(row))]
    for field in ("current", "row_slope", "column_slope"):
        each = np.stack([getattr(a, field) for a in alone])
        assert_allclose(getattr(whole, field), each, rtol=1e-12, atol=1e-20)


def test_beyond_its_voltages_a_table_goes_on_rising_and_says_so():
    table = made(9, saturating=True)
    row = np.linspace(-3.0, 3.0, 200)
    response = table.respond(row, np.zeros(200), np.full(200, 1e-5))
    assert (np.diff(response.current) > 0.0).all()
    assert table.covers(np.array([0.2]), np.array([0.0]))
    assert not table.covers(np.array([0.3]), np.array([0.0]))
    assert not table.covers(np.array([0.1]), np.array([-0.1]))


def test_a_foreign_conductance_is_refused_and_an_open_device_is_not():
    table = made(9, saturating=True)
    with pytest.raises(xc.ParameterError, match=r"1e-06 to 0\.0001 S"):
        table.respond(np.array([0.1]), np.array([0.0]), np.array([2e-4]))
    assert table.respond(np.array([0.1]), np.array([0.0]), np.array([0.0])).current == 0.0


def test_coefficients_must_fit_the_axes():
    good = made(9, saturating=True)
    with pytest.raises(xc.ParameterError, match="coefficients"):
        dataclasses.replace(good, coefficients=good.coefficients[:-1])
    with pytest.raises(xc.ParameterError, match="points"):
        TableAxis(start=0.0, stop=1.0, points=4)


@pytest.mark.parametrize("saturating", [True, False])
@pytest.mark.parametrize("supply", [None, 0.3])
def test_compiled_and_numpy_loops_give_the_same_numbers(saturating, supply, monkeypatch):
    table = dataclasses.replace(made(9, saturating=saturating), supply_volt=supply)
    row, column, g = somewhere()
    row[0], column[1] = 0.5, -0.1  # beyond the table too
    one = table.respond(row, column, g)
    assert _compiler.available(), "numba is part of the environment"
    monkeypatch.setattr(_compiler, "available", lambda: False)
    two = table.respond(row, column, g)
    for name in ("current", "row_slope", "column_slope"):
        own, other = getattr(one, name), getattr(two, name)
        assert_allclose(own, other, rtol=0, atol=1e-13 * np.abs(other).max())
        assert not np.array_equal(own, other), "the same loops twice"
