"""Devices that differ: each spread moves what it says and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.devices import PcmCell, PcmVariability
from xbar_circuit.devices.pcm.variability import PcmDevices

K_EV = 1.380649e-23 / 1.602176634e-19  # exact (SI)
NONE = PcmVariability(
    thermal=0.0, area=0.0, noise=0.0, activation_ev=0.0, drift_exponent=0.0,
    thin_drift_exponent=0.0, crystal_drift_exponent=0.0, nuclei=0.0, pulse=0.0,
)  # fmt: skip
DEVIATIONS = {
    "thermal": 1.0, "area": 1.0, "noise": 1.0, "nuclei": 1.0, "barrier_ev": 0.0,
    "thin_exponent": 0.0, "thick_exponent": 0.0, "crystal_exponent": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("spread", "moved", "logarithmic"),
    [
        ("thermal", "thermal", True),
        ("area", "area", True),
        ("noise", "noise", True),
        ("activation_ev", "barrier_ev", False),
        ("drift_exponent", "thick_exponent", False),
        ("thin_drift_exponent", "thin_exponent", False),
        ("crystal_drift_exponent", "crystal_exponent", False),
        ("nuclei", "nuclei", False),
        ("pulse", None, False),  # drawn at each pulse
    ],
)
def test_a_spread_is_the_standard_deviation_of_its_own_number(spread, moved, logarithmic):
    drawn = replace(NONE, **{spread: 0.2}).draw(PcmCell(), 4000, rng=np.random.default_rng(5))
    for name, middle in DEVIATIONS.items():
        values = getattr(drawn, name)
        if name != moved:
            np.testing.assert_array_equal(values, middle)
            continue
        values = np.log(values) if logarithmic else values - middle
        assert values.std() == approx(0.2, rel=0.05)
        assert abs(values.mean()) < 4 * 0.2 / np.sqrt(4000)


def test_deviations_scale_and_shift_the_numbers_of_the_cell():
    cell = PcmCell()
    devices = PcmDevices(
        cell=cell,
        thermal=np.array([1.1, 1.0]),
        area=np.array([1.2, 1.0]),
        noise=np.array([1.3, 1.0]),
        barrier_ev=np.array([0.01, 0.0]),
        thin_exponent=np.array([0.02, -1.0]),
        thick_exponent=np.array([0.03, -1.0]),
        crystal_exponent=np.array([0.04, -1.0]),
        nuclei=np.array([1.4, 1.0]),
    )
    own, p = cell.numbers, devices.numbers
    for name, factor in (
        ("r_th", 1.1),
        ("i_scale", 1.2),
        ("q_thin", 1.3),
        ("q_thick", 1.3),
        ("n_nuclei", 1.4),
    ):
        np.testing.assert_allclose(getattr(p, name) / getattr(own, name), [factor, 1.0])
    np.testing.assert_allclose(p.e_act - own.e_act, [0.01 / K_EV, 0.0], rtol=1e-9)
    np.testing.assert_allclose(p.nu_thin, [0.046 + 0.02, 0.0], rtol=1e-9)  # none below 0
    np.testing.assert_allclose(p.nu_thick, [0.175 + 0.03, 0.0], rtol=1e-9)
    np.testing.assert_allclose(p.nu_crystal, [0.046 + 0.04, 0.0], rtol=1e-9)
    # an equal device is the cell itself, also read later, warmer and from a warm store
    same = NONE.draw(cell, 1, rng=np.random.default_rng(0))
    later = same.at(1e6, celsius=56.85, storage_celsius=76.85)
    known = replace(cell, celsius=56.85).aged(1e6, storage_celsius=76.85)
    for u in (5e-9, 40e-9):
        assert later.conductance(u)[0] == approx(float(known.conductance(u, read_volt=0.2)))
        assert later.noise_amplitude(u)[0] == approx(float(known.noise_amplitude(u)))
