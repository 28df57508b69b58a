"""A thin segment, a broken one, a line left open: against a dense nodal matrix."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import Sinh
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.netlist import array_lines, drivers, senses

RNG = np.random.default_rng(8)
SHAPE = (6, 4)
G = RNG.uniform(1e-6, 1e-4, SHAPE)
G[2, 1] = 0.0
VOLTS = RNG.uniform(-0.2, 0.2, (3, 6))


def resistances():
    row = RNG.uniform(1.0, 200.0, (6, 3))
    column = RNG.uniform(1.0, 200.0, (5, 4))
    row[1, 1] = column[3, 2] = np.inf
    row[4, 0] = 1e5
    return row, column


ROW, COLUMN = resistances()
ROW_LEAD = np.array([3.0, 5.0, np.inf, 1.0, 2.0, 40.0])
COLUMN_LEAD = np.array([2.0, 30.0, 4.0, 8.0])
ENDS = {
    "one": xc.Terminals(left_ohm=10.0, bottom_ohm=0.0),
    "all": xc.Terminals(left_ohm=10.0, right_ohm=20.0, bottom_ohm=5.0, top_ohm=15.0),
    "top": xc.Terminals(left_ohm=None, right_ohm=1.0, bottom_ohm=None, top_ohm=2.0),
}


def uneven(**changes):
    parts = {"row_ohm": ROW, "column_ohm": COLUMN}
    return xc.Wires(
        **(parts | {"row_lead_ohm": ROW_LEAD, "column_lead_ohm": COLUMN_LEAD} | changes)
    )


def truth(conductance, row, column, row_lead, column_lead, ends, volts):
    """Column currents from one dense matrix: every branch stamped by hand."""
    rows, cols = conductance.shape
    size = rows * cols
    matrix, drive = np.zeros((2 * size, 2 * size)), np.zeros((2 * size, rows))
    sense = np.zeros((cols, 2 * size))

    def stamp(a, b, siemens):
        matrix[a, a] += siemens
        matrix[b, b] += siemens
        matrix[a, b] -= siemens
        matrix[b, a] -= siemens

    for i in range(rows):
        for j in range(cols):
            here = i * cols + j
            stamp(here, size + here, conductance[i, j])
            if j + 1 < cols:
                stamp(here, here + 1, 1.0 / row[i, j])
            if i + 1 < rows:
                stamp(size + here, size + here + cols, 1.0 / column[i, j])
        for ohm, j in ((ends.left_ohm, 0), (ends.right_ohm, cols - 1)):
            if ohm is not None:
                matrix[i * cols + j, i * cols + j] += 1.0 / (ohm + row_lead[i])
                drive[i * cols + j, i] += 1.0 / (ohm + row_lead[i])
    for j in range(cols):
        for ohm, i in ((ends.top_ohm, 0), (ends.bottom_ohm, rows - 1)):
            if ohm is not None:
                node = size + i * cols + j
                matrix[node, node] += 1.0 / (ohm + column_lead[j])
                sense[j, node] += 1.0 / (ohm + column_lead[j])
    return volts @ np.linalg.solve(matrix, drive).T @ sense.T


@pytest.mark.parametrize("ends", ENDS)
def test_every_engine_finds_what_a_dense_matrix_gives(ends):
    xbar = xc.Crossbar(conductance=G, wires=uneven(), terminals=ENDS[ends])
    expected = truth(G, ROW, COLUMN, ROW_LEAD, COLUMN_LEAD, ENDS[ends], VOLTS)
    scale = np.abs(expected).max()
    assert np.isfinite(expected).all()
    found = [
        xc.nodal.read(xbar, VOLTS),
        xc.spice.read(xbar, VOLTS),
        xc.nodal.read(xbar, VOLTS, method=xc.nodal.Newton()),
    ]
    if ends == "all":
        found.append(xc.vacask.read(xbar, VOLTS))
    for result in found:
        np.testing.assert_allclose(
            result.column_current, expected, rtol=0.0, atol=1e-10 * scale, err_msg=result.engine
        )
        assert (result.residual < 1e-9).all()
        into = result.column_segment_current[:, -1] - result.column_segment_current[:, 0]
        np.testing.assert_allclose(into, expected, rtol=0.0, atol=1e-10 * scale)
    np.testing.assert_allclose(
        VOLTS @ xc.nodal.transfer(xbar), expected, rtol=0.0, atol=1e-12 * scale
    )


def test_segment_currents_are_the_drops_over_their_resistances():
    xbar = xc.Crossbar(conductance=G, wires=uneven(), terminals=ENDS["all"])
    result = xc.nodal.read(xbar, VOLTS)
    flow = -np.diff(result.row_voltage, axis=2) / ROW
    np.testing.assert_allclose(
        result.row_segment_current[:, :, 1:-1], flow, rtol=0.0, atol=1e-9 * np.abs(flow).max()
    )
    flow = -np.diff(result.column_voltage, axis=1) / COLUMN
    np.testing.assert_allclose(
        result.column_segment_current[:, 1:-1], flow, rtol=0.0, atol=1e-9 * np.abs(flow).max()
    )


def test_nonlinear_cells_agree_with_ngspice():
    xbar = xc.Crossbar(conductance=G, wires=uneven(), cell=Sinh(v0_volt=0.05))
    fast, exact = xc.nodal.read(xbar, VOLTS), xc.spice.read(xbar, VOLTS)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-9 * scale


def test_equal_segments_in_an_array_are_one_number():
    even = xc.Wires(row_ohm=2.0, column_ohm=3.0, row_lead_ohm=4.0, column_lead_ohm=5.0)
    arrays = xc.Wires(
        row_ohm=np.full((6, 3), 2.0),
        column_ohm=np.full((5, 4), 3.0),
        row_lead_ohm=np.full(6, 4.0),
        column_lead_ohm=5.0,
    )
    first, second = (
        xc.nodal.transfer(xc.Crossbar(conductance=G, wires=wires)) for wires in (even, arrays)
    )
    np.testing.assert_allclose(first, second, rtol=1e-12)
    assert arrays == xc.Wires(
        row_ohm=np.full((6, 3), 2.0),
        column_ohm=np.full((5, 4), 3.0),
        row_lead_ohm=np.full(6, 4.0),
        column_lead_ohm=5.0,
    )
    assert hash(arrays) != hash(even)


def test_sneak_paths_of_a_passive_array_and_what_a_selector_leaves_of_them():
    """A 2 x 2 array with one line of each kind left open: three cells in series beside the one."""
    conductance = np.array([[1e-6, 1e-4], [1e-4, 1e-4]])
    wires = xc.Wires(
        row_ohm=0.1,
        column_ohm=0.1,
        row_lead_ohm=[0.1, np.inf],
        column_lead_ohm=[0.1, np.inf],
    )
    bare = xc.Crossbar(conductance=conductance, wires=wires)
    sneak = 1e-6 + 1e-4 / 3.0  # the selected cell, and three of 10 kohm in series
    for read in (xc.nodal.read, xc.spice.read):
        np.testing.assert_allclose(read(bare, [1.0, 0.0]).column_current[0, 0], sneak, rtol=1e-4)
    # with a selector each of the three cells in series sees a third of the voltage
    selector = xc.cells.OneS1R(selector=Sinh(v0_volt=0.04), selector_siemens=1e-12)
    passive = xc.Crossbar(conductance=conductance, wires=wires, cell=selector)
    through = xc.nodal.read(passive, [1.0, 0.0]).device_current[0]
    selected, third = (
        selector.respond(np.array(volt), np.array(0.0), np.array(g)).current
        for volt, g in ((1.0, 1e-6), (1.0 / 3.0, 1e-4))
    )
    np.testing.assert_allclose(through[0, 0], selected, rtol=1e-4)
    np.testing.assert_allclose(through[[0, 1, 1], [1, 1, 0]], [third, -third, third], rtol=1e-4)
    assert third < 1e-3 * selected  # and without it 33 times more than the selected cell's


def deck(xbar, sources):
    """The array with its terminals; sources by the names of the drivers."""
    lines = ["uneven wires", *array_lines(xbar)]
    for end in (*drivers(xbar), *senses(xbar)):
        if (parts := end.resistor()) is not None:
            name, first, second, ohm = parts
            lines.append(f"R{name} {first} {second} {ohm!r}")
        lines.append(f"V{end.name} {end.source_node} 0 {sources.get(end.name, 'DC 0')}")
    return "\n".join(lines)


@pytest.mark.parametrize("ends", ["one", "all"])
def test_a_transient_agrees_with_ngspice(ends):
    xbar = xc.Crossbar(
        conductance=G, wires=uneven(row_farad=2e-14, column_farad=3e-14), terminals=ENDS[ends]
    )
    pulse = {"width_second": 3e-9, "edge_second": 2e-10, "delay_second": 1e-10}
    wave = xc.nodal.Waveform.pulse(VOLTS[0], **pulse)
    corners = [
        " ".join(f"{t!r} {v!r}" for t, v in zip(wave.time_second.tolist(), volt, strict=True))
        for volt in wave.volts.T.tolist()
    ]
    sources = {end.name: f"PWL({corners[end.index]})" for end in drivers(xbar)}
    currents = [f"i(v{end.name})" for end in senses(xbar)]
    tran = xc.spice.Tran(step_second=1e-11, stop_second=6e-9, max_step_second=2e-12)
    options = "\n.options klu reltol=1e-7 abstol=1e-18 vntol=1e-12"
    plot = xc.spice.run(deck(xbar, sources) + options, tran, vectors=currents)[0]
    expected = np.zeros((plot["time"].size, 4))
    for end in senses(xbar):
        expected[:, end.index] += plot[f"i(v{end.name})"]
    scale = np.abs(expected).max()
    found = xc.nodal.transient(xbar, wave, stop_second=6e-9, watch=[(2, 0)])
    ours = found.at(plot["time"]).column_current
    np.testing.assert_allclose(ours, expected, rtol=0.0, atol=2e-4 * scale)
    # the word line that nothing drives follows its column through a device
    assert np.abs(found.row_voltage).max() > 1e-4


@pytest.mark.parametrize("ends", ["one", "all"])
def test_noise_agrees_with_ngspice(ends):
    xbar = xc.Crossbar(
        conductance=G, wires=uneven(row_farad=2e-14, column_farad=3e-14), terminals=ENDS[ends]
    )
    first = next(iter(drivers(xbar))).name
    for column in (0, 2):
        sensed = [end for end in senses(xbar) if end.index == column]
        probes = [f"Hout{k} out{k} 0 V{end.name} 1" for k, end in enumerate(sensed)]
        total = "+".join(f"V(out{k})" for k in range(len(sensed)))
        text = deck(xbar, {first: "DC 0 AC 1"})
        text += "\n".join(["", *probes, f"Bsum sum 0 V={total}", ".options temp=27"])
        analysis = xc.spice.Noise(
            output="v(sum)",
            source=f"v{first}",
            start_hertz=1e6,
            stop_hertz=1e11,
            points=1,
        )
        plot = xc.spice.run(text, analysis)[0]
        ours = xc.nodal.noise(xbar, VOLTS[0], np.real(plot.scale))
        np.testing.assert_allclose(
            np.sqrt(ours.total[:, column]), np.real(plot["onoise_spectrum"]), rtol=1e-4
        )
    assert (ours.wire_thermal > 1e-3 * ours.device_thermal).any()


def value(wires, ends, conductance=G):
    gain = xc.nodal.transfer(xc.Crossbar(conductance=conductance, wires=wires, terminals=ends))
    return float((WEIGHTS * (VOLTS @ gain)).sum())


WEIGHTS = RNG.uniform(-1.0, 1.0, (3, 4))


@pytest.mark.parametrize("ends", ENDS)
def test_gradients_are_finite_differences(ends):
    given = {
        "row_ohm": ROW,
        "column_ohm": COLUMN,
        "row_lead_ohm": ROW_LEAD,
        "column_lead_ohm": COLUMN_LEAD,
    }
    xbar = xc.Crossbar(conductance=G, wires=uneven(), terminals=ENDS[ends])
    found = xc.nodal.gradients(xbar, VOLTS, WEIGHTS)
    assert found.value == approx(value(uneven(), ENDS[ends]), rel=1e-12)
    for name, ohm in given.items():
        ours = getattr(found, name)
        assert ours.shape == ohm.shape
        assert (ours[np.isinf(ohm)] == 0.0).all()
        exact = np.zeros(ohm.shape)
        for place in np.argwhere(np.isfinite(ohm)):
            step = 0.01 * ohm[tuple(place)]
            ends_of = []
            for share in (-2.0, -1.0, 1.0, 2.0):
                moved = np.array(ohm)
                moved[tuple(place)] += share * step
                ends_of.append(value(uneven(**{name: moved}), ENDS[ends]))
            a, b, c, d = ends_of
            exact[tuple(place)] = (a - 8.0 * b + 8.0 * c - d) / (12.0 * step)
        np.testing.assert_allclose(ours, exact, rtol=1e-6, atol=1e-8 * np.abs(exact).max())
    for place in ((0, 0), (3, 2), (5, 3)):
        step = np.zeros(G.shape)
        step[place] = 1e-3 * G[place]
        high, low = (value(uneven(), ENDS[ends], G + sign * step) for sign in (1.0, -1.0))
        slope = (high - low) / (2.0 * step[place])
        assert found.conductance[place] == approx(slope, rel=1e-6)
    gain = xc.nodal.transfer(xbar)
    np.testing.assert_allclose(found.volts, WEIGHTS @ gain.T, rtol=1e-9, atol=1e-15)


def test_leads_alone_may_differ_and_gradients_say_so():
    wires = xc.Wires(row_ohm=2.0, column_ohm=3.0, row_lead_ohm=ROW_LEAD, column_lead_ohm=5.0)
    xbar = xc.Crossbar(conductance=G, wires=wires, terminals=ENDS["one"])
    found = xc.nodal.gradients(xbar, VOLTS, WEIGHTS)
    assert found.row_lead_ohm.shape == (6,)
    assert isinstance(found.column_ohm, float)
    assert isinstance(found.column_lead_ohm, float)
    high, low = (value(replace(wires, column_ohm=3.0 + h), ENDS["one"]) for h in (0.01, -0.01))
    assert found.column_ohm == approx((high - low) / 0.02, rel=1e-6)
    plain = xc.Wires(row_ohm=2.0, column_ohm=3.0, row_lead_ohm=4.0, column_lead_ohm=5.0)
    even = xc.nodal.gradients(xc.Crossbar(conductance=G, wires=plain), VOLTS, WEIGHTS)
    arrays = replace(wires, row_lead_ohm=np.full(6, 4.0))
    each = xc.nodal.gradients(xc.Crossbar(conductance=G, wires=arrays), VOLTS, WEIGHTS)
    assert each.row_ohm.sum() == approx(even.row_ohm, rel=1e-9)
    assert each.row_lead_ohm.sum() == approx(even.row_lead_ohm, rel=1e-9)


def test_a_node_that_is_cut_off_altogether_stays_at_rest():
    """Broken on both sides, its device open: nothing else feels it."""
    row = np.array(ROW)
    row[2] = np.inf
    xbar = xc.Crossbar(
        conductance=G,
        wires=uneven(row_ohm=row, row_farad=2e-14, column_farad=3e-14),
        terminals=ENDS["one"],
    )
    wave = xc.nodal.Waveform(time_second=[0.0, 1e-9], volts=np.stack([0.0 * VOLTS[0], VOLTS[0]]))
    ends = []
    for method, tolerance in ((None, 1e-5), (xc.nodal.TrBdf2(), 1e-3)):
        found = xc.nodal.transient(
            xbar, wave, stop_second=2e-7, watch=[(2, 1)], method=method, tolerance=tolerance
        )
        assert (found.row_voltage == 0.0).all()
        ends.append(found.column_current[-1])
    settled = VOLTS[0] @ xc.nodal.transfer(xbar)
    assert ends[0] == approx(settled, rel=1e-4)
    assert ends[1] == approx(settled, rel=1e-2)
    quiet = xc.nodal.noise(xbar, VOLTS[0], [1.0])
    admittance = xc.nodal.noise(replace(xbar, wires=uneven(row_ohm=row)), VOLTS[0], [1.0])
    np.testing.assert_allclose(quiet.total, admittance.total, rtol=1e-6)
    assert np.isfinite(xc.nodal.gradients(xbar, VOLTS, WEIGHTS).conductance).all()


def test_what_needs_equal_segments_says_so():
    xbar = xc.Crossbar(conductance=G, wires=uneven())
    for method in (xc.nodal.Hierarchical(), xc.nodal.NewtonKrylov(), xc.nodal.SparseDirect()):
        with pytest.raises(ParameterError, match="differ from segment to segment"):
            xc.nodal.read(xbar, VOLTS, method=method)
    with pytest.raises(ParameterError, match="differ from segment to segment"):
        xc.nodal.transfer_tiles(G[np.newaxis], wires=uneven())


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match=r"wires\.row_ohm"):
        xc.Crossbar(conductance=G.T, wires=uneven())
    with pytest.raises(ParameterError, match="row_lead_ohm"):
        uneven(row_lead_ohm=None)
    with pytest.raises(ParameterError, match="0 ohm"):
        uneven(row_ohm=np.zeros((6, 3)))
    with pytest.raises(ParameterError, match="-1 ohm"):
        uneven(row_ohm=np.full((6, 3), -1.0))
    with pytest.raises(ParameterError, match="row_ohm"):
        uneven(row_ohm=np.full((6, 3), np.nan))
