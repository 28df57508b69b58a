"""Cells of the statistical pulse model as a writer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm.pulsed_set import PulsedSet
from xbar_circuit.programming.writers import Mask

__all__ = ["PulsedWriter"]


@dataclass(kw_only=True)
class PulsedWriter:
    """Cells of the statistical pulse model: a positive amplitude is one SET pulse, 0 a RESET.

    Parameters
    ----------
    model
        The pulse model.
    conductance, memory
        State of each cell [S, 1].
    set_joule, reset_joule, pulse_second
        Cost of a pulse; defaults from 90 uA and 440 uA at about 1 V and 1.7 V (the currents of
        Sebastian et al. 2017, voltages fitted).

    >>> from xbar_circuit.devices import PulsedSet
    >>> writer = PulsedWriter.array(PulsedSet.nandakumar2018(), 2)
    >>> every = np.ones(2, dtype=bool)
    >>> set_reset = np.array([1.0, 0.0])
    >>> energy = writer.write(set_reset, every, rng=np.random.default_rng(0))
    >>> (energy * 1e12).round(3).tolist(), (writer.conductance * 1e6).round(3).tolist()
    ([4.5, 748.0], [2.142, 0.1])
    """

    model: PulsedSet
    conductance: FloatArray
    memory: FloatArray
    set_joule: float = 90e-6 * 1.0 * 50e-9
    reset_joule: float = 440e-6 * 1.7 * 1e-6
    pulse_second: float = 100e-9

    @classmethod
    def array(cls, model: PulsedSet, cells: int) -> PulsedWriter:
        """Return cells right after RESET.

        Parameters
        ----------
        model
            The pulse model.
        cells
            Number of cells, at least 1.

        Returns
        -------
        PulsedWriter
            Cells at `floor_siemens`, with a memory of 1.
        """
        count = checks.count("cells", cells)
        return cls(
            model=model,
            conductance=np.full(count, model.floor_siemens),
            memory=np.ones(count),
        )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.conductance.size

    def write(self, volt: FloatArray, chosen: Mask, *, rng: np.random.Generator) -> FloatArray:
        """Apply one SET pulse where the amplitude is above 0, a RESET where it is 0.

        Parameters
        ----------
        volt
            Above 0 for a SET pulse, else 0, (cells,).
        chosen
            Which cells are written, (cells,).
        rng
            Draws the steps of the SET pulses.

        Returns
        -------
        FloatArray
            Energy of each cell's pulse [J], (cells,): `set_joule`, `reset_joule` or 0.
        """
        g, memory = self.model.pulse(self.conductance, self.memory, rng=rng)
        setting, resetting = chosen & (volt > 0.0), chosen & (volt <= 0.0)
        self.conductance = np.where(setting, g, self.conductance)
        self.memory = np.where(setting, memory, self.memory)
        self.conductance = np.where(resetting, self.model.floor_siemens, self.conductance)
        self.memory = np.where(resetting, 1.0, self.memory)
        return np.where(setting, self.set_joule, np.where(resetting, self.reset_joule, 0.0))

    def write_second(self) -> float:
        """Return the duration of one pulse.

        Returns
        -------
        float
            `pulse_second` [s].
        """
        return self.pulse_second

    def current(self, read_volt: float) -> FloatArray:
        """Return the current of each cell.

        Parameters
        ----------
        read_volt
            Read voltage [V].

        Returns
        -------
        FloatArray
            Current [A], (cells,).
        """
        return self.conductance * read_volt

    def observe(
        self,
        read_volt: float,
        read_second: float,  # noqa: ARG002 - the pulse model has no read noise
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> FloatArray:
        """Return the current of each cell; the pulse model has no read noise.

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
            Current [A], (cells,).
        """
        return self.current(read_volt)
