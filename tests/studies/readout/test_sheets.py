"""Supplies, loads, and sheets over conditions: circuits whose figures are known in closed form."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.optimize import brentq

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import ChargeIntegrator, Sar, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.report.amplifiers import amplifier_rows, spread_rows
from xbar_circuit.studies import characterize_amplifier, characterize_integrator, vary_converter

# one pole, an output resistance, and a supply that reaches the inner node with a gain of one
OPAMP = """* an op-amp of controlled sources
.subckt simple plus minus out vdd vss off=0
Bin d 0 V=v(plus,minus)+off
Ga 0 p d 0 1m
Gs 0 p vdd 0 1u
Rp p 0 1meg
Cp p 0 1p
Eb b 0 p 0 1
Rb b out 100
Rs vdd vss 10k
.ends
"""
# decides while the clock is low, holds while it is high
COMPARATOR = """* a comparator of controlled sources
.subckt decides plus minus clock out vdd vss off=0
Bx x 0 V=v(vdd)*(0.5+0.5*tanh(1e4*(v(plus,minus)-off)))
Bn n 0 V=-v(clock)
S1 x q n 0 follow
C1 q 0 10f
E1 out 0 q 0 1
Rs vdd vss 1k
.model follow sw(vt=-0.5 vh=0.1 ron=10 roff=1e12)
.ends
"""
DC_GAIN, POLE, OUT_OHM, FEEDBACK = 1000.0, 1.0 / (2 * np.pi * 1e-6), 100.0, 10e3
SIEMENS = np.full((4, 1), 25e-6)


def circuit(tmp_path, text, name, ports, **more):
    path = tmp_path / f"{name}.sp"
    path.write_text(text)
    return Subcircuit(path, name, ports=ports, supplies={"vdd": 1.1, "vss": 0.0}, **more)


def opamp(tmp_path, **more):
    return circuit(tmp_path, OPAMP, "simple", ("plus", "minus", "out"), **more)


def array(siemens=SIEMENS):
    return xc.Crossbar(conductance=siemens, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))


def margin(load_farad):
    """Phase margin of two poles, of the loop through the feedback into the array."""
    source = 1.0 / SIEMENS.sum()
    loaded = (FEEDBACK + source) / (FEEDBACK + source + OUT_OHM)
    loop = DC_GAIN * loaded * source / (FEEDBACK + source)
    parallel = OUT_OHM * (FEEDBACK + source) / (FEEDBACK + source + OUT_OHM)

    def at(hertz):
        second = 2j * np.pi * hertz * parallel * load_farad
        return loop / ((1.0 + 1j * hertz / POLE) * (1.0 + second))

    unity = brentq(lambda hertz: abs(at(hertz)) - 1.0, 1e6, 1e10)
    return 180.0 + np.degrees(np.angle(at(unity))), loaded, loop


@pytest.mark.parametrize("load_farad", [0.0, 20e-12])
def test_rejection_and_margin_with_a_load_are_those_of_the_closed_form(tmp_path, load_farad):
    report = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp(tmp_path), feedback_ohm=FEEDBACK, reference_volt=0.5),
        crossbar=array(),
        pattern=np.full(4, 0.1),
        common_volt=(),
        load_farad=load_farad,
        supplies=() if load_farad else ({"vdd": 1.0},),
        workers=1,
    )
    expected, loaded, loop = margin(load_farad)
    assert report.phase_margin_degree == approx(expected, rel=2e-3)
    # the supply reaches the output with the gain of the buffer, over the loop
    assert report.psrr_db == approx(20.0 * np.log10((1.0 + loop) / loaded), rel=1e-3)
    (found,) = (v for k, v in amplifier_rows(report) if k.startswith("rejection"))
    assert found == f"{report.psrr_db:.1f} dB"
    deaf = dataclasses.replace(report, psrr_db=np.inf)
    assert "no supply reaches the output" in str(amplifier_rows(deaf))
    assert "inf dB" not in str(amplifier_rows(deaf) + spread_rows(deaf))
    assert set(report.supply_gain) == {"vdd", "vss"}
    assert report.load_farad == load_farad
    if not load_farad:
        (lower,) = report.variations
        assert lower.condition == "celsius=27, vdd=1"
        assert report.supply_ampere == approx(1.1 / 10e3, rel=1e-6)
        assert lower.merits["supply_ampere"] == approx(1.0 / 10e3, rel=1e-6)
        # a tenth of a volt less at the inner node, over the loop
        moved = lower.merits["offset_volt"] - report.offset_volt
        assert moved == approx(-0.1 * loaded / (1.0 + loop), rel=1e-3)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_supply_that_the_circuit_does_not_have_is_refused(tmp_path):
    with pytest.raises(xc.ParameterError, match=r"supplies.*vcc.*vdd"):
        characterize_amplifier(
            TransimpedanceAmplifier(opamp=opamp(tmp_path), feedback_ohm=FEEDBACK),
            crossbar=array(),
            pattern=np.full(4, 0.1),
            supplies=({"vcc": 1.0},),
        )


def test_a_converters_sheet_finds_the_offsets_that_were_drawn(tmp_path):
    comparator = circuit(
        tmp_path, COMPARATOR, "decides", ("plus", "minus", "clock", "out"), parameters={"off": 0.0}
    )
    sar = Sar(bits=3, low_volt=0.1, high_volt=0.9, comparator=comparator, clock_hertz=1e9)
    settings = {"mismatch": {"off": 0.02}, "samples": 2, "supplies": ({"vdd": 1.2},)}
    found = vary_converter(
        sar, **settings, rng=np.random.default_rng(3), folder=tmp_path / "sheet", workers=1
    )
    assert [one.condition for one in found] == ["celsius=27, vdd=1.2"] * 2
    for one in found:
        assert not one.failure
        # the comparator adds its offset to every threshold; to half a bracket each way
        drawn = one.parameters["off"] / 0.1
        assert abs(one.merits["offset_lsb"] - drawn) < 1.0 / 16.0
        assert one.merits["missing_codes"] == 0.0
        assert list((tmp_path / "sheet" / "decks").glob("*/conversions-*.cir"))
    assert abs(found[0].parameters["off"] - found[1].parameters["off"]) > 0.01
    with pytest.raises(xc.ParameterError, match="without a circuit"):
        vary_converter(Sar(bits=3))


def test_an_integrators_sheet_moves_with_the_offset_of_its_op_amp(tmp_path):
    amplifier = ChargeIntegrator(
        opamp=opamp(tmp_path, parameters={"off": 0.0}),
        farad=4e-12,
        window_second=20e-9,
        reference_volt=0.5,
    )
    report = characterize_integrator(
        amplifier,
        crossbar=array(np.full((4, 1), 10e-6)),
        pattern=np.full(4, 0.1),
        points=3,
        overdrive=1.0,
        mismatch={"off": 5e-3},
        samples=1,
        rng=np.random.default_rng(1),
        workers=1,
    )
    (one,) = report.variations
    assert not one.failure
    assert one.merits["gain_ohm"] == approx(report.gain_ohm, rel=1e-3)
    # `off` stands in series with plus: it is held on the output at reset, and its current through
    # the array is integrated for a window
    share = 1.0 + 20e-9 * 40e-6 / 4e-12
    moved = one.merits["offset_volt"] - report.offset_volt
    assert moved == approx(one.parameters["off"] * share, rel=0.1)
    json.dumps(report.to_dict(), allow_nan=False)
