"""Small-signal figures of an amplifier on its column: input, loop, supplies, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.netlist._loaded_column import Stimulus
from xbar_circuit.peripherals.amplifiers import CurrentConveyor
from xbar_circuit.spice import Alter, Noise
from xbar_circuit.studies.readout._amplifier_bench import LOOP_SWEEP, AmplifierBench

__all__ = ["crossing", "loop_and_input", "output_noise", "supply_gains"]

_LOWEST = "input_at_the_lowest_frequency FIND vm(minus) AT=100"
_DRIVEN = "driven_at_the_lowest_frequency FIND vm(driven) AT=100"


def loop_and_input(
    bench: AmplifierBench,
) -> tuple[FloatArray, NDArray[np.complex128], NDArray[np.complex128]]:
    """Return frequency, the amplifier's input impedance and the loop gain."""
    analysis = LOOP_SWEEP
    wanted = ["v(minus)", "v(driven)", "v(out)", "i(vprobe)", bench.sense]
    into = bench.run(
        "impedance", Stimulus(test_current="DC 0 AC 1"), [analysis], wanted, measures=[_LOWEST]
    )[0]
    impedance = into["v(minus)"] / (1.0 + into[bench.sense])
    if isinstance(bench.amplifier, CurrentConveyor):
        unknown = np.full(impedance.size, np.nan, dtype=np.complex128)
        return into.scale, impedance.astype(np.complex128), unknown
    by_volt, by_current = (
        bench.run(f"loop-{what}", stimulus, [analysis], wanted, measures=[_DRIVEN])[0]
        for what, stimulus in (
            ("voltage", Stimulus(voltage_probe="DC 0 AC 1")),
            ("current", Stimulus(current_probe="DC 0 AC 1")),
        )
    )
    tv = -by_volt["v(driven)"] / by_volt["v(out)"]
    own = by_current["i(vprobe)"]
    # T = (Tv Ti - 1) / (Tv + Ti + 2) with Ti = -own / (own + 1), multiplied out
    loop = (-tv * own - own - 1.0) / ((tv + 2.0) * (own + 1.0) - own)
    hertz: FloatArray = into.scale
    return hertz, impedance.astype(np.complex128), loop.astype(np.complex128)


def crossing(hertz: FloatArray, loop: NDArray[np.complex128]) -> tuple[float, float]:
    """Return where the loop gain falls through one, and the phase margin there."""
    if not np.isfinite(loop).all():
        return float("nan"), float("nan")
    size = np.log10(np.abs(loop))
    falls = np.flatnonzero((size[:-1] >= 0.0) & (size[1:] < 0.0))
    if falls.size == 0:
        return float("nan"), float("nan")
    k = int(falls[-1])
    part = size[k] / (size[k] - size[k + 1])
    phase = np.degrees(np.unwrap(np.angle(loop)))
    at = 10.0 ** (np.log10(hertz[k]) + part * np.log10(hertz[k + 1] / hertz[k]))
    return float(at), float(180.0 + phase[k] + part * (phase[k + 1] - phase[k]))


def supply_gains(bench: AmplifierBench) -> dict[str, NDArray[np.complex128]]:
    """Return the gain from each supply to the output over the frequencies of the loop [1].

    Of the whole read-out with its loop closed, nothing on the rows; empty without supplies.
    """
    found: dict[str, NDArray[np.complex128]] = {}
    for source in bench.supplies:
        label = f"supply-{_port(source)}"
        plot = bench.run(
            label,
            Stimulus(),
            [Alter(source=source, value=1.0, quantity="acmag"), LOOP_SWEEP],
            ["v(out)"],
            measures=["gain_at_the_lowest_frequency FIND vm(out) AT=100"],
        )[0]
        found[_port(source)] = plot["v(out)"].astype(np.complex128)
    return found


def _port(source: str) -> str:
    """Return the port behind the name of a supply's source."""
    return source.rpartition("_")[2].lower()


def output_noise(bench: AmplifierBench, band: tuple[float, float]) -> float:
    low, high = band
    analysis = Noise(output="v(out)", source="Vscale", start_hertz=low, stop_hertz=high, points=20)
    stimulus = Stimulus(scale="DC 0 AC 1")
    plot = bench.run("noise", stimulus, [analysis], ["onoise_spectrum"])[0]
    density = np.abs(plot["onoise_spectrum"])
    return float(np.sqrt(np.trapezoid(density**2, plot.scale)))
