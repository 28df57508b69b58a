"""Noise of a product: what the array, the amplifiers and the converters draw from one generator.

The current of a column fluctuates by the devices' own 1/f noise and by the thermal noise of all
resistances. The first is slow: a device keeps its conductance for the time of a product, so its
part of the column's current is the mean voltage times its deviation, attenuated by the wires as its
current is. The second follows from the conductance that the column shows between its end and all
held ends: ``4 k T G`` (Nyquist, Phys. Rev. 32, 110, 1928), over the read-out's noise bandwidth:
``1 / (2 T)`` of a mean over the time T, and of an amplifier that is sampled its own
(``Readout.noise_hertz``).

Both are Gaussian, so one number for each converter and read is drawn for all of them, and for what
the amplifier adds. It is drawn before anything is solved; both engines add it at the converter's
input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import constants

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.drivers import WordLines
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.tile._digital import CodeCombination

__all__ = ["ReadNoise", "TileNoise", "current_variances", "draw"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileNoise:
    """Noise of a tile's array.

    Parameters
    ----------
    read_siemens
        Standard deviation of each device from one read to the next (rows, cols) [S], as
        ``PcmStatistics.read_sigma`` gives it; None is none.
    thermal
        Whether the thermal noise of wires, terminals and devices counts, of linear cells, at the
        tile's temperature.

    Raises
    ------
    ParameterError, ShapeError
        A value is out of range.
    """

    read_siemens: FloatArray | None = None
    thermal: bool = False

    def __post_init__(self) -> None:
        if self.read_siemens is not None:
            held = checks.conductance_matrix("read_siemens", self.read_siemens)
            object.__setattr__(self, "read_siemens", held)

    def check(self, crossbar: Crossbar) -> None:
        """Refuse an array that the noise does not fit.

        Parameters
        ----------
        crossbar
            The array.

        Raises
        ------
        ParameterError
            Another size, or thermal noise of cells that are not linear.
        """
        if self.read_siemens is not None and self.read_siemens.shape != crossbar.shape:
            raise ParameterError.about(
                "noise.read_siemens",
                got=f"shape {self.read_siemens.shape}",
                expected=f"{crossbar.shape}, as the crossbar",
                remedy="one number per device",
            )
        if self.thermal and not crossbar.cell.linear:
            raise ParameterError.about(
                "noise.thermal",
                got=f"True for {type(crossbar.cell).__name__}",
                expected="cells that are linear",
                remedy="leave it out",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadNoise:
    """Noise drawn for one read of every product.

    decisions : standard normal numbers of the converters (batch, converters, decisions), or None.
    entering : noise added to the converters' inputs (batch, converters) [V or A], or None.
    """

    decisions: FloatArray | None = None
    entering: FloatArray | None = None

    def part(self, which: slice) -> ReadNoise:
        """Return a part of the batch.

        Parameters
        ----------
        which
            Slice of the products.

        Returns
        -------
        ReadNoise
            The noise of these products.
        """
        return ReadNoise(
            decisions=None if self.decisions is None else self.decisions[which],
            entering=None if self.entering is None else self.entering[which],
        )


def current_variances(
    noise: TileNoise,
    loaded: Crossbar,
    transfer: FloatArray,
    hertz: float,
    *,
    celsius: float,
) -> tuple[FloatArray | None, FloatArray]:
    """Return the variance of each column's current: over squared voltages, and the rest.

    Parameters
    ----------
    noise
        Noise of the array.
    loaded
        The array with all resistances in its terminals.
    transfer
        Its transfer (rows, cols) [S].
    hertz
        Bandwidth of the read-out [Hz].
    celsius
        Temperature of the array [degree Celsius].

    Returns
    -------
    tuple
        (rows, cols) [S^2] or None, and (cols,) [A^2].
    """
    by_volt = None
    if noise.read_siemens is not None:
        g = loaded.conductance
        share = np.divide(transfer, g, out=np.zeros_like(g), where=g > 0.0)
        by_volt = (noise.read_siemens * share) ** 2
    steady = np.zeros(loaded.cols)
    if noise.thermal:
        branches = nodal.reduce(loaded).held(loaded.terminals)
        own = branches[loaded.rows :].sum(axis=1)
        kelvin = celsius + constants.zero_Celsius
        steady = 4.0 * constants.k * kelvin * own * hertz
    return by_volt, steady


def draw(
    reads: Sequence[WordLines],
    *,
    readout: Readout,
    model: ReadoutModel,
    digital: CodeCombination,
    variances: tuple[FloatArray | None, FloatArray] | None,
    window_second: float,
    converters: int,
    rng: np.random.Generator,
) -> list[ReadNoise]:
    """Draw the noise of a product's reads: first all decisions, then what enters the converters.

    Parameters
    ----------
    reads
        Signals of the word lines, their own jitter drawn before.
    readout, model
        The converters, and the fast model with the amplifier's noise and its gain.
    digital
        Columns that are added before a converter.
    variances
        From :func:`current_variances`, or None.
    window_second
        Time over which voltages are averaged [s].
    converters
        Number of converters.
    rng
        Draws; what has no noise draws nothing.
    """
    converter, batch = readout.converter, len(reads[0].volt)
    shape = (batch, converters)
    decisions: list[FloatArray | None] = [
        converter.draw_noise(rng, shape) if converter.noisy else None for _ in reads
    ]
    slope = model.coefficients[1] / model.scale_ampere if len(model.coefficients) > 1 else 0.0
    noises = []
    for read, own in zip(reads, decisions, strict=True):
        power = np.full(shape, model.noise**2)
        if variances is not None:
            by_volt, steady = variances
            columns = np.broadcast_to(steady, (batch, steady.size))
            if by_volt is not None:
                columns = columns + read.mean_volt(window_second) ** 2 @ by_volt
            if digital.pairs is not None:
                columns = columns[:, digital.pairs].sum(axis=2)
            power = power + slope**2 * columns
        entering = np.sqrt(power) * rng.standard_normal(shape) if power.any() else None
        noises.append(ReadNoise(decisions=own, entering=entering))
    return noises
