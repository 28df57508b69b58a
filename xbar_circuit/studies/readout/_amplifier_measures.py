"""One amplifier on one column, measured once.

Everything is measured by ngspice on one testbench with the array itself as the load: a DC sweep,
the input's impedance, the loop gain by double injection, a step, an overdrive both ways, the noise,
and the sweep again about other references. The loop is looked at first: an amplifier that
oscillates has no settling time, and a search for one would not end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.studies.readout._amplifier_ac import (
    crossing,
    loop_and_input,
    output_noise,
    supply_gains,
)
from xbar_circuit.studies.readout._amplifier_bench import AmplifierBench
from xbar_circuit.studies.readout._amplifier_dc import dc_transfer, over_common_mode, swing_ends
from xbar_circuit.studies.readout._amplifier_time import slew_rates, step_response
from xbar_circuit.studies.readout.amplifier_report import AmplifierReport
from xbar_circuit.units import engineering

__all__ = ["measure_amplifier"]


def measure_amplifier(
    bench: AmplifierBench,
    *,
    bits: int,
    noise_hertz: tuple[float, float],
    overdrive: float,
    common_volt: FloatArray,
    name: str,
) -> AmplifierReport:
    """Return the report of one bench.

    Raises
    ------
    ParameterError
        No current flows, the output does not follow it, or the loop is unstable.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    amplifier = bench.amplifier
    sweep = dc_transfer(bench, overdrive)
    hertz, impedance, loop = loop_and_input(bench)
    if loop[0].real < -1.0:
        raise ParameterError.about(
            "amplifier",
            got=f"a loop gain of {loop[0].real:.4g} at DC: it feeds back with the wrong sign",
            expected="a positive one",
            remedy="look at the order of its ports: plus and minus may be swapped",
        )
    unity = crossing(hertz, loop)
    if unity[1] < 0.0:
        raise ParameterError.about(
            "amplifier",
            got=f"a phase margin of {unity[1]:.1f} degrees, its loop crossing one at"
            f" {engineering(unity[0], 'Hz')}: it oscillates on this column",
            expected="a positive one; what follows in time is not measured",
            remedy="compensate it, or give feedback_farad",
        )
    array_error = bench.array_error(unity[0] if np.isfinite(unity[0]) else 1e9)
    swing = swing_ends(bench, sweep, overdrive)
    limit = abs(sweep["full_scale_volt"]) / 2.0 ** (bits + 1)
    seconds, step, settling = step_response(bench, limit, unity[0])
    change = step[-1] - step[0]
    beyond = float(np.max((step - step[-1]) * np.sign(change)))
    supplies = supply_gains(bench)
    noise = output_noise(bench, noise_hertz)
    common_gain, common_offset = over_common_mode(bench, common_volt)
    slew = slew_rates(bench, overdrive, seconds[-1])
    power = sum(volt * sweep["supply"][source] for source, volt in bench.supplies.items())
    return AmplifierReport(
        name=name,
        gain_ohm=sweep["gain"],
        gain_error=sweep["gain"] / abs(amplifier.ideal_line[1]) - 1.0,
        offset_volt=sweep["offset"],
        virtual_ground_volt=sweep["ground"],
        input_ohm=sweep["input_ohm"],
        nonlinearity_volt=sweep["bend"],
        swing_low_volt=swing[0][0],
        swing_high_volt=swing[0][1],
        swing_found=swing[1],
        loop_gain=float(abs(loop[0])),
        unity_loop_hertz=unity[0],
        phase_margin_degree=unity[1],
        settling_second=settling,
        settling_bits=bits,
        overshoot=beyond / abs(change) if change != 0.0 else 0.0,
        slew_volt_per_second=min(slew),
        slew_rise_volt_per_second=slew[0],
        slew_fall_volt_per_second=slew[1],
        noise_volt=noise,
        noise_ampere=noise / sweep["gain"],
        supply_ampere=sum(current for current in sweep["supply"].values() if current > 0.0),
        power_watt=power,
        energy_joule=power * amplifier.settle_second,
        window_second=amplifier.settle_second,
        array_error=array_error,
        solved=dict(bench.solved),
        input_current=sweep["current"],
        output_volt=sweep["out"],
        input_volt=sweep["minus"],
        hertz=hertz,
        input_impedance=impedance,
        loop=loop,
        seconds=seconds,
        step_volt=step,
        supply_gain=supplies,
        load_farad=bench.load_farad,
        psrr_db=min((_rejection(gain) for gain in supplies.values()), default=float("nan")),
        full_scale_ampere=sweep["full_scale_ampere"],
        common_volt=common_volt,
        common_gain_ohm=common_gain,
        common_offset_volt=common_offset,
    )


def _rejection(gain: NDArray[np.complex128]) -> float:
    """Return a supply's rejection at the lowest frequency [dB]."""
    size = float(np.abs(gain[0]))
    return float("inf") if size == 0.0 else -20.0 * float(np.log10(size))
