"""The kinds of synapse: how a signed weight is divided among devices.

===================  =====================================  ====================================
kind                 block (rows x columns)                 source
===================  =====================================  ====================================
`DifferentialPair`   1 x 2: plus and minus bit line         2T2R, the common signed cell
`MultiDevice`        1 x N: N devices summed at read        Boybat et al., Nat. Commun. 9, 2514
`BitSlices`          1 x 2 K: K digits for each sign        ISAAC, Shafiee et al., ISCA 2016
`EightT4R`           4 x 1: 2 rows for each sign            HERMES, JSSC 57 (2022) 1027
===================  =====================================  ====================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.synapse import Synapse

__all__ = ["BitSlices", "DifferentialPair", "EightT4R", "MultiDevice", "SelectionCounter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentialPair(Synapse):
    """Two devices on two bit lines: the positive part of the weight less the negative part.

    With a 1T1R cell it is the 2T2R cell.

    >>> pair = DifferentialPair(g_max_siemens=2e-6)
    >>> pair.conductance([[0.5, -1.0]]).tolist()
    [[1e-06, 0.0, 0.0, 2e-06]]
    >>> pair.combine([1e-6, 3e-6, 5e-6, 1e-6]).round(12).tolist()
    [[-2e-06, 4e-06]]
    """

    @property
    def drive(self) -> tuple[float, ...]:
        """Factor of the input on each row of the block, dimensionless (block rows,)."""
        return (1.0,)

    @property
    def significance(self) -> tuple[float, ...]:
        """Factor on the current of each column of the block, dimensionless (block columns,)."""
        return (1.0, -1.0)

    @property
    def siemens_per_weight(self) -> float:
        """Total conductance of a weight of 1, with ideal wires and cells [S]."""
        return self.g_max_siemens - self.g_min_siemens

    def shares(self, weights: FloatArray) -> FloatArray:
        """Return how much of its conductance range each device has.

        Parameters
        ----------
        weights
            Weights in [-1, 1], (inputs, outputs).

        Returns
        -------
        FloatArray
            Shares in [0, 1], dimensionless, (inputs, outputs, 1, 2): plus, minus.
        """
        return _signs(weights)[:, :, np.newaxis, :]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiDevice(Synapse):
    """N devices that are summed at read, half of them for each sign.

    The ideal weight is shared equally; programming moves one device at a time, which a global
    :class:`SelectionCounter` names for the whole array. Boybat et al., Nat. Commun. 9, 2514 (2018).

    Defaults: 25 uS is g_max of Joshi et al. 2020, four devices a sign are a choice.

    Parameters
    ----------
    devices_per_sign
        Devices for each sign of the weight.

    >>> four = MultiDevice(devices_per_sign=2, g_max_siemens=1e-6)
    >>> four.conductance([[0.5]]).tolist()
    [[5e-07, 5e-07, 0.0, 0.0]]
    >>> four.selected(np.array([[-0.1]]), SelectionCounter(length=2, value=1)).tolist()
    [[False, False, False, True]]
    """

    devices_per_sign: int = 4

    def __post_init__(self) -> None:
        Synapse.__post_init__(self)
        object.__setattr__(
            self, "devices_per_sign", checks.count("devices_per_sign", self.devices_per_sign)
        )

    @property
    def drive(self) -> tuple[float, ...]:
        """Factor of the input on each row of the block, dimensionless (block rows,)."""
        return (1.0,)

    @property
    def significance(self) -> tuple[float, ...]:
        """Factor on the current of each column of the block, dimensionless (block columns,)."""
        return (1.0,) * self.devices_per_sign + (-1.0,) * self.devices_per_sign

    @property
    def siemens_per_weight(self) -> float:
        """Total conductance of a weight of 1, with ideal wires and cells [S]."""
        return self.devices_per_sign * (self.g_max_siemens - self.g_min_siemens)

    def shares(self, weights: FloatArray) -> FloatArray:
        """Return how much of its conductance range each device has.

        Parameters
        ----------
        weights
            Weights in [-1, 1], (inputs, outputs).

        Returns
        -------
        FloatArray
            Shares in [0, 1], dimensionless, (inputs, outputs, 1, 2 N): N equal ones for plus, then
            N for minus.
        """
        return np.repeat(_signs(weights), self.devices_per_sign, axis=2)[:, :, np.newaxis, :]

    def selected(self, weight_change: FloatArray, counter: SelectionCounter) -> NDArray[np.bool_]:
        """Return which devices of the crossbar a pulse goes to: one of each synapse that changes.

        Parameters
        ----------
        weight_change
            Wanted changes, (inputs, outputs); the sign chooses the half, 0 asks for no pulse.
        counter
            Its value, modulo the devices for each sign, is the number of the device within the
            half, the same for the whole array.

        Returns
        -------
        numpy.ndarray
            Booleans (inputs, outputs * 2 N), true where a pulse goes.
        """
        change = np.asarray(weight_change, dtype=np.float64)
        place = np.arange(2 * self.devices_per_sign)
        at = counter.value % self.devices_per_sign
        wanted = np.where(change > 0.0, at, at + self.devices_per_sign)[:, :, np.newaxis]
        chosen = (place == wanted) & (change != 0.0)[:, :, np.newaxis]
        return np.asarray(chosen.reshape(change.shape[0], -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionCounter:
    """The global counter that names the device to program; a value, not a state.

    length : where it starts again at 0, the number of devices.
    increment : how much one update adds.
    value : current value.

    >>> counter = SelectionCounter(length=3)
    >>> [counter.advanced(k).value for k in range(5)]
    [0, 1, 2, 0, 1]
    """

    length: int
    increment: int = 1
    value: int = 0

    def __post_init__(self) -> None:
        checks.count("length", self.length)
        checks.count("increment", self.increment)
        checks.count("value", self.value, minimum=0, maximum=self.length - 1)

    def advanced(self, updates: int = 1) -> SelectionCounter:
        """Return the counter after some updates.

        Parameters
        ----------
        updates
            Number of updates, 0 or more.

        Returns
        -------
        SelectionCounter
            The same counter with its new value, below `length`.
        """
        moved = self.value + checks.count("updates", updates, minimum=0) * self.increment
        return SelectionCounter(
            length=self.length, increment=self.increment, value=moved % self.length
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BitSlices(Synapse):
    """The weight as an integer in digits, one device a digit and sign, added by significance.

    ``w = +-sum_k digit[k] * 2**(bits_per_cell * k) / (2**(bits_per_cell * slices) - 1)``; column k
    of the block holds digit k as ``digit / (2**bits_per_cell - 1)`` of the conductance range. ISAAC
    (Shafiee et al., ISCA 2016) has 2-bit cells; its offset for the sign is a second column here.

    Defaults: 25 uS is g_max of Joshi et al. 2020, four digits are a choice.

    Parameters
    ----------
    bits_per_cell, slices
        Bits of a device, and digits of a magnitude.

    >>> slices = BitSlices(g_max_siemens=3e-6, bits_per_cell=2, slices=2)
    >>> slices.conductance([[0.6]]).round(9).tolist()  # 0.6 is 9/15, in digits of base 4: 2 1
    [[1e-06, 2e-06, 0.0, 0.0]]
    """

    bits_per_cell: int = 2
    slices: int = 4

    def __post_init__(self) -> None:
        Synapse.__post_init__(self)
        checks.count("bits_per_cell", self.bits_per_cell, maximum=16)
        checks.count("slices", self.slices, maximum=32 // self.bits_per_cell)

    @property
    def levels(self) -> int:
        """Largest magnitude as an integer, dimensionless."""
        return int(2 ** (self.bits_per_cell * self.slices)) - 1

    @property
    def drive(self) -> tuple[float, ...]:
        """Factor of the input on each row of the block, dimensionless (block rows,)."""
        return (1.0,)

    @property
    def significance(self) -> tuple[float, ...]:
        """Factor on the current of each column of the block, dimensionless (block columns,)."""
        powers = [float(2 ** (self.bits_per_cell * k)) for k in range(self.slices)]
        return (*powers, *(-power for power in powers))

    @property
    def siemens_per_weight(self) -> float:
        """Total conductance of a weight of 1, after significance [S]."""
        span = self.g_max_siemens - self.g_min_siemens
        return float(span * self.levels / (2**self.bits_per_cell - 1))

    def shares(self, weights: FloatArray) -> FloatArray:
        """Return how much of its conductance range each device has; the weight is rounded.

        Parameters
        ----------
        weights
            Weights in [-1, 1], (inputs, outputs).

        Returns
        -------
        FloatArray
            Shares in [0, 1], dimensionless, (inputs, outputs, 1, 2 K): K digits for plus, the
            lowest first, then K for minus.
        """
        whole = np.rint(_signs(weights) * self.levels).astype(np.int64)
        shift = self.bits_per_cell * np.arange(self.slices)
        top = 2**self.bits_per_cell - 1
        digits = (whole[:, :, :, np.newaxis] >> shift) & top
        return np.asarray((digits / top).reshape(*weights.shape, 1, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class EightT4R(Synapse):
    """Signed inputs and signed weights in one step: two devices a sign, on opposite source lines.

    The rows of the positive devices are driven at ``V_cm + V``, those of the negative ones at
    ``V_cm - V``, and all four devices share one bit line at ``V_cm``: its current is signed. The
    8T4R cell of the HERMES core (Khaddam-Aljameh et al., JSSC 57, 1027, 2022) has two transistors a
    device; taken as parallel, they are ``Transistor(parallel=2)`` of a 1T1R cell whose
    `common_volt` is ``V_cm`` (0.4 V there, with rails at 0.2 and 0.6 V).

    >>> cell = EightT4R(g_max_siemens=1e-6)
    >>> cell.conductance([[-1.0]]).ravel().tolist(), cell.volts([0.1]).tolist()
    ([0.0, 0.0, 1e-06, 1e-06], [[0.1, 0.1, -0.1, -0.1]])
    """

    @property
    def drive(self) -> tuple[float, ...]:
        """Factor of the input on each row of the block, dimensionless (block rows,)."""
        return (1.0, 1.0, -1.0, -1.0)

    @property
    def significance(self) -> tuple[float, ...]:
        """Factor on the current of each column of the block, dimensionless (block columns,)."""
        return (1.0,)

    @property
    def siemens_per_weight(self) -> float:
        """Total conductance of a weight of 1, with ideal wires and cells [S]."""
        return 2.0 * (self.g_max_siemens - self.g_min_siemens)

    def shares(self, weights: FloatArray) -> FloatArray:
        """Return how much of its conductance range each device has.

        Parameters
        ----------
        weights
            Weights in [-1, 1], (inputs, outputs).

        Returns
        -------
        FloatArray
            Shares in [0, 1], dimensionless, (inputs, outputs, 4, 1): two equal ones for plus, then
            two for minus.
        """
        return np.repeat(_signs(weights), 2, axis=2)[:, :, :, np.newaxis]


def _signs(weights: FloatArray) -> FloatArray:
    """Return the positive and the negative part along a new last axis."""
    return np.stack([np.maximum(weights, 0.0), np.maximum(-weights, 0.0)], axis=2)
