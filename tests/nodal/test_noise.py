"""Noise against Nyquist's theorem, against sources one by one, and against ngspice's ``.noise``."""

import numpy as np
import pytest
from scipy import constants

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.netlist.array import array_lines

FOUR_KT = 4 * constants.k * 300.15


def an_array(**wires):
    g = np.random.default_rng(1).uniform(1e-6, 1e-4, (4, 5))
    g[1, 2] = 0.0
    return xc.Crossbar(
        conductance=g,
        wires=xc.Wires(**({"row_ohm": 20.0, "column_ohm": 30.0} | wires)),
        terminals=xc.Terminals(left_ohm=100.0, right_ohm=300.0, bottom_ohm=50.0),
    )


@pytest.mark.parametrize("farads", [{}, {"row_farad": 1e-13, "column_farad": 2e-13}])
def test_thermal_noise_is_nyquist_of_the_admittance(farads):
    xbar = an_array(**farads)
    hertz = [1e3, 1e9, 1e11]
    result = xc.nodal.noise(xbar, np.zeros(4), hertz)
    np.testing.assert_allclose(result.total, result.device_thermal + result.wire_thermal)
    # S = 4 k T Re Y of the column's own terminal, all others grounded
    from xbar_circuit.nodal._grid import Grid, laplacian

    grid = Grid.of(xbar)
    devices = (grid.row_node, grid.column_node, np.asarray(xbar.conductance))
    whole = laplacian([*grid.branches, devices], grid.size).toarray().astype(complex)
    for k, f in enumerate(hertz):
        matrix = whole.copy()
        for nodes, name in ((grid.row_node, "row_farad"), (grid.column_node, "column_farad")):
            for node in nodes.ravel():
                matrix[node, node] += 2j * np.pi * f * getattr(xbar.wires, name)
        n = grid.unknowns
        port = matrix[n:, n:] - matrix[n:, :n] @ np.linalg.solve(matrix[:n, :n], matrix[:n, n:])
        expected = FOUR_KT * np.diag(port)[4:].real
        np.testing.assert_allclose(result.total[k], expected, rtol=1e-9)


def test_shot_and_flicker_of_one_cell():
    xbar = xc.Crossbar(
        conductance=[[1e-4]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        terminals=xc.Terminals(left_ohm=3e3, bottom_ohm=2e3),
    )
    result = xc.nodal.noise(xbar, [0.3], [10.0], shot=True, flicker=1e-6)
    current = 0.3 / 15e3
    share = (10e3 / 15e3) ** 2  # of a source across the device that flows through the terminals
    assert result.shot[0, 0] == approx(2 * constants.e * current * share, rel=1e-12)
    assert result.flicker[0, 0] == approx(1e-6 * current**2 / 10.0 * share, rel=1e-12)
    assert result.device_thermal[0, 0] == approx(FOUR_KT * 1e-4 * share, rel=1e-12)
    assert result.wire_thermal[0, 0] == approx(FOUR_KT * 5e3 / 15e3**2, rel=1e-12)


def test_integration_over_the_band():
    result = xc.nodal.noise(an_array(), np.zeros(4), np.linspace(1.0, 101.0, 11))
    np.testing.assert_allclose(result.ampere_rms(), np.sqrt(100.0 * result.total[0]), rtol=1e-12)


def test_a_band_of_uneven_frequencies_is_integrated_by_trapezia():
    hertz = np.array([1.0, 3.0, 10.0, 50.0])
    rising, none = 2e-24 + 5e-26 * hertz[:, np.newaxis], np.zeros((4, 1))
    result = xc.nodal.NoiseResult(
        hertz=hertz, device_thermal=rising, wire_thermal=none, shot=none, flicker=none
    )
    power = 2e-24 * 49.0 + 5e-26 * (50.0**2 - 1.0) / 2.0  # of a straight line: exact
    assert result.ampere_rms()[0] == approx(np.sqrt(power))


def test_one_frequency_has_no_band_to_integrate_over():
    with pytest.raises(xc.ParameterError, match="hertz: got 1 frequency"):
        xc.nodal.noise(an_array(), np.zeros(4), 1e3).ampere_rms()


def test_noise_agrees_with_ngspice():
    xbar = an_array(row_farad=1e-13, column_farad=2e-13)
    lines = ["noise", *array_lines(xbar)]
    for i in range(4):
        ac = " AC 1" if i == 0 else ""
        lines += [
            f"Vleft_{i} left_{i} 0 DC 0{ac}",
            f"Rleft_{i} left_{i} row_{i}_0 120.0",
            f"Rright_{i} left_{i} row_{i}_4 320.0",
        ]
    for j in range(5):
        lines += [f"Vbottom_{j} bottom_{j} 0 0", f"Rbottom_{j} bottom_{j} col_3_{j} 80.0"]
    lines += ["Hout out 0 Vbottom_3 1", ".options temp=27", ".end"]
    analysis = xc.spice.Noise(
        output="v(out)", source="vleft_0", start_hertz=1e6, stop_hertz=1e10, points=1
    )
    plot = xc.spice.run("\n".join(lines), analysis)[0]
    ours = xc.nodal.noise(xbar, np.zeros(4), np.real(plot.scale))
    np.testing.assert_allclose(
        np.sqrt(ours.total[:, 3]), np.real(plot["onoise_spectrum"]), rtol=1e-4
    )


@pytest.mark.parametrize(
    "bad", [{"hertz": [0.0]}, {"hertz": np.nan}, {"celsius": -273.15}, {"flicker": -1.0}]
)
def test_bad_requests_are_refused(bad):
    with pytest.raises(xc.ParameterError, match=next(iter(bad))):
        xc.nodal.noise(an_array(), np.zeros(4), **({"hertz": [1.0]} | bad))
