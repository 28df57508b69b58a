"""Wires of a technology: ohm per micrometre times the cell's size."""

import pytest

import xbar_circuit as xc
from closeness import approx


@pytest.mark.parametrize(
    ("node", "ohm_per_um"),
    [(90, 1.14), (65, 1.18), (45, 2.18), (32, 4.66), (22, 9.77), (14, 15.9), (7, 52.0)],
)
def test_a_segment_is_as_long_as_a_cell(node, ohm_per_um):
    wires = xc.Wires.of_technology(node, cell_width_metre=0.4e-6, cell_height_metre=0.1e-6)
    assert (wires.row_ohm, wires.column_ohm) == approx((0.4 * ohm_per_um, 0.1 * ohm_per_um))
    assert (wires.row_farad, wires.column_farad) == approx((0.08e-15, 0.02e-15))
    assert wires.row_lead == wires.row_ohm


def test_what_is_not_known_is_refused():
    with pytest.raises(xc.ParameterError, match="one of 90, 65, 45"):
        xc.Wires.of_technology(28, cell_width_metre=1e-6, cell_height_metre=1e-6)
    with pytest.raises(xc.ParameterError, match="cell_height_metre"):
        xc.Wires.of_technology(45, cell_width_metre=1e-6, cell_height_metre=0.0)
