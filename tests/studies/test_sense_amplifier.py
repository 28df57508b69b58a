"""The sense amplifier's bench on the StrongARM latch."""

import json

import numpy as np

from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.resources import device_model
from xbar_circuit.studies import characterize_sense_amplifier


def test_an_offset_that_is_put_in_comes_out(tmp_path):
    wrapped = tmp_path / "wrapped.lib"
    wrapped.write_text(
        "* a latch with a known offset in series with its plus input\n"
        f'.include "{device_model("strongarm.lib")}"\n'
        ".subckt wrapped plus minus clock out outb vdd vss shift=0\n"
        "Vshift inner plus DC {shift}\n"
        "X1 inner minus clock out outb vdd vss strongarm\n"
        ".ends\n"
    )
    latch = Subcircuit(
        wrapped,
        "wrapped",
        ports=("plus", "minus", "clock", "out", "complement"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    report = characterize_sense_amplifier(
        latch, rng=np.random.default_rng(4), mismatch={"shift": 10e-3}, samples=6, steps=8
    )
    shifts = 10e-3 * np.random.default_rng(4).standard_normal(6)
    # the latch itself is symmetric but for the gates that hold its decision
    np.testing.assert_allclose(report.offsets_volt + shifts, 0.0, atol=2 * report.resolution_volt)
    np.testing.assert_allclose(report.offset_sigma_volt, shifts.std(ddof=1), rtol=0.05)
    # regeneration is exponential: a larger input decides sooner
    assert np.isfinite(report.decision_second).all()
    assert (np.diff(report.decision_second) <= 1e-12).all()
    assert report.decision_second[0] > 1.5 * report.decision_second[-1]
    assert (np.diff(report.error_rate) <= 0.0).all()
    assert report.error_rate[0] >= 0.4
    json.dumps(report.to_dict())
