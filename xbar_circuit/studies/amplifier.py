"""The amplifier's bench: what it does with a real column on its input.

Everything is measured by ngspice on one testbench with the array itself as the load: a DC sweep,
the input's impedance, the loop gain by double injection, a step, an overdrive and the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist.loaded_column import Stimulus, loaded_column
from xbar_circuit.netlist.periphery.amplifiers import supply_sources
from xbar_circuit.peripherals.amplifiers import TransimpedanceAmplifier
from xbar_circuit.spice import Ac, Analysis, Dc, Noise, Plot, Tran, run
from xbar_circuit.units import spice_number

__all__ = ["AmplifierReport", "characterize_amplifier"]

_SWEEP_POINTS = 201


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AmplifierReport:
    """Figures of merit of an amplifier on its column.

    Parameters
    ----------
    name
        What was measured.
    gain_ohm
        Slope of the output over the column current about zero, ``-d V_out / d I`` [ohm].
    gain_error
        `gain_ohm` over the feedback resistor, less one.
    offset_volt
        Output without input, less the reference [V].
    virtual_ground_volt
        Largest distance of the bit line from the reference over the pattern's range [V].
    input_ohm
        Resistance of the input at DC [ohm].
    nonlinearity_volt
        Largest distance of the output from a line over the pattern's range [V].
    swing_low_volt, swing_high_volt
        Outputs at which the gain has fallen by 3 dB, or the last reached [V].
    loop_gain, unity_loop_hertz, phase_margin_degree
        Loop gain at DC, the frequency where it is one [Hz] and the phase left there; NaN where the
        loop never has gain.
    settling_second, settling_bits
        Time of a step from zero to the pattern until it stays within half an LSB [s].
    overshoot
        Of that step, relative to it.
    slew_volt_per_second
        Largest slope of the output, from full scale to full scale of the overdrive [V/s].
    noise_volt, noise_ampere
        Rms noise at the output, and over `gain_ohm` [V, A].
    supply_ampere, power_watt, energy_joule
        Without input; the energy is power times the amplifier's settling window.
    input_current, output_volt, input_volt
        The DC sweep.
    hertz, input_impedance, loop
        The AC results: frequency, the amplifier's impedance [ohm] and loop gain, both complex.
    seconds, step_volt
        The step.
    """

    name: str
    gain_ohm: float
    gain_error: float
    offset_volt: float
    virtual_ground_volt: float
    input_ohm: float
    nonlinearity_volt: float
    swing_low_volt: float
    swing_high_volt: float
    loop_gain: float
    unity_loop_hertz: float
    phase_margin_degree: float
    settling_second: float
    settling_bits: int
    overshoot: float
    slew_volt_per_second: float
    noise_volt: float
    noise_ampere: float
    supply_ampere: float
    power_watt: float
    energy_joule: float
    input_current: FloatArray
    output_volt: FloatArray
    input_volt: FloatArray
    hertz: FloatArray
    input_impedance: NDArray[np.complex128]
    loop: NDArray[np.complex128]
    seconds: FloatArray
    step_volt: FloatArray

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON; complex numbers as pairs, NaN as null."""

        def plain(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                if np.iscomplexobj(value):
                    return [[float(v.real), float(v.imag)] for v in value]
                return [float(v) for v in value]
            if isinstance(value, float) and not np.isfinite(value):
                return None
            return value

        return {name: plain(getattr(self, name)) for name in self.__slots__}


def characterize_amplifier(
    amplifier: TransimpedanceAmplifier,
    *,
    crossbar: Crossbar,
    column: int = 0,
    pattern: ArrayLike | None = None,
    bits: int = 8,
    celsius: float = 27.0,
    noise_hertz: tuple[float, float] = (1e3, 1e11),
    overdrive: float = 4.0,
    name: str | None = None,
) -> AmplifierReport:
    """Measure an amplifier on a column of an array, in ngspice.

    Parameters
    ----------
    amplifier
        The amplifier, behavioural or of transistors.
    crossbar, column
        The array and the column that it reads; the other columns are held ideally.
    pattern
        Row voltages about the reference that make full scale, (rows,) [V]; by default 0.2 V on
        every row.
    bits
        Resolution to which it has to settle.
    celsius
        Temperature [degree Celsius].
    noise_hertz
        Band over which the noise is integrated [Hz].
    overdrive
        How far beyond the pattern the sweep goes to find the swing, and the slew's step.
    name
        What to call it in the report.

    Raises
    ------
    ParameterError, ShapeError
        An argument does not fit.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    checks.count("column", column, minimum=0, maximum=crossbar.cols - 1)
    checks.count("bits", bits, maximum=20)
    checks.number("overdrive", overdrive, "1", minimum=1.0)
    rows = crossbar.rows
    volts = checks.read_volts("pattern", np.full(rows, 0.2) if pattern is None else pattern, rows)
    bench = _Bench(amplifier, crossbar, column, volts[0], celsius)
    sweep = _dc(bench, overdrive)
    hertz, impedance, loop = _ac(bench)
    crossing = _crossing(hertz, loop)
    limit = abs(sweep["full_scale_volt"]) / 2.0 ** (bits + 1)
    seconds, step, settling = _step(bench, limit, crossing[0])
    change = step[-1] - step[0]
    beyond = float(np.max((step - step[-1]) * np.sign(change)))
    noise = _noise(bench, noise_hertz)
    power = sum(volt * sweep["supply"][source] for source, volt in bench.supplies.items())
    return AmplifierReport(
        name=name or _name(amplifier),
        gain_ohm=sweep["gain"],
        gain_error=sweep["gain"] / amplifier.feedback_ohm - 1.0,
        offset_volt=sweep["offset"],
        virtual_ground_volt=sweep["ground"],
        input_ohm=sweep["input_ohm"],
        nonlinearity_volt=sweep["bend"],
        swing_low_volt=sweep["swing"][0],
        swing_high_volt=sweep["swing"][1],
        loop_gain=float(abs(loop[0])),
        unity_loop_hertz=crossing[0],
        phase_margin_degree=crossing[1],
        settling_second=settling,
        settling_bits=bits,
        overshoot=beyond / abs(change) if change != 0.0 else 0.0,
        slew_volt_per_second=_slew(bench, overdrive, seconds[-1]),
        noise_volt=noise,
        noise_ampere=noise / sweep["gain"],
        supply_ampere=sum(current for current in sweep["supply"].values() if current > 0.0),
        power_watt=power,
        energy_joule=power * amplifier.settle_second,
        input_current=sweep["current"],
        output_volt=sweep["out"],
        input_volt=sweep["minus"],
        hertz=hertz,
        input_impedance=impedance,
        loop=loop,
        seconds=seconds,
        step_volt=step,
    )


def _name(amplifier: TransimpedanceAmplifier) -> str:
    kind = getattr(amplifier.opamp, "name", "behavioural op-amp")
    return f"{kind}, {amplifier.feedback_ohm:g} ohm"


class _Bench:
    """One testbench, run with different stimuli."""

    def __init__(
        self,
        amplifier: TransimpedanceAmplifier,
        crossbar: Crossbar,
        column: int,
        pattern: FloatArray,
        celsius: float,
    ) -> None:
        self.amplifier = amplifier
        self._parts = (amplifier, crossbar, column, pattern)
        self._celsius = celsius
        self.supplies = supply_sources(amplifier, "amplifier")
        # with the bottom end missing, the column is sensed at the top
        bottom = crossbar.terminals.bottom_ohm is not None
        self.sense = f"i(v{'bottom' if bottom else 'top'}_{column})"

    def run(self, stimulus: Stimulus, analysis: Analysis, vectors: list[str]) -> Plot:
        deck = loaded_column(*self._parts, stimulus, celsius=self._celsius)
        plot: Plot = run(deck, analysis, vectors=vectors)[0]
        return plot

    def run_noise(self, stimulus: Stimulus, analysis: Noise) -> Plot:
        deck = loaded_column(*self._parts, stimulus, celsius=self._celsius, klu=False)
        plot: Plot = run(deck, analysis, vectors=["onoise_spectrum"])[0]
        return plot


def _dc(bench: _Bench, overdrive: float) -> dict[str, Any]:
    step = 2.0 * overdrive / (_SWEEP_POINTS - 1)
    names = [f"i({source.lower()})" for source in bench.supplies]
    plot = bench.run(
        Stimulus(),
        Dc(source="Vscale", start=-overdrive, stop=overdrive, step=step),
        ["v(out)", "v(minus)", bench.sense, *names],
    )
    scale = np.linspace(-overdrive, overdrive, _SWEEP_POINTS)
    out, minus, current = plot["v(out)"], plot["v(minus)"], plot[bench.sense]
    used = np.abs(scale) <= 1.0 + 1e-9
    middle = np.abs(scale) <= 0.1 + 1.5 * step
    if np.ptp(current[middle]) == 0.0:
        raise ParameterError.about(
            "pattern",
            got="no current in the column",
            expected="row voltages and conductances that make a full-scale current",
            remedy="choose another column or pattern",
        )
    gain = -np.polyfit(current[middle], out[middle], 1)[0]
    line = np.polyfit(current[used], out[used], 1)
    slope = np.gradient(out, current)
    good = np.abs(slope) >= abs(gain) / np.sqrt(2.0)
    centre = _SWEEP_POINTS // 2
    first = centre - int(np.argmin(good[centre::-1])) if not good[: centre + 1].all() else 0
    last = centre + int(np.argmin(good[centre:])) if not good[centre:].all() else -1
    reference = bench.amplifier.reference_volt
    return {
        "gain": float(gain),
        "offset": float(np.interp(0.0, scale, out) - reference),
        "ground": float(np.abs(minus[used] - reference).max()),
        "input_ohm": float(np.polyfit(current[middle], minus[middle], 1)[0]),
        "bend": float(np.abs(out[used] - np.polyval(line, current[used])).max()),
        "swing": (float(min(out[first], out[last])), float(max(out[first], out[last]))),
        "full_scale_volt": float(np.interp(1.0, scale, out) - np.interp(0.0, scale, out)),
        "supply": {
            source: -float(np.interp(0.0, scale, plot[f"i({source.lower()})"]))
            for source in bench.supplies
        },
        "current": current,
        "out": out,
        "minus": minus,
    }


def _ac(bench: _Bench) -> tuple[FloatArray, NDArray[np.complex128], NDArray[np.complex128]]:
    """Return frequency, the amplifier's input impedance and the loop gain."""
    analysis = Ac(start_hertz=1e2, stop_hertz=1e11, points=20)
    wanted = ["v(minus)", "v(driven)", "v(out)", "i(vprobe)", bench.sense]
    into = bench.run(Stimulus(test_current="DC 0 AC 1"), analysis, wanted)
    impedance = into["v(minus)"] / (1.0 + into[bench.sense])
    by_volt = bench.run(Stimulus(voltage_probe="DC 0 AC 1"), analysis, wanted)
    by_current = bench.run(Stimulus(current_probe="DC 0 AC 1"), analysis, wanted)
    tv = -by_volt["v(driven)"] / by_volt["v(out)"]
    own = by_current["i(vprobe)"]
    # T = (Tv Ti - 1) / (Tv + Ti + 2) with Ti = -own / (own + 1), multiplied out
    loop = (-tv * own - own - 1.0) / ((tv + 2.0) * (own + 1.0) - own)
    hertz: FloatArray = into.scale
    return hertz, impedance.astype(np.complex128), loop.astype(np.complex128)


def _crossing(hertz: FloatArray, loop: NDArray[np.complex128]) -> tuple[float, float]:
    """Return where the loop gain falls through one, and the phase margin there."""
    size = np.log10(np.abs(loop))
    falls = np.flatnonzero((size[:-1] >= 0.0) & (size[1:] < 0.0))
    if falls.size == 0:
        return float("nan"), float("nan")
    k = int(falls[-1])
    part = size[k] / (size[k] - size[k + 1])
    phase = np.degrees(np.unwrap(np.angle(loop)))
    at = 10.0 ** (np.log10(hertz[k]) + part * np.log10(hertz[k + 1] / hertz[k]))
    return float(at), float(180.0 + phase[k] + part * (phase[k + 1] - phase[k]))


def _step(bench: _Bench, limit: float, unity_hertz: float) -> tuple[FloatArray, FloatArray, float]:
    """Step from zero to the pattern; lengthen the record until it settled in its first half."""
    scale = 1.0 / (2.0 * np.pi * unity_hertz) if np.isfinite(unity_hertz) else 1e-9
    length = 40.0 * scale
    for _ in range(8):
        edge = length * 1e-5
        plot = bench.run(
            Stimulus(scale=f"PWL(0 0 {spice_number(edge)} 1)"),
            Tran(step_second=length / 2000, stop_second=length, max_step_second=length / 2000),
            ["v(out)"],
        )
        seconds, out = plot.scale, plot["v(out)"]
        outside = np.flatnonzero(np.abs(out - out[-1]) > limit)
        settled = float(seconds[min(outside[-1] + 1, seconds.size - 1)]) if outside.size else 0.0
        if settled < 0.5 * length:
            return seconds, out, settled
        length *= 4.0
    raise ConvergenceError(
        f"settling: got an output that still moves by more than {limit:g} V after {length / 4:g} s,"
        " expected it to settle; look at its phase margin"
    )


def _slew(bench: _Bench, overdrive: float, length: float) -> float:
    edge = length * 1e-4
    ends = f"0 {spice_number(-overdrive)} {spice_number(edge)} {spice_number(overdrive)}"
    plot = bench.run(
        Stimulus(scale=f"PWL({ends})"),
        Tran(step_second=length / 1000, stop_second=length, max_step_second=length / 1000),
        ["v(out)"],
    )
    seconds, out = plot.scale, plot["v(out)"]
    low, high = np.percentile(out, [0, 100])
    inside = (out > low + 0.2 * (high - low)) & (out < high - 0.2 * (high - low))
    slope = np.abs(np.gradient(out, seconds))
    return float(slope[inside].max() if inside.any() else slope.max())


def _noise(bench: _Bench, band: tuple[float, float]) -> float:
    plot = bench.run_noise(
        Stimulus(scale="DC 0 AC 1"),
        Noise(output="v(out)", source="Vscale", start_hertz=band[0], stop_hertz=band[1], points=20),
    )
    density = np.abs(plot["onoise_spectrum"])
    return float(np.sqrt(np.trapezoid(density**2, plot.scale)))
