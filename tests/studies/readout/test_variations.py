"""Corners, temperature and mismatch of amplifiers and sense amplifiers."""

import dataclasses
import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import CurrentConveyor, OpAmp, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.resources import device_model
from xbar_circuit.studies import characterize_amplifier, characterize_sense_amplifier

PATTERN = np.full(4, 0.1)
IDEAL = OpAmp(dc_gain=1e5, unity_hertz=1e9, output_low_volt=-5.0, output_high_volt=5.0)

GAIN_MAY_TURN = """* an op-amp whose gain is a parameter
.subckt amp inp inn out vdd gain=1
I1 vdd 0 10u
G1 0 x inp inn {gain*1m}
R1 x 0 1e6
C1 x 0 1p
E1 out 0 x 0 1
.ends
"""


def crossbar():
    conductance = np.random.default_rng(2).uniform(10e-6, 40e-6, (4, 1))
    return xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))


def measure(amplifier, **settings):
    return characterize_amplifier(
        amplifier, crossbar=crossbar(), pattern=PATTERN, workers=1, **settings
    )


def ours(name, ports):
    return Subcircuit(
        device_model(f"{name}.lib"),
        name,
        ports=ports,
        supplies={"vdd": 1.1, "vss": 0.0},
        models=(device_model("cmos45_corners.lib"), "tt"),
    )


def test_injected_offsets_come_out_and_a_run_goes_on_where_it_stopped(tmp_path):
    amplifier = TransimpedanceAmplifier(opamp=IDEAL, feedback_ohm=5e3)
    settings = {"mismatch": {"offset_volt": 3e-3}, "samples": 3, "folder": tmp_path}

    def stop(outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(amplifier, rng=np.random.default_rng(1), progress=stop, **settings)
    seen = []
    report = measure(amplifier, rng=np.random.default_rng(1), progress=seen.append, **settings)
    assert [outcome.restored for outcome in seen] == [True, False, False]
    source = 1.0 / xc.nodal.transfer(crossbar()).sum()
    put_in = np.array([v.parameters["offset_volt"] for v in report.variations])
    came_out = np.array([v.merits["offset_volt"] for v in report.variations])
    np.testing.assert_allclose(
        came_out - report.offset_volt, put_in * (1 + 5e3 / source), rtol=0.02
    )
    mean, sigma, least, largest = report.spread("offset_volt")
    np.testing.assert_allclose(
        [mean, sigma, least, largest],
        [came_out.mean(), came_out.std(ddof=1), came_out.min(), came_out.max()],
    )
    decks = {path.name for path in (tmp_path / "decks").iterdir()}
    assert {"transfer.cir", "noise.cir", "celsius=27--sample=2.cir"} <= decks
    deck = (tmp_path / "decks" / "transfer.cir").read_text()
    plot = xc.spice.run(deck)[0]  # what the deck itself asks for
    np.testing.assert_allclose(plot["v(out)"], report.output_volt, atol=1e-9)
    json.dumps(report.to_dict(), allow_nan=False)


def test_failed_samples_are_kept_and_named(tmp_path):
    path = tmp_path / "amp.lib"
    path.write_text(GAIN_MAY_TURN)
    amp = Subcircuit(
        path,
        "amp",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.0},
        parameters={"gain": 1.0},
    )
    report = measure(
        TransimpedanceAmplifier(opamp=amp, feedback_ohm=5e3),
        mismatch={"gain": 1.5},
        samples=4,
        rng=np.random.default_rng(3),
    )
    turned = [1.0 + v.parameters["gain"] < 0.0 for v in report.variations]
    assert [v.merits is None for v in report.variations] == turned
    assert 0 < sum(turned) < 4
    assert ["wrong sign" in v.failure for v in report.variations] == turned


def test_gain_and_offset_over_common_mode_of_a_known_amplifier():
    report = measure(
        TransimpedanceAmplifier(
            opamp=OpAmp(dc_gain=200.0, unity_hertz=1e9, offset_volt=4e-3), feedback_ohm=5e3
        ),
        common_volt=(0.4, 0.5, 0.6),
    )
    source = 1.0 / xc.nodal.transfer(crossbar()).sum()
    # node equation of the minus input with v_out = 0.5 + 200 (v_ref + 4 mV - v_minus)
    expected = []
    for volt in report.common_volt:
        share = source / (source + 5e3)
        out = (0.5 + 200 * (volt + 4e-3) - 200 * (1 - share) * volt) / (1 + 200 * share)
        expected.append(out - volt)
    np.testing.assert_allclose(report.common_offset_volt, expected, rtol=1e-3)
    np.testing.assert_allclose(report.common_gain_ohm, report.gain_ohm, rtol=1e-3)
    np.testing.assert_allclose(
        report.ground_error_volt[0], report.input_ohm * report.full_scale_ampere, rtol=1e-3
    )


def test_a_conveyor_is_what_its_formula_says():
    conveyor = CurrentConveyor(
        ratio=0.5,
        input_ohm=30.0,
        offset_ampere=1e-6,
        load_ohm=20e3,
        bandwidth_hertz=100e6,
        limit_ampere=20e-6,
    )
    report = measure(conveyor, bits=10)
    np.testing.assert_allclose(report.gain_ohm, 10e3, rtol=1e-6)
    np.testing.assert_allclose(report.offset_volt, -10e3 * 1e-6, rtol=1e-6)
    np.testing.assert_allclose(report.input_ohm, 30.0, rtol=1e-6)
    np.testing.assert_allclose(report.swing_high_volt, 0.5 + 0.5 * 20e-6 * 20e3, rtol=0.02)
    tau = 1.0 / (2 * np.pi * 100e6)
    np.testing.assert_allclose(report.settling_second, tau * np.log(2**11), rtol=0.02)
    assert np.isnan(report.phase_margin_degree)
    json.dumps(report.to_dict(), allow_nan=False)


