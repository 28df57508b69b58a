"""Files as kits and designers write them, and settings that would hold for a whole deck."""

import pickle

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Subcircuit, TransimpedanceAmplifier
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.studies import characterize_amplifier
from xbar_circuit.studies.readout.variations import at_condition, conditions

BODY = """E1 o 0 {plus} {minus} 2000
R1 o p 1k
C1 p 0 1p
E2 {out} 0 p 0 1
R2 vdd vss 10k
"""
NAMED = {"plus": "inp", "minus": "inn", "out": "out"}
RAILS = {"vdd": 1.1, "vss": 0.0}


def amp(tmp_path, header, *, before="", name="amp", inp="inp", inn="inn", **settings):
    path = tmp_path / "amp.sp"
    body = BODY.format(plus=inp, minus=inn, out="out")
    path.write_text(f"{before}{header}\n{body}.ends\n", encoding="utf-8")
    return Subcircuit(path, name, ports=NAMED, supplies=RAILS, **settings)


def transimpedance(circuit, celsius=27.0):
    """Measure it on one device of 10 uS: the gain error of a loop gain of about 2000."""
    return characterize_amplifier(
        TransimpedanceAmplifier(opamp=circuit, feedback_ohm=1e4),
        crossbar=xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=0.0, column_ohm=0.0)),
        pattern=[0.1],
        celsius=celsius,
        common_volt=(),
        workers=1,
    )


@pytest.mark.parametrize(
    "header",
    [
        ".subckt amp inp inn out vdd vss l=1u w='2 * l'",
        ".subckt amp inp inn out vdd vss l=1u w={2 * l}",
        ".subckt amp inp inn out vdd vss;the ports",
        ".subckt amp inp inn out vdd vss // the ports",
        ".subckt amp inp inn out vdd vss $ the ports",
        ".SUBCKT AMP INP INN OUT\n* a comment between\n+ VDD VSS params: l=1u",
        "*#######################################\n.subckt amp inp inn out vdd vss",
        "\ufeff.subckt amp inp inn out vdd vss",
    ],
)
def test_headers_of_kits_are_read_and_run(tmp_path, header):
    circuit = amp(tmp_path, header)
    assert circuit.order == ("inp", "inn", "out", "vdd", "vss")
    answer = xc.spice.run(
        "\n".join(
            [
                "gain",
                *circuit.include_lines(),
                *circuit.instance_lines("a", {"plus": "p", "minus": "0", "out": "out"}),
                "Vp p 0 1m",
            ]
        ),
        xc.spice.Op(),
    )
    assert answer["v(out)"][0] == approx(2.0)


def test_the_top_of_an_xschem_netlist_is_a_subcircuit(tmp_path):
    path = tmp_path / "xschem.spice"
    body = BODY.format(plus="inp", minus="inn", out="out")
    path.write_text(f"**.subckt amp inp inn out vdd vss\n*.iopin vdd\n{body}**.ends\n.end\n")
    circuit = Subcircuit(path, "amp", ports=NAMED, supplies=RAILS)
    lines = circuit.instance_lines("a", {"plus": "p", "minus": "0", "out": "out"})
    deck = "\n".join(["gain", *circuit.include_lines(), *lines, "Vp p 0 1m"])
    assert xc.spice.run(deck, xc.spice.Op())["v(out)"][0] == approx(2.0)


def test_a_subcircuit_in_an_included_file_with_spaces_and_an_environment_variable(
    tmp_path, monkeypatch
):
    (tmp_path / "a folder").mkdir()
    amp(tmp_path / "a folder", ".subckt amp inp inn out vdd vss")
    outer = tmp_path / "outer.sp"
    for line in ('.include "a folder/amp.sp"', ".include $PDK_ROOT/amp.sp"):
        monkeypatch.setenv("PDK_ROOT", str(tmp_path / "a folder"))
        outer.write_text(line + "\n")
        assert Subcircuit(outer, "amp", ports=NAMED, supplies=RAILS).order[:2] == ("inp", "inn")


