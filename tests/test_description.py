"""A description that exists can be simulated; whatever cannot is refused with a reason."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.network.operators import Dense
from xbar_circuit.units import engineering, parse_spice, spice_number

WIRES = xc.Wires(row_ohm=1.0, column_ohm=2.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, "1", None, True, 1j, [1.0]])
@pytest.mark.parametrize("name", ["row_ohm", "column_ohm"])
def test_wire_resistance_is_refused(name, value):
    with pytest.raises(xc.ParameterError, match=rf"{name}: got .* expected .*\[ohm\]; use 0"):
        xc.Wires(**{"row_ohm": 1.0, "column_ohm": 1.0, name: value})


@pytest.mark.parametrize("name", ["row_lead_ohm", "column_lead_ohm", "row_farad", "column_farad"])
def test_negative_lead_or_capacitance_is_refused(name):
    with pytest.raises(xc.ParameterError, match=name):
        xc.Wires(row_ohm=1.0, column_ohm=1.0, **{name: -1e-15})


@pytest.mark.parametrize("value", [1e-13, 5e-324, 1e19])
def test_a_resistance_that_no_simulator_can_hold_is_refused(value):
    """ngspice puts 1e-12 ohm for anything smaller, with a warning that nobody sees."""
    for build in (
        lambda: xc.Wires(row_ohm=1.0, column_ohm=value),
        lambda: xc.Wires(row_ohm=1.0, column_ohm=1.0, row_lead_ohm=value),
        lambda: xc.Terminals(bottom_ohm=value),
    ):
        with pytest.raises(xc.ParameterError, match=r"expected 0, or from 1e-12 to 1e\+18"):
            build()


def test_leads_default_to_one_segment_and_zero_is_zero():
    assert (WIRES.row_lead, WIRES.column_lead) == (1.0, 2.0)
    assert xc.Wires(row_ohm=1.0, column_ohm=2.0, row_lead_ohm=0.0).row_lead == 0.0


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"left_ohm": None}, "left_ohm, right_ohm: got None for both"),
        ({"bottom_ohm": None}, "bottom_ohm, top_ohm: got None for both"),
        ({"left_ohm": -5.0}, "left_ohm"),
        ({"top_ohm": float("nan")}, "top_ohm"),
    ],
)
def test_unconnected_or_negative_terminals_are_refused(ends, message):
    with pytest.raises(xc.ParameterError, match=message):
        xc.Terminals(**ends)


@pytest.mark.parametrize(
    ("conductance", "error", "message"),
    [
        ([1e-5, 2e-5], xc.ShapeError, "shape \\(2,\\)"),
        (np.zeros((0, 3)), xc.ShapeError, "at least \\(1, 1\\)"),
        (np.zeros((2, 2, 2)), xc.ShapeError, "shape \\(rows, cols\\)"),
        ([[1e-5, -1e-9]], xc.ParameterError, r"conductance\[0, 1\]: got -1e-09"),
        ([[np.nan, np.nan]], xc.ParameterError, r"2 such entries"),
        ([[np.inf]], xc.ParameterError, "finite conductances"),
        ([[1e-300]], xc.ParameterError, "0 for an open device"),
        ([[1e13]], xc.ParameterError, "in siemens, not microsiemens"),
        ([["a"]], xc.ParameterError, "array of real numbers"),
        ([[1e-5], [1e-5, 2e-5]], xc.ParameterError, "array of real numbers"),
        ([[1j]], xc.ParameterError, "complex"),
        (None, xc.ParameterError, "NoneType"),
    ],
)
def test_bad_conductance_is_refused(conductance, error, message):
    with pytest.raises(error, match=message) as caught:
        xc.Crossbar(conductance=conductance, wires=WIRES)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, xc.XbarError)


def test_wrong_parts_are_refused():
    for part in ({"wires": 1.0}, {"terminals": "left"}, {"cell": xc.devices.Ohmic}):
        with pytest.raises(xc.ParameterError, match="an instance of"):
            xc.Crossbar(**{"conductance": [[1e-5]], "wires": WIRES, **part})


@pytest.mark.parametrize(
    "verb",
    [xc.nodal.read, xc.spice.read, xc.netlist.deck, xc.netlist.circuit],
)
def test_what_is_not_a_crossbar_is_refused(verb):
    with pytest.raises(xc.ParameterError, match=r"crossbar: got .*, expected an instance"):
        verb(np.full((2, 2), 1e-5), [0.1, 0.1])


def test_other_arguments_of_the_wrong_kind_are_refused():
    xbar = xc.Crossbar(conductance=[[1e-5]], wires=WIRES)
    for method in ("fast", xc.nodal.Newton):
        with pytest.raises(xc.ParameterError, match=r"method: got .*, expected an instance"):
            xc.nodal.read(xbar, [0.1], method=method)
    for verb in (xc.nodal.prepare, xc.nodal.transfer):
        with pytest.raises(xc.ParameterError, match="crossbar: got None"):
            verb(None)
    with pytest.raises(xc.ParameterError, match="options: got 'tight'"):
        xc.spice.read(xbar, [0.1], options="tight")
    with pytest.raises(xc.ParameterError, match="array of real numbers"):
        xc.nodal.read(xbar, [[0.1], [0.1, 0.2]])


def test_description_is_immutable_and_owns_its_numbers():
    source = np.full((2, 3), 1e-5)
    xbar = xc.Crossbar(conductance=source, wires=WIRES)
    source[0, 0] = 5.0
    assert xbar.conductance[0, 0] == 1e-5
    with pytest.raises(ValueError, match="read-only"):
        xbar.conductance[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        xbar.wires = WIRES
    assert (xbar.shape, xbar.rows, xbar.cols) == ((2, 3), 2, 3)
    changed = dataclasses.replace(xbar, wires=xc.Wires(row_ohm=0, column_ohm=0))
    assert changed != xbar
    assert dataclasses.replace(changed, wires=WIRES) == xbar
    assert hash(dataclasses.replace(changed, wires=WIRES)) == hash(xbar)


@pytest.mark.parametrize("v0", [0.0, -0.1, float("nan")])
def test_sinh_scale_is_refused(v0):
    with pytest.raises(xc.ParameterError, match="v0_volt"):
        xc.devices.Sinh(v0_volt=v0)


@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.07)])
def test_device_slopes_are_the_derivatives(cell):
    row, column, g, h = np.array(0.13), np.array(-0.05), np.array(2e-5), 1e-6
    here = cell.respond(row, column, g)
    for slope, ahead, back in (
        (here.row_slope, cell.respond(row + h, column, g), cell.respond(row - h, column, g)),
        (here.column_slope, cell.respond(row, column + h, g), cell.respond(row, column - h, g)),
    ):
        assert slope == approx((ahead.current - back.current) / (2 * h), rel=1e-8)
    tiny = cell.respond(np.array(1e-9), np.array(0.0), g).current / 1e-9
    assert cell.zero_bias_conductance(g) == approx(tiny, rel=1e-12)


def test_errors_travel_between_processes():
    error = xc.SimulatorError("m", version="46", said="words")
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.version, back.said, back.deck) == ("m", "46", "words", None)
    other = pickle.loads(pickle.dumps(xc.ConvergenceError("m", failed=[3], result=1)))
    assert (other.failed, other.result) == ((3,), 1)
    assert str(pickle.loads(pickle.dumps(xc.ShapeError("s")))) == "s"


@pytest.mark.parametrize("value", [1e-18, 4.7e3, 2.0e6, 0.1 + 0.2, 1e30])
def test_spice_numbers_survive_the_trip(value):
    assert parse_spice(spice_number(value)) == approx(value, rel=5e-16)


@pytest.mark.parametrize("value", [1e-12, 3e-9, 0.3, 17.0])
def test_the_last_bit_of_a_sum_is_not_written(value):
    for nearby in (np.nextafter(value, 0.0), np.nextafter(value, 99.0)):
        assert spice_number(nearby) == repr(value)


@pytest.mark.parametrize("text", ["", "abc", "1..2", "--3"])
def test_what_is_no_spice_number_is_refused(text):
    with pytest.raises(xc.ParameterError, match="SPICE number"):
        parse_spice(text)


def test_prefixes_for_people():
    assert engineering(999.96e-9, "A") == "1 uA"
    assert engineering(1e-21, "F") == "0.001 aF"
    assert engineering(-0.0012, "V") == "-1.2 mV"


def described():
    """Yield descriptions with arrays in them."""
    g = np.array([[1e-6, 2e-6], [3e-6, 0.0]])
    yield xc.Crossbar(conductance=g, wires=WIRES)
    yield xc.Crossbar(
        conductance=g,
        wires=xc.Wires(
            row_ohm=[[1.0], [2.0]],
            column_ohm=[[1.0, 3.0]],
            row_lead_ohm=1.0,
            column_lead_ohm=1.0,
        ),
    )
    yield xc.nodal.Waveform(time_second=[0.0, 1e-9], volts=[[0.0, 0.1], [0.2, 0.3]])
    yield Dense(weight=np.ones((2, 3)), bias=np.zeros(3))
    statistics = xc.devices.PcmStatistics.joshi2020()
    yield statistics.program(g, rng=np.random.default_rng(1))


def arrays_of(value):
    for field in dataclasses.fields(value):
        one = getattr(value, field.name)
        if isinstance(one, np.ndarray):
            yield one
        elif dataclasses.is_dataclass(one):
            yield from arrays_of(one)


@pytest.mark.parametrize("made", list(described()), ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_is_as_read_only_as_what_it_was_made_of(made, again):
    other = again(made)
    pairs = list(zip(arrays_of(made), arrays_of(other), strict=True))
    assert pairs
    for one, two in pairs:
        np.testing.assert_array_equal(one, two, strict=True)
        assert not two.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            two[...] = 0.0


def test_a_negative_zero_is_a_zero():
    one, two = (xc.Crossbar(conductance=[[zero, 1e-6]], wires=WIRES) for zero in (0.0, -0.0))
    assert one == two
    assert hash(one) == hash(two)
