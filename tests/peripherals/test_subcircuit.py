"""What a user's own circuit is checked for before anything is simulated."""

import pickle

import pytest

import xbar_circuit as xc
from xbar_circuit.peripherals import Subcircuit, TransimpedanceAmplifier
from xbar_circuit.resources import device_model

TEXT = """* an op-amp
.subckt Other a b
R1 a b 1k
.ends
.subckt MyAmp INP inn  ; the inputs
+ vout vdd params: w=1u
* a comment between
E1 vout 0 inp inn 1000
R1 vdd 0 1k
.ends
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.lib"
    path.write_text(TEXT)
    return path


NAMED = {"plus": "inp", "minus": "inn", "out": "vout"}


def test_ports_are_put_in_the_order_of_the_file(file):
    amp = Subcircuit(file, "myamp", ports=NAMED, supplies={"vdd": 1.2}, parameters={"w": 2e-6})
    assert amp.order == ("inp", "inn", "vout", "vdd")
    lines = amp.instance_lines("a", {"plus": "p", "minus": "m", "out": "o"})
    assert lines == ["Xa p m o a_vdd myamp w=2e-06", "Va_vdd a_vdd 0 DC 1.2"]
    listed = Subcircuit(file, "myamp", ports=("plus", "minus", "out"), supplies={"vdd": 1.2})
    assert dict(listed.ports) == NAMED
    assert hash(amp) != hash(listed)


@pytest.mark.parametrize(
    ("ports", "supplies", "words"),
    [
        (NAMED, {}, "unconnected: vdd"),
        ({**NAMED, "out": "output"}, {"vdd": 1.0}, "unknown: output"),
        ({**NAMED, "out": "inn"}, {"vdd": 1.0}, "connected twice: inn"),
        (("plus", "minus"), {"vdd": 1.0}, "order of myamp's ports \\(inp inn vout\\)"),
        ("plus", {"vdd": 1.0}, "mapping"),
    ],
)
def test_wrong_ports_are_named(file, ports, supplies, words):
    with pytest.raises(xc.ParameterError, match=words):
        Subcircuit(file, "myamp", ports=ports, supplies=supplies)


def test_wrong_name_lists_what_there_is(file):
    with pytest.raises(xc.ModelFileError, match="Other, MyAmp"):
        Subcircuit(file, "amp", ports=NAMED)


def test_missing_files_are_named(tmp_path, file):
    with pytest.raises(xc.ModelFileError, match="nowhere"):
        Subcircuit(tmp_path / "nowhere.lib", "myamp", ports=NAMED)
    with pytest.raises(xc.ModelFileError, match="models"):
        Subcircuit(file, "myamp", ports=NAMED, supplies={"vdd": 1}, models=("pdk.lib", "tt"))


def test_a_control_block_is_refused(tmp_path):
    path = tmp_path / "evil.lib"
    path.write_text(TEXT + ".control\nshell date\n.endc\n")
    with pytest.raises(xc.ModelFileError, match=r"line 11: got '.control'"):
        Subcircuit(path, "myamp", ports=NAMED, supplies={"vdd": 1.0})


def test_a_seat_says_which_role_is_missing(file):
    half = Subcircuit(
        file, "myamp", ports={"plus": "inp", "in": "inn", "out": "vout"}, supplies={"vdd": 1.0}
    )
    with pytest.raises(xc.ParameterError, match="is minus"):
        TransimpedanceAmplifier(opamp=half, feedback_ohm=1e3)


def test_a_wrong_order_of_roles_is_told_by_the_names(file):
    with pytest.raises(xc.ParameterError, match="role minus on a port called inp"):
        Subcircuit(file, "myamp", ports=("minus", "plus", "out"), supplies={"vdd": 1.0})


def test_an_undeclared_parameter_is_refused(file):
    with pytest.raises(xc.ParameterError, match=r"does not declare.*one of w"):
        Subcircuit(file, "myamp", ports=NAMED, supplies={"vdd": 1.0}, parameters={"width": 1.0})


def test_a_control_block_in_an_included_file_is_refused(tmp_path, file):
    inner = tmp_path / "models.lib"
    inner.write_text(".control\nquit\n.endc\n")
    outer = tmp_path / "outer.lib"
    outer.write_text('.include "models.lib"\n' + TEXT)
    with pytest.raises(xc.ModelFileError, match=r"models.lib, line 1: got '.control'"):
        Subcircuit(outer, "myamp", ports=NAMED, supplies={"vdd": 1.0})
    with pytest.raises(xc.ModelFileError, match=r"models.lib, line 1: got '.control'"):
        Subcircuit(file, "myamp", ports=NAMED, supplies={"vdd": 1.0}, models=inner)


def test_corners_and_parameters_vary_and_survive_a_trip():
    library = device_model("cmos45_corners.lib")
    amp = Subcircuit(
        device_model("two_stage_opamp.lib"),
        "two_stage_opamp",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=(library, "tt"),
        parameters={"dvtn": 1e-3},
    )
    slow = amp.varied(corner="ss", parameters={"dvtp": 2e-3})
    assert slow.models == ((library.resolve(), "ss"),)
    assert dict(slow.parameters) == {"dvtn": 1e-3, "dvtp": 2e-3}
    assert pickle.loads(pickle.dumps(slow)) == slow
    with pytest.raises(xc.ModelFileError, match="tt, ss, ff, sf, fs"):
        amp.varied(corner="tm")


def test_a_circuit_without_corners_has_none(file):
    plain = Subcircuit(file, "myamp", ports=NAMED, supplies={"vdd": 1.0})
    with pytest.raises(xc.ParameterError, match="has none"):
        plain.varied(corner="ss")
