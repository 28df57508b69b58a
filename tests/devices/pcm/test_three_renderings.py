"""One parameter set, three renderings: NumPy, the subcircuit, and Verilog-A, all swept together."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import resources, verilog_a
from xbar_circuit.devices import PcmCell
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.devices.pcm.spice import library, verilog_a_model

EXACT = ".options reltol=1e-12 abstol=1e-18 vntol=1e-14 gmin=1e-18"
CELL = PcmCell.sebastian2017()
RENDERINGS = ("subcircuit", "verilog_a")


@pytest.fixture(scope="session")
def osdi(tmp_path_factory):
    folder = tmp_path_factory.mktemp("osdi")
    return verilog_a.compile_osdi(resources.device_model("pcm_cell.va"), folder)


class Spice:
    """A cell between node ``b`` and ground, in one of its two SPICE renderings."""

    def __init__(self, rendering, osdi):
        self.rendering, self.osdi = rendering, osdi

    def run(self, cell, thickness, lines, analysis, vectors):
        if self.rendering == "subcircuit":
            body = f"{library(cell)}\nXcell b 0 pcm_cell ua={thickness!r}"
        else:
            body = f"{verilog_a_model(cell, 'm')}\nNcell b 0 m ua={thickness!r}"
        thick = "v(xcell.thick)" if self.rendering == "subcircuit" else "v(ncell#thick)"
        names = [thick if name == "thick" else name for name in vectors]
        osdi = () if self.rendering == "subcircuit" else (self.osdi,)
        plot = xc.spice.run(f"cell\n{body}\n{lines}\n", analysis, vectors=names, osdi=osdi)[0]
        return [np.asarray(plot[name]) for name in names]

    def drive(self, cell, thickness, times, volts, load, step=None):
        pwl = " ".join(f"{t!r} {v!r}" for t, v in zip(times, volts, strict=True))
        lines = f"V1 a 0 DC 0 PWL({pwl})\nR1 a b {load!r}\n.options reltol=1e-5"
        analysis = xc.spice.Tran(
            step_second=times[-1] / 100,
            stop_second=times[-1],
            max_step_second=step or times[-1] / 50,
        )
        return self.run(cell, thickness, lines, analysis, ["time", "v(b)", "i(v1)", "thick"])


@pytest.fixture(params=RENDERINGS)
def spice(request, osdi):
    return Spice(request.param, osdi)


@pytest.mark.parametrize("kelvin", [273.0, 300.0, 358.0])
@pytest.mark.parametrize("thickness", [0.0, 1e-9, 30e-9])
def test_reads_agree_at_three_temperatures(spice, kelvin, thickness):
    cell = replace(CELL, kelvin=kelvin)
    step = 0.05
    sweep = xc.spice.Dc(source="V1", start=-0.3, stop=0.3, step=step)
    (current,) = spice.run(cell, thickness, f"V1 b 0 0\n{EXACT}", sweep, ["i(v1)"])
    volts = -0.3 + step * np.arange(current.size)
    expected = cell.conductance(thickness, read_volt=0.3) * 0.3
    np.testing.assert_allclose(
        -current, [_read(cell, v, thickness) for v in volts], rtol=1e-6, atol=1e-9 * expected
    )


def _read(cell, volt, thickness):
    return np.sign(volt) * abs(volt) * cell.conductance(thickness, read_volt=abs(float(volt)))


def test_the_subcircuit_for_arrays_is_the_read_law():
    volts = np.linspace(-0.4, 0.4, 9).tolist()
    lines = [
        f"V{k} n{k} 0 {v!r}\nX{k} n{k} 0 pcm_read ua={u!r}"
        for k, (v, u) in enumerate((v, u) for v in volts for u in (0.0, 2e-9, 4e-8))
    ]
    deck = "\n".join(["reads", CELL.spice_preamble(), *lines, EXACT])
    answer = xc.spice.run(deck, xc.spice.Op())
    current = [-answer[f"i(v{k})"][0] for k in range(27)]
    expected = [_read(CELL, v, u) for v in volts for u in (0.0, 2e-9, 4e-8)]
    np.testing.assert_allclose(current, expected, rtol=1e-9, atol=1e-20)


def test_one_characterisation_in_all_three_renderings(osdi):
    """I-V over six decades at three temperatures, RESET, a SET staircase, switching."""
    spices = [Spice(rendering, osdi) for rendering in RENDERINGS]
    for kelvin in (273.0, 300.0, 358.0):
        _iv_over_six_decades(spices, replace(CELL, kelvin=kelvin))
    _reset_and_staircase(spices)
    for warm in (CELL, replace(CELL, kelvin=350.0)):
        _switching_with_snap_back(spices, warm)


def _iv_over_six_decades(spices, cell, thickness=25e-9):
    """From 0.1 mV on the plug to the ON state through 500 ohm."""
    volts = (1e-4, 1e-3, 1e-2, 0.1, 0.4)
    ours = [_read(cell, volt, thickness) for volt in volts]
    driven = [([0.0, 1e-8, 4e-8], [0.0, volt, volt]) for volt in (1.8, 2.2)]
    on = [transient(cell, thickness, *wave, load_ohm=500.0, relative=1e-4) for wave in driven]
    for spice in spices:
        for volt, current in zip(volts, ours, strict=True):
            sweep = xc.spice.Dc(source="V1", start=volt, stop=volt, step=1.0)
            (branch,) = spice.run(cell, thickness, f"V1 b 0 0\n{EXACT}", sweep, ["i(v1)"])
            assert -branch[0] == approx(current, rel=1e-6)
        for wave, trace in zip(driven, on, strict=True):
            _, _, branch, _ = spice.drive(cell, thickness, *wave, 500.0)
            assert -branch[-1] == approx(trace.current[-1, 0], rel=0.005)
    assert on[0].current[-1, 0] > 20.0 * ours[-1]  # it has switched
    assert on[1].current[-1, 0] > 1e6 * ours[0]


def _reset_and_staircase(spices):
    """RESET of a crystalline cell and twelve SET pulses in one run: conductance after each."""
    train = [Pulse(volt=2.9, width_second=1e-7)] + [Pulse(volt=1.75, width_second=50e-9)] * 12
    times, volts, ends = [0.0], [0.0], []
    for pulse in train:
        one, shape = pulse.waveform()
        times += [times[-1] + t for t in one[1:]]
        volts += shape[1:]
        ends.append(times[-1] - 1e-9)
    trace = transient(CELL, 0.0, times, volts, load_ohm=train[0].load_ohm, relative=1e-4)
    thickness = np.interp(ends, trace.seconds, trace.thickness[:, 0])
    ours = CELL.conductance(thickness, read_volt=0.2)
    assert ours[0] < 0.05 * CELL.g_max_siemens
    assert np.all(np.diff(ours) > 0.0)
    assert ours[-1] > 5.0 * ours[0]
    for spice in spices:
        time, _, _, thick = spice.drive(CELL, 0.0, times, volts, train[0].load_ohm, step=2e-9)
        theirs = CELL.conductance(np.interp(ends, time, thick) * 1e-8, read_volt=0.2)
        np.testing.assert_allclose(theirs, ours, rtol=0.02)


def _switching_with_snap_back(spices, cell, thickness=25e-9):
    """A slow ramp through a load: the cell's voltage climbs to threshold, then falls."""
    times, volts = [0.0, 1.4e-6], [0.0, 1.4]
    ours = transient(cell, thickness, times, volts, load_ohm=5e3, relative=1e-4)
    our_threshold, our_fallen, our_risen = _snap(ours.seconds, ours.volt[:, 0], ours.current[:, 0])
    assert our_threshold == approx(cell.threshold_volt(thickness), rel=0.05)  # plus heater
    for spice in spices:
        time, volt, branch, _ = spice.drive(cell, thickness, times, volts, 5e3, step=2e-9)
        threshold, fallen, risen = _snap(time, volt, -branch)
        assert threshold == approx(our_threshold, rel=0.01)
        assert fallen < 0.9 * threshold  # the voltage falls while the current rises
        assert fallen == approx(our_fallen, rel=0.01)
        assert risen == approx(our_risen, rel=0.05)
        assert risen > 5.0 * -branch[np.argmax(volt == threshold)]


def _snap(time, volt, current):
    """Voltage at threshold, and voltage and current 20 ns after it."""
    highest = np.maximum.accumulate(volt)
    at = int(np.argmax(volt < 0.95 * highest))
    later = time[at] + 20e-9
    return highest[at], np.interp(later, time, volt), np.interp(later, time, current)


def test_noise_sources_have_the_stated_density(spice):
    hertz = 1e4
    lines = f"V1 b 0 DC 0.2 AC 1\nF1 0 out V1 1\nRout out 0 1 noisy=0\n{EXACT}"
    analysis = xc.spice.Noise(output="v(out)", source="V1", start_hertz=hertz, stop_hertz=1e12)
    frequency, noise = spice.run(CELL, 1e-9, lines, analysis, ["frequency", "onoise_spectrum"])
    conductance = float(CELL.conductance(1e-9, read_volt=0.2))
    current = 0.2 * conductance
    inside = 1.0 - CELL.series_ohm * conductance  # the heater takes its share
    flicker = np.sqrt(CELL.noise_density(current, hertz)) * inside
    assert noise[np.argmin(abs(frequency - hertz))] == approx(flicker, rel=0.05)
