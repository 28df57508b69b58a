"""Noise in time has the density that noise in frequency has, in NumPy and in ngspice."""

import numpy as np
import pytest
from scipy.signal import welch

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import PcmCell
from xbar_circuit.devices.pcm._noise import flicker_sequence
from xbar_circuit.devices.pcm._spice import library
from xbar_circuit.errors import ParameterError

CELL = PcmCell.sebastian2017()
STEP = 1e-9
THICKNESS = 15e-9


def ratio_to_law(trace, current, low, high):
    """Mean spectrum of traces over the stated density, within a band."""
    f, spectrum = welch(trace, fs=1 / STEP, nperseg=1024, axis=-1)
    band = (f > low) & (f < high)
    thermal = 4 * 1.380649e-23 * 300.0 * current / 0.2
    law = CELL.noise_density(current, f[band], thickness=THICKNESS) + thermal
    return float(np.mean(spectrum.mean(axis=0)[band] / law))


def test_a_flicker_sequence_falls_by_a_decade_a_decade():
    traces = flicker_sequence(8192, rng=np.random.default_rng(0), traces=(60,))
    f, spectrum = welch(traces, fs=1.0, nperseg=2048, axis=-1)
    band = (f > 5e-3) & (f < 5e-2)
    product = spectrum.mean(axis=0)[band] * f[band]
    np.testing.assert_allclose(product, 1.0, rtol=0.15)
    assert product.mean() == approx(1.0, rel=0.03)


@pytest.mark.parametrize("current", [1e-7, 2.5e-6])
def test_noise_traces_have_the_stated_density(current):
    traces = CELL.noise_trace(
        np.full(60, current),
        thickness=THICKNESS,
        samples=8192,
        step_second=STEP,
        rng=np.random.default_rng(1),
    )
    assert ratio_to_law(traces, current, 5e6, 5e7) == approx(1.0, rel=0.04)
    assert traces.mean() == approx(current, rel=0.02)


def test_transient_noise_in_ngspice_has_the_stated_density():
    samples = 1024
    # ngspice seeds its noise with its process number. One trace strays by 0.17 (24 runs), the mean
    # of eight by 0.06, so that the bound below is four deviations wide.
    cells = 8
    deck = f"noise\n{library(CELL, noise_step_second=STEP)}\n.options reltol=1e-3 abstol=1e-14\n"
    for k in range(cells):
        deck += f"V{k} b{k} 0 0.2\nXcell{k} b{k} 0 pcm_cell ua={THICKNESS!r}\n"
    analysis = xc.spice.Tran(step_second=STEP, stop_second=samples * STEP, max_step_second=STEP)
    names = [f"i(v{k})" for k in range(cells)]
    plot = xc.spice.run(deck, analysis, vectors=names)[0]
    times = np.arange(samples) * STEP
    traces = np.array([np.interp(times, plot["time"], -plot[name]) for name in names])
    assert ratio_to_law(traces, traces.mean(), 1e7, 1.5e8) == approx(1.0, rel=0.25)
    assert traces.mean() == approx(0.2 * CELL.conductance(THICKNESS, read_volt=0.2), rel=0.1)


def test_a_library_without_transient_noise_has_none():
    assert "TRNOISE" not in library(CELL)
    with pytest.raises(ParameterError, match="noise_step_second"):
        library(CELL, noise_step_second=0.0)
    with pytest.raises(ParameterError, match="samples"):
        flicker_sequence(0, rng=np.random.default_rng(0))
