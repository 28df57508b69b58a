"""One parameter set, three renderings: NumPy, the subcircuit, and Verilog-A, all swept together."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
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


@pytest.mark.parametrize("kelvin", [273.0, 300.0, 358.0])
def test_current_spans_six_decades_into_the_on_state(spice, kelvin):
    """From 0.1 mV on the plug to the ON state through 500 ohm, 25 nm of it amorphous."""
    cell, thickness, currents = replace(CELL, kelvin=kelvin), 25e-9, []
    for volt in (1e-4, 1e-3, 1e-2, 0.1, 0.4):
        sweep = xc.spice.Dc(source="V1", start=volt, stop=volt, step=1.0)
        (current,) = spice.run(cell, thickness, f"V1 b 0 0\n{EXACT}", sweep, ["i(v1)"])
        assert -current[0] == pytest.approx(_read(cell, volt, thickness), rel=1e-6)
        currents.append(-current[0])
    for volt in (1.8, 2.2):
        times, volts = [0.0, 1e-8, 4e-8], [0.0, volt, volt]
        _, _, branch, _ = spice.drive(cell, thickness, times, volts, 500.0)
        ours = transient(cell, thickness, times, volts, load_ohm=500.0, relative=1e-4)
        assert -branch[-1] == pytest.approx(ours.current[-1, 0], rel=0.005)
        currents.append(-branch[-1])
    assert currents == sorted(currents)
    assert currents[-1] > 1e6 * currents[0]


def test_threshold_and_snap_back_agree(spice):
    """A slow ramp through a load: the cell's voltage climbs to threshold, then falls."""
    times, volts = [0.0, 1.4e-6], [0.0, 1.4]
    time, volt, branch, _ = spice.drive(CELL, 25e-9, times, volts, 5e3, step=2e-9)
    ours = transient(CELL, 25e-9, times, volts, load_ohm=5e3, relative=1e-4)
    threshold, fallen, risen = _snap(time, volt, -branch)
    our_threshold, our_fallen, our_risen = _snap(ours.seconds, ours.volt[:, 0], ours.current[:, 0])
    assert threshold == pytest.approx(our_threshold, rel=0.01)
    assert threshold == pytest.approx(CELL.threshold_volt(25e-9), rel=0.02)  # heater, and speed
    assert fallen < 0.9 * threshold  # the voltage falls while the current rises
    assert risen > 10.0 * -branch[np.argmax(volt == threshold)]
    assert fallen == pytest.approx(our_fallen, rel=0.01)
    assert risen == pytest.approx(our_risen, rel=0.05)


def _snap(time, volt, current):
    """Voltage at threshold, and voltage and current 20 ns after it."""
    highest = np.maximum.accumulate(volt)
    at = int(np.argmax(volt < 0.95 * highest))
    later = time[at] + 20e-9
    return highest[at], np.interp(later, time, volt), np.interp(later, time, current)


@pytest.mark.parametrize("volt", [2.6, 2.8, 3.2])
def test_reset_agrees(spice, volt):
    pulse = Pulse(volt=volt, width_second=1e-7)
    *_, thick = spice.drive(CELL, 0.0, *pulse.waveform(), pulse.load_ohm)
    ours = transient(CELL, 0.0, *pulse.waveform(), load_ohm=pulse.load_ohm)
    theirs = CELL.conductance(thick[-1] * 1e-8, read_volt=0.2)
    assert theirs == pytest.approx(CELL.conductance(ours.thickness[-1, 0], read_volt=0.2), rel=0.02)


def test_a_staircase_of_set_pulses_agrees(spice):
    """Ten pulses in one run: the conductance after each of them."""
    pulse = Pulse(volt=1.6, width_second=50e-9)
    one, shape = pulse.waveform()
    times, volts = [0.0], [0.0]
    for k in range(10):
        times += [k * pulse.seconds + t for t in one[1:]]
        volts += shape[1:]
    time, _, _, thick = spice.drive(CELL, 10e-9, times, volts, pulse.load_ohm, step=2e-9)
    ours = transient(CELL, 10e-9, times, volts, load_ohm=pulse.load_ohm)
    ends = pulse.seconds * np.arange(1, 11) - 1e-9
    theirs = CELL.conductance(np.interp(ends, time, thick) * 1e-8, read_volt=0.2)
    mine = CELL.conductance(np.interp(ends, ours.seconds, ours.thickness[:, 0]), read_volt=0.2)
    np.testing.assert_allclose(theirs, mine, rtol=0.02)
    assert np.all(np.diff(mine) > 0.0)
    assert mine[-1] > 3.0 * mine[0]


def test_noise_sources_have_the_stated_density(spice):
    hertz = 1e4
    lines = f"V1 b 0 DC 0.2 AC 1\nF1 0 out V1 1\nRout out 0 1 noisy=0\n{EXACT}"
    analysis = xc.spice.Noise(output="v(out)", source="V1", start_hertz=hertz, stop_hertz=1e12)
    frequency, noise = spice.run(CELL, 1e-9, lines, analysis, ["frequency", "onoise_spectrum"])
    conductance = float(CELL.conductance(1e-9, read_volt=0.2))
    current = 0.2 * conductance
    inside = 1.0 - CELL.series_ohm * conductance  # the heater takes its share
    flicker = np.sqrt(CELL.noise_density(current, hertz)) * inside
    assert noise[np.argmin(abs(frequency - hertz))] == pytest.approx(flicker, rel=0.05)
