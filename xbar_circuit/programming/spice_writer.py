"""One cell in ngspice as a writer: the same loop, with the simulator as the silicon.

Each write is a transient of the full subcircuit from the present u_a, each read an operating point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm._spice import library
from xbar_circuit.devices.pcm.cell import PcmCell
from xbar_circuit.devices.pcm.dynamics import METER_PER_UNIT, Pulse
from xbar_circuit.programming.curve import RESET_PULSE
from xbar_circuit.programming.writers import Mask

__all__ = ["SpiceWriter"]

_OPTIONS = ".options reltol=1e-4"
_EXACT = ".options reltol=1e-12 abstol=1e-18 vntol=1e-14 gmin=1e-18"


@dataclass(kw_only=True)
class SpiceWriter:
    """One cell of ``pcm_cell.lib``.

    Parameters
    ----------
    cell
        Its parameters.
    thickness
        u_a [m]; the state, replaced by each write.
    pulse
        Shape of the pulses.
    strength
        Factor on the amplitude, as in :class:`~xbar_circuit.programming.CompactWriter`.
    """

    cell: PcmCell
    thickness: float = 0.0
    pulse: Pulse = RESET_PULSE
    strength: float = 1.0

    @property
    def cells(self) -> int:
        """Always 1."""
        return 1

    def write(self, volt: FloatArray, chosen: Mask, *, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - the simulated cell has no pulse-to-pulse noise
        """Run one pulse in ngspice, from the present state.

        Parameters
        ----------
        volt
            Amplitude [V], (1,).
        chosen
            Whether the cell is written, (1,).
        rng
            Not used: the simulated cell has no pulse-to-pulse noise.

        Returns
        -------
        FloatArray
            Energy that the driver delivered [J], (1,); 0 if the cell was not written.
        """
        if not chosen[0]:
            return np.zeros(1)
        pulse = replace(self.pulse, volt=float(volt[0]) * self.strength)
        times, volts = pulse.waveform()
        corners = " ".join(f"{t!r} {v!r}" for t, v in zip(times, volts, strict=True))
        analysis = spice.Tran(
            step_second=times[-1] / 200, stop_second=times[-1], max_step_second=times[-1] / 50
        )
        plot = spice.run(
            self._deck(f"V1 a 0 DC 0 PWL({corners})\nR1 a b {pulse.load_ohm!r}\n{_OPTIONS}"),
            analysis,
            vectors=["v(a)", "i(v1)", "v(xcell.thick)"],
        )[0]
        self.thickness = max(float(plot["v(xcell.thick)"][-1]) * METER_PER_UNIT, 0.0)
        power = -plot["v(a)"] * plot["i(v1)"]
        return np.array([np.trapezoid(power, plot["time"])])

    def write_second(self) -> float:
        """Return the duration of one pulse.

        Returns
        -------
        float
            Duration with its rest [s].
        """
        return self.pulse.seconds

    def current(self, read_volt: float) -> FloatArray:
        """Return the cell's current in an operating point of ngspice.

        Parameters
        ----------
        read_volt
            Read voltage [V].

        Returns
        -------
        FloatArray
            Current [A], (1,).
        """
        deck = self._deck(f"V1 b 0 {read_volt!r}\n{_EXACT}")
        return -np.asarray(spice.run(deck, spice.Op(), vectors=["i(v1)"])[0]["i(v1)"])

    def observe(
        self,
        read_volt: float,
        read_second: float,  # noqa: ARG002 - an operating point has no noise
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> FloatArray:
        """Return the cell's current; an operating point has no noise.

        Parameters
        ----------
        read_volt
            Read voltage [V].
        read_second
            Not used.
        rng
            Not used.

        Returns
        -------
        FloatArray
            Current [A], (1,).
        """
        return self.current(read_volt)

    def _deck(self, lines: str) -> str:
        element = f"Xcell b 0 pcm_cell ua={self.thickness!r}"
        return f"program and verify\n{library(self.cell)}\n{element}\n{lines}\n"
