"""Noise of a switched integrator: the covariance of its circuit through reset, window and hold.

Three voltages follow the noise sources: x at the op-amp's output, u = q / C of the charge q that
the switches have brought onto the op-amp's input, and v on the column's own capacitance C_s. With
the input at ``m = (u + x) C / (C + C_in)`` and the op-amp's unity frequency w and pole p,

    x' = w (e - m) - p x
    reset    C u' = (x - m) / R_sw + i;             the column rests on the reference
    window   C u' = (v - m) / R_sw + i,   C_s v' = (m - v) / R_sw - v / R + i
    hold     u' = 0

where each resistor has a white current i of two-sided density ``2 k T / R`` and the op-amp a
voltage e of ``e_n**2 / 2``. A linear circuit's covariance P obeys ``P' = A P + P A^T + B B^T``
(Lyapunov; A. Papoulis, Probability, Random Variables and Stochastic Processes, ch. 10), solved here
mode by mode. Reset and hold are taken as long enough to settle, as the amplifier's gain is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray

__all__ = ["IntegratorCircuit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegratorCircuit:
    """What the noise of an integrator depends on.

    farad, window_second, switch_ohm : the integrator's capacitor, window and switch [F, s, ohm].
    source_ohm, source_farad : resistance and capacitance of the column [ohm, F].
    unity, pole : unity and pole frequency of the op-amp [rad/s].
    white : density of its voltage noise, one-sided [V**2/Hz].
    input_farad : capacitance of its input [F].
    kt : k T [J].
    column : whether `source_ohm` has thermal noise.
    """

    farad: float
    window_second: float
    switch_ohm: float
    source_ohm: float
    source_farad: float
    unity: float
    pole: float
    white: float
    input_farad: float
    kt: float
    column: bool

    def variance(self) -> float:
        """Return the variance of the output that is held.

        Returns
        -------
        float
            Variance [V**2].
        """
        divided = self.farad / (self.farad + self.input_farad)
        amp = np.array([-self.unity * divided - self.pole, -self.unity * divided])
        hiss = self.unity**2 * self.white / 2.0
        # reset: the state is (x, u)
        rate = 1.0 / (self.switch_ohm * self.farad)
        rest = np.array([amp, [rate * (1.0 - divided), -rate * divided]])
        thermal = 2.0 * self.kt / self.switch_ohm / self.farad**2
        at_reset = _settled(rest, np.diag([hiss, thermal]))
        state = self._after_window(amp, divided, hiss, at_reset)
        # hold: x follows u through the op-amp's gain, and has its own noise
        follows = amp[1] / -amp[0]
        return float(follows**2 * state[1, 1] + hiss / (-2.0 * amp[0]))

    def _after_window(
        self, amp: FloatArray, divided: float, hiss: float, at_reset: FloatArray
    ) -> FloatArray:
        """Return the covariance at the end of the window."""
        source_noise = 2.0 * self.kt / self.source_ohm if self.column else 0.0
        switch_noise = 2.0 * self.kt / self.switch_ohm
        if self.source_farad == 0.0:  # one resistor of both
            ohm = self.source_ohm + self.switch_ohm
            rate = 1.0 / (ohm * self.farad)
            matrix = np.array([amp, [-rate * divided, -rate * divided]])
            noise = source_noise * self.source_ohm**2 + switch_noise * self.switch_ohm**2
            drive = np.diag([hiss, noise / (ohm * self.farad) ** 2])
            return _moved(matrix, drive, at_reset, self.window_second)
        rate = 1.0 / (self.switch_ohm * self.farad)
        own = 1.0 / (self.switch_ohm * self.source_farad)
        source = 1.0 / (self.source_ohm * self.source_farad)
        matrix = np.array(
            [
                [*amp, 0.0],
                [-rate * divided, -rate * divided, rate],
                [own * divided, own * divided, -own - source],
            ]
        )
        by_switch = np.array([0.0, 1.0 / self.farad, -1.0 / self.source_farad])
        drive = switch_noise * np.outer(by_switch, by_switch)
        drive[0, 0] = hiss
        drive[2, 2] += source_noise / self.source_farad**2
        start = np.zeros((3, 3))
        start[:2, :2] = at_reset
        resting = (source_noise + switch_noise) / self.source_farad**2
        start[2, 2] = resting / (2.0 * (own + source))
        return _moved(matrix, drive, start, self.window_second)


def _settled(matrix: FloatArray, drive: FloatArray) -> FloatArray:
    return _moved(matrix, drive, np.zeros_like(drive), math.inf)


def _moved(matrix: FloatArray, drive: FloatArray, start: FloatArray, seconds: float) -> FloatArray:
    """Return the covariance after a time, from one mode and its decay to the next."""
    rates, modes = np.linalg.eig(matrix)
    inverse = np.linalg.inv(modes)
    together = rates[:, np.newaxis] + rates
    if seconds == math.inf:
        weight, decay = -1.0 / together, np.zeros_like(together)
    else:
        weight, decay = np.expm1(together * seconds) / together, np.exp(together * seconds)
    inner = weight * (inverse @ drive @ inverse.T) + decay * (inverse @ start @ inverse.T)
    result: FloatArray = (modes @ inner @ modes.T).real
    return result