def test_bias_currents_and_global_supplies_reach_the_circuit(tmp_path):
    path = tmp_path / "biased.sp"
    path.write_text(
        ".global vdd\n.subckt biased in out vdd vss ibias\nRb ibias vss 10k\n"
        "Rl vdd out 1k\nG1 out vss ibias vss 1m\nRi in 0 1k\n.ends\n"
    )
    settings = {"ports": {"input": "in", "out": "out"}, "currents": {"ibias": 20e-6}}
    circuit = Subcircuit(path, "biased", supplies={"vdd": 1.8, "vss": 0.0}, **settings)
    lines = ["bias", *circuit.include_lines()]
    for k in range(2):  # two of them feed the same global node
        nodes = {"input": f"in{k}", "out": f"out{k}"}
        lines += circuit.varied(supplies={"vss": 0.1}).instance_lines(f"x{k}", nodes)
    answer = xc.spice.run("\n".join(lines), xc.spice.Op())
    for k in range(2):
        assert answer[f"v(out{k})"][0] == approx(1.8 - 1e3 * 1e-3 * 20e-6 * 10e3, rel=1e-5)
    with pytest.raises(xc.ParameterError, match="no voltage for vdd"):
        Subcircuit(path, "biased", supplies={"vss": 0.0}, **settings)
    signal = settings | {"ports": {"input": "in", "out": "out", "rail": "vdd"}}
    with pytest.raises(xc.ParameterError, match="one for all circuits"):
        Subcircuit(path, "biased", supplies={"vss": 0.0, "vdd": 1.0}, **signal)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (".temp 125", "temp=125.*give celsius="),
        (
            ".options reltol=0.01 gmin=1e-9 temp=125",
            "'reltol=0.01', 'gmin=1e-9', 'temp=125'.*give celsius=.*accept=\\('reltol', 'gmin'\\)",
        ),
        (".options reltol=0.01", "reltol=0.01.*accept=\\('reltol',\\)"),
        (".option scale=1u", "scale=1u.*accept=\\('scale',\\)"),
        (".tran 1n 1u", "'.tran 1n 1u' outside"),
        ("V1 vdd 0 1.8", "'V1 vdd 0 1.8' outside"),
    ],
)
def test_what_would_hold_for_the_whole_deck_is_refused_by_name(tmp_path, card, words):
    header = ".subckt amp inp inn out vdd vss"
    with pytest.raises(xc.ModelFileError, match=words):
        amp(tmp_path, header, before=f"{card}\n")
    library = tmp_path / "kit.lib"
    library.write_text(f".lib tt\n{card}\n.endl\n")
    with pytest.raises(xc.ModelFileError, match=words):
        amp(tmp_path, header, models=(library, "tt"))


def test_a_temperature_that_is_asked_for_holds(tmp_path):
    text = (
        ".subckt amp inp inn out vdd vss\nE1 o 0 inp inn 2000\nR1 o p 1k\nC1 p 0 1p\n"
        "E2 out 0 p 0 1\nR2 vdd vss 10k tc1=4m\n.ends\n"
    )
    path = tmp_path / "warm.sp"
    path.write_text(text)
    circuit = Subcircuit(path, "amp", ports=NAMED, supplies=RAILS)
    report = transimpedance(circuit, celsius=(27.0, 127.0))
    cold, warm = (v.merits["supply_ampere"] for v in report.variations)
    assert cold / warm == approx(1.4, rel=1e-6)


def test_an_accepted_scale_is_known(tmp_path):
    circuit = amp(
        tmp_path,
        ".subckt amp inp inn out vdd vss",
        before=".option scale=1u\n",
        accept=("scale",),
    )
    assert circuit.declared.scale_metre == approx(1e-6)


@pytest.mark.parametrize("name", ["converter", "opamp", "amplifier", "buffer", "converter_0"])
def test_a_circuit_may_have_a_name_that_is_ours(tmp_path, name):
    report = transimpedance(amp(tmp_path, f".subckt {name} inp inn out vdd vss", name=name))
    assert report.gain_error == approx(-0.0005, rel=0.05)


