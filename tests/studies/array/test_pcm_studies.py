"""Arrays of PCM: the published error of a product, and what a write does to its neighbours."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import PcmCell, PcmStatistics
from xbar_circuit.devices.pcm.dynamics import Pulse
from xbar_circuit.errors import ParameterError
from xbar_circuit.studies.array.half_select import half_select
from xbar_circuit.studies.array.mvm_error import HOURS, gaussian_weights, mvm_error, sparse_inputs


def table(statistics, seed=0):
    rng = np.random.default_rng(seed)
    return mvm_error(
        statistics,
        weights=gaussian_weights(512, 512, rng=rng),
        inputs=sparse_inputs(64, 512, rng=rng),
        seconds=list(HOURS.values()),
        rng=rng,
    )


def test_the_error_of_512_by_512_weights_is_the_published_13_percent():
    result = table(PcmStatistics.joshi2020())
    assert result.raw[0] == approx(0.13, abs=0.01)
    assert np.all(np.diff(result.raw) > 0.0)
    assert result.raw[-1] > 0.45
    assert result.compensated[-1] < 0.25
    assert np.all(result.compensated <= result.raw + 0.01)


def test_without_imperfections_there_is_no_error():
    exact = replace(
        PcmStatistics.joshi2020(), programming_scale=0.0, drift_scale=0.0, read_scale=0.0
    )
    result = table(exact)
    assert result.raw.max() < 1e-14


def test_weights_beyond_one_are_refused():
    with pytest.raises(ParameterError, match="weight"):
        mvm_error(
            PcmStatistics.joshi2020(), weights=[[1.5]], inputs=[[1.0]], seconds=[1.0],
            rng=np.random.default_rng(0),
        )  # fmt: skip


SELECTED = (3, 4)


@pytest.fixture(scope="module")
def written():
    g = np.full((5, 6), 5e-6)
    g[SELECTED] = 20e-6
    return half_select(
        g,
        selected=SELECTED,
        pulse=Pulse(volt=2.8, width_second=60e-9),
        wires=xc.Wires(row_ohm=2.0, column_ohm=2.0),
    )


def test_the_selected_cell_is_reset_and_strangers_are_safe(written):
    assert written.after[SELECTED] < 0.5 * written.before[SELECTED]
    assert written.peak_celsius[SELECTED] > 626.85
    strangers = np.delete(np.delete(written.disturb, 3, axis=0), 4, axis=1)
    assert np.abs(strangers).max() < 1e-3
    assert written.energy_joule > 1e-11


def test_half_selected_cells_on_the_bit_line_suffer(written):
    on_the_bit_line = np.delete(written.disturb[:, 4], 3)
    assert np.abs(on_the_bit_line).min() > 0.1
    assert np.delete(written.peak_volt[:, 4], 3).min() > 1.0
    assert np.isnan(written.disturb[SELECTED])


def test_refusals():
    pulse, wires = Pulse(volt=2.6, width_second=60e-9), xc.Wires(row_ohm=1.0, column_ohm=1.0)
    with pytest.raises(ParameterError, match="scheme"):
        half_select([[1e-6]], selected=(0, 0), pulse=pulse, wires=wires, scheme="quarter")
    with pytest.raises(ParameterError, match="selected"):
        half_select([[1e-6]], selected=(0, 3), pulse=pulse, wires=wires)


def test_a_32_by_32_array_of_compact_cells_reads_in_both_engines():
    cell = PcmCell.sebastian2017()
    rng = np.random.default_rng(9)
    g = rng.uniform(0.3e-6, 25e-6, (32, 32))
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0), cell=cell)
    volts = rng.uniform(0.0, 0.2, 32)
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    np.testing.assert_allclose(fast.column_current, exact.column_current, rtol=1e-6)
    assert fast.residual.max() < 1e-9