def test_transistors_at_corners_on_a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    amplifier = TransimpedanceAmplifier(
        opamp=ours("two_stage_opamp", ("plus", "minus", "out")), feedback_ohm=5e3
    )
    settings = {"crossbar": crossbar(), "pattern": PATTERN, "corners": ("ss", "tt", "ff")}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        report = characterize_amplifier(amplifier, executor=client.get_executor(), **settings)
    ampere = [v.merits["supply_ampere"] for v in report.variations]
    assert ampere[0] < ampere[1] < ampere[2]
    assert report.variations[1].merits == approx(report.merits, nan_ok=True)


def test_macromodel_of_a_large_array_measures_the_same_amplifier():
    conductance = np.random.default_rng(5).uniform(2e-6, 20e-6, (64, 3))
    xbar = xc.Crossbar(
        conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, column_farad=0.2e-15)
    )
    amplifier = TransimpedanceAmplifier(
        opamp=ours("two_stage_opamp", ("plus", "minus", "out")), feedback_ohm=4e3
    )
    full, small = (
        characterize_amplifier(
            amplifier,
            crossbar=xbar,
            column=1,
            pattern=np.full(64, 0.05),
            array=array,
            common_volt=(),
        )
        for array in ("full", "macromodel")
    )
    assert small.gain_ohm == approx(full.gain_ohm, rel=1e-6)
    assert small.offset_volt == approx(full.offset_volt, rel=1e-4)
    assert small.settling_second == approx(full.settling_second, rel=0.02)
    assert small.phase_margin_degree == approx(full.phase_margin_degree, abs=1.0)
    assert small.noise_volt == approx(full.noise_volt, rel=0.01)


def test_a_column_of_256_rows_through_the_macromodel_carries_the_nodal_current():
    conductance = np.random.default_rng(5).uniform(1e-6, 10e-6, (256, 32))
    xbar = xc.Crossbar(
        conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, column_farad=0.2e-15)
    )
    pattern = np.random.default_rng(6).uniform(0.0, 0.05, 256)
    report = characterize_amplifier(
        TransimpedanceAmplifier(
            opamp=ours("two_stage_opamp", ("plus", "minus", "out")), feedback_ohm=4e3
        ),
        crossbar=xbar,
        column=16,
        pattern=pattern,
        common_volt=(),
    )
    held = np.interp(0.0, report.input_current, report.input_volt) - 0.5
    loaded = dataclasses.replace(xbar, terminals=xc.Terminals(bottom_ohm=report.input_ohm))
    ideal = dataclasses.replace(xbar, terminals=xc.Terminals())
    between = [
        xc.nodal.read(array, pattern - held).column_current[0, 16] for array in (loaded, ideal)
    ]
    assert between[0] == approx(report.full_scale_ampere, rel=0.01)
    assert between[1] > 1.02 * between[0]  # the input's resistance is seen
    assert 60.0 < report.phase_margin_degree < 120.0


def test_gains_that_are_put_in_come_out():
    conveyor = CurrentConveyor(ratio=1.0, load_ohm=10e3, input_ohm=10.0)
    report = measure(conveyor, mismatch={"ratio": 0.05}, samples=2, rng=np.random.default_rng(2))
    for variation in report.variations:
        expected = 10e3 * (1.0 + variation.parameters["ratio"])
        assert variation.merits["gain_ohm"] == approx(expected, rel=1e-4)


def test_wrong_conditions_are_refused():
    amplifier = TransimpedanceAmplifier(opamp=IDEAL, feedback_ohm=5e3)
    with pytest.raises(xc.ParameterError, match="no corners"):
        measure(amplifier, corners=("ss",))
    with pytest.raises(xc.ParameterError, match="rng"):
        measure(amplifier, mismatch={"offset_volt": 1e-3})
    with pytest.raises(xc.ParameterError, match="offset_volt"):
        measure(amplifier, mismatch={"offset": 1e-3}, rng=np.random.default_rng(1))
    with pytest.raises(xc.ParameterError, match="load_ohm"):
        measure(CurrentConveyor())
    with pytest.raises(xc.ParameterError, match="does not declare"):
        characterize_sense_amplifier(
            ours("strongarm", ("plus", "minus", "clock", "out", "complement")),
            rng=np.random.default_rng(1),
            mismatch={"dvt9": 1e-3},
        )


def test_a_measurement_at_nominal_conditions_is_found_again_with_its_decks(tmp_path):
    loads = (5e3, 6e3)
    amplifiers = [TransimpedanceAmplifier(opamp=IDEAL, feedback_ohm=ohm) for ohm in loads]
    first, other = (measure(one, folder=tmp_path) for one in amplifiers)
    assert other.gain_ohm == approx(6e3, rel=1e-3)
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == 2  # one folder, two amplifiers
    before = {path: path.stat().st_mtime_ns for path in kept}
    again = measure(amplifiers[0], folder=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert json.dumps(again.to_dict()) == json.dumps(first.to_dict())
    sheet = (tmp_path / "decks" / "sheet.cir").read_text(encoding="utf-8")
    measure(amplifiers[0], folder=tmp_path / "alone")
    alone = (tmp_path / "alone" / "decks" / "sheet.cir").read_text(encoding="utf-8")
    assert sheet == alone  # of this amplifier, not of the one that was measured last
