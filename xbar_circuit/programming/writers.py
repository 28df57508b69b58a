"""The cells that a programming loop writes to, and those of the compact model.

A writer holds the cells' state and offers two things: write a pulse of a given amplitude to some of
them, and say the current that each would show at a read voltage. The loop knows nothing else, so
the same loop programs the compact model, the statistical pulse model, and a cell in ngspice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm.cell import PcmCell
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.devices.pcm.variability import PcmDevices, PcmVariability, accumulated_noise
from xbar_circuit.programming.curve import RESET_PULSE

__all__ = ["CompactWriter", "Writer"]

Mask = NDArray[np.bool_]


class Writer(Protocol):
    """Cells that can be written and read."""

    @property
    def cells(self) -> int:
        """Number of cells."""
        ...

    def write(self, volt: FloatArray, chosen: Mask, *, rng: np.random.Generator) -> FloatArray:
        """Apply one pulse to some of the cells.

        Parameters
        ----------
        volt
            Amplitude for each cell [V], (cells,).
        chosen
            Which cells are written, (cells,).
        rng
            Draws what differs from pulse to pulse.

        Returns
        -------
        FloatArray
            Energy that the drivers delivered to each cell [J], (cells,); 0 for the others.
        """
        ...

    def write_second(self) -> float:
        """Return the duration of one pulse.

        Returns
        -------
        float
            Duration [s].
        """
        ...

    def current(self, read_volt: float) -> FloatArray:
        """Return the current of each cell, without noise.

        Parameters
        ----------
        read_volt
            Read voltage [V].

        Returns
        -------
        FloatArray
            Current [A], (cells,).
        """
        ...

    def observe(
        self, read_volt: float, read_second: float, *, rng: np.random.Generator
    ) -> FloatArray:
        """Return the current of each cell in one read, with the cells' own noise.

        Parameters
        ----------
        read_volt
            Read voltage [V].
        read_second
            Duration of the read [s].
        rng
            Draws the noise.

        Returns
        -------
        FloatArray
            Mean current over the read [A], (cells,).
        """
        ...


@dataclass(kw_only=True)
class CompactWriter:
    """Cells of the compact model, equal or drawn with variability.

    Parameters
    ----------
    cell
        The nominal cell, or devices that differ.
    thickness
        u_a of each cell [m]; the state, replaced by each write.
    pulse
        Shape of the pulses.
    strength
        Factor on the amplitude that each cell sees.
    pulse_sigma
        Standard deviation of that factor from pulse to pulse.
    noisy
        Whether a read sees the cells' own 1/f noise.

    >>> from xbar_circuit.devices import PcmCell
    >>> writer = CompactWriter(cell=PcmCell.sebastian2017(), thickness=np.zeros(2))
    >>> energy = writer.write(np.array([3.4, 3.8]), np.ones(2, bool), rng=np.random.default_rng(0))
    >>> (writer.current(0.2) * 1e6).round(3).tolist()  # uA
    [3.845, 0.338]
    """

    cell: PcmCell | PcmDevices
    thickness: FloatArray
    pulse: Pulse = RESET_PULSE
    strength: FloatArray = field(default_factory=lambda: np.ones(1))
    pulse_sigma: float = 0.0
    noisy: bool = False

    def __post_init__(self) -> None:
        self.thickness = np.atleast_1d(checks.non_negative("thickness", self.thickness, "m"))
        strength = checks.non_negative("strength", self.strength, "1")
        self.strength = np.broadcast_to(strength, self.thickness.shape)
        self.pulse_sigma = checks.number("pulse_sigma", self.pulse_sigma, "1")

    @classmethod
    def array(
        cls,
        cell: PcmCell,
        cells: int,
        *,
        rng: np.random.Generator,
        variability: PcmVariability | None = None,
        pulse: Pulse = RESET_PULSE,
        noisy: bool = True,
    ) -> CompactWriter:
        """Return crystalline devices drawn around a nominal cell.

        Parameters
        ----------
        cell
            The nominal cell.
        cells
            Number of devices.
        rng
            Draws the devices.
        variability
            How they differ; None is the default variability.
        pulse
            Shape of the pulses.
        noisy
            Whether a read sees the cells' own 1/f noise.

        Returns
        -------
        CompactWriter
            Devices with no amorphous thickness, ready to be written.
        """
        spread = variability or PcmVariability()
        return cls(
            cell=spread.draw(cell, cells, rng=rng),
            thickness=np.zeros(cells),
            pulse=pulse,
            pulse_sigma=spread.pulse,
            noisy=noisy,
        )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.thickness.size

    def write(self, volt: FloatArray, chosen: Mask, *, rng: np.random.Generator) -> FloatArray:
        """Integrate one pulse for the chosen cells together.

        Parameters
        ----------
        volt
            Amplitude for each cell [V], (cells,).
        chosen
            Which cells are written, (cells,).
        rng
            Draws the amplitude's variation from pulse to pulse.

        Returns
        -------
        FloatArray
            Energy that the drivers delivered [J], (cells,); 0 for the other cells.
        """
        energy = np.zeros(self.cells)
        jitter = 1.0 + self.pulse_sigma * rng.standard_normal(self.cells)
        seen = (volt * self.strength * jitter)[chosen]
        if seen.size:
            times, shape = replace(self.pulse, volt=1.0).waveform()
            trace = transient(
                self.cell.numbers.chosen(chosen),
                self.thickness[chosen],
                times,
                np.outer(shape, seen),
                load_ohm=self.pulse.load_ohm,
            )
            state = self.thickness.copy()
            state[chosen] = trace.thickness[-1]
            self.thickness = state
            energy[chosen] = trace.energy_joule
        return energy

    def write_second(self) -> float:
        """Return the duration of one pulse.

        Returns
        -------
        float
            Duration with its rest [s].
        """
        return self.pulse.seconds

    def current(self, read_volt: float) -> FloatArray:
        """Return the current of each cell, without noise.

        Parameters
        ----------
        read_volt
            Read voltage [V].

        Returns
        -------
        FloatArray
            Current [A], (cells,).
        """
        return self.cell.conductance(self.thickness, read_volt=read_volt) * read_volt

    def observe(
        self, read_volt: float, read_second: float, *, rng: np.random.Generator
    ) -> FloatArray:
        """Return the current of each cell in one read, with 1/f noise where the writer is `noisy`.

        Parameters
        ----------
        read_volt
            Read voltage [V].
        read_second
            Duration of the read [s], over which fast noise averages out.
        rng
            Draws the noise.

        Returns
        -------
        FloatArray
            Current [A], (cells,), not below 0.
        """
        current = self.current(read_volt)
        if not self.noisy:
            return current
        nominal = self.cell.cell if isinstance(self.cell, PcmDevices) else self.cell
        elapsed = nominal.age_second + nominal.plug.drift_t0_second
        sigma = self.cell.noise_amplitude(self.thickness) * accumulated_noise(elapsed, read_second)
        return np.maximum(current * (1.0 + sigma * rng.standard_normal(current.shape)), 0.0)