def test_every_library_keeps_its_own_corner(tmp_path):
    first, second = tmp_path / "l1.lib", tmp_path / "l2.lib"
    first.write_text(".lib tt\n.param a=1\n.endl\n.lib ss\n.param a=2\n.endl\n")
    second.write_text(".lib typ\n.param b=1\n.endl\n.lib wcs\n.param b=2\n.endl\n")
    plain = tmp_path / "plain.lib"
    plain.write_text(".param c=1\n")
    header = ".subckt amp inp inn out vdd vss"
    circuit = amp(tmp_path, header, models=((first, "tt"), (second, "typ")))
    assert circuit.models == ((first, "tt"), (second, "typ"))
    mixed = circuit.varied(corner="ss+wcs")
    assert [corner for _, corner in mixed.models] == ["ss", "wcs"]
    assert pickle.loads(pickle.dumps(mixed)) == mixed
    three = amp(tmp_path, header, models=((first, "tt"), plain, (second, "typ")))
    assert [corner for _, corner in three.varied(corner="tt+wcs").models] == ["tt", None, "wcs"]
    with pytest.raises(xc.ModelFileError, match=r"'ss'.*l2.lib: typ, wcs.*ss\+wcs"):
        circuit.varied(corner="ss")
    with pytest.raises(xc.ParameterError, match=r"one for each of l1.lib, l2.lib"):
        circuit.varied(corner="ss+wcs+tt")
    two = amp(tmp_path, header, models=(plain, plain))
    assert len(two.models) == 2
    assert amp(tmp_path, header, models=(first, "tt")).models == ((first, "tt"),)


def test_a_kits_monte_carlo_follows_its_seed(tmp_path):
    library = tmp_path / "kit.lib"
    library.write_text(".lib mm\n.param shift='agauss(0, 10m, 1)'\n.endl\n")
    path = tmp_path / "amp.sp"
    path.write_text(
        ".subckt amp inp inn out vdd vss\nV1 i inp DC {shift}\nE1 o 0 i inn 2000\nR1 o p 1k\n"
        "C1 p 0 1p\nE2 out 0 p 0 1\nR2 vdd vss 10k\n.ends\n"
    )
    circuit = Subcircuit(path, "amp", ports=NAMED, supplies=RAILS, models=(library, "mm"))
    sampled = conditions((), (27.0,), kit_samples=3, rng=np.random.default_rng(5))
    assert [v.name for v in sampled] == [f"celsius=27, kit sample={k}" for k in range(3)]

    def offset(variation):
        one = at_condition(circuit, variation)
        nodes = {"plus": "0", "minus": "0", "out": "out"}
        deck = "\n".join(["offset", *one.include_lines(), *one.instance_lines("a", nodes)])
        return xc.spice.run(deck, xc.spice.Op(), **run_settings([one]))["v(out)"][0] / 2000

    volts = [offset(variation) for variation in sampled]
    assert [offset(variation) for variation in sampled[:1]] == volts[:1]
    assert np.ptp(volts) > 1e-3
    with pytest.raises(xc.ParameterError, match="rng"):
        conditions((), (27.0,), kit_samples=3)


def test_circuits_that_do_not_go_together_are_refused(tmp_path):
    header = ".subckt amp inp inn out vdd vss"
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first = amp(tmp_path / "a", header)
    with pytest.raises(xc.ParameterError, match=r"\.subckt amp in .*a/amp.sp and in .*b/amp.sp"):
        run_settings([first, amp(tmp_path / "b", header)])
    micro = amp(tmp_path / "b", header, before=".option scale=1u\n", accept=("scale",))
    with pytest.raises(xc.ParameterError, match="count in 1e-06 m and 1 m"):
        run_settings([first, micro])
    with pytest.raises(xc.ParameterError, match="dialect"):
        run_settings([first, amp(tmp_path / "b", header, compatibility="hsa")])
    assert run_settings([first, first, None])["compatibility"] == ""
