"""The read path inside a programming loop: what the controller believes a cell to be.

A read at `read_volt` gives a current; noise of the amplifier and of the cell adds to it, and a
converter of `bits` bits over the full scale rounds it. The controller sees conductances on that
grid only, which is what limits program-and-verify in practice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray

__all__ = ["ReadPath"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPath:
    """Read voltage, converter and noise of the verify step.

    Parameters
    ----------
    read_volt
        Read voltage [V].
    full_scale_siemens
        Conductance of the converter's largest code [S].
    bits
        Resolution; None is an ideal converter.
    noise_ampere
        Standard deviation of the path's own noise [A].
    relative_noise
        Standard deviation of the cell's noise in one read, relative to its current.
    read_second
        Duration of one read [s].

    >>> path = ReadPath(read_volt=0.2, full_scale_siemens=25.5e-6, bits=8)
    >>> round(float(path.step_siemens) * 1e6, 6)
    0.1
    """

    read_volt: float = 0.2
    full_scale_siemens: float = 30e-6
    bits: int | None = 8
    noise_ampere: float = 0.0
    relative_noise: float = 0.0
    read_second: float = 250e-9

    def __post_init__(self) -> None:
        for name, unit in (("read_volt", "V"), ("full_scale_siemens", "S"), ("read_second", "s")):
            value = checks.number(name, getattr(self, name), unit, above=True)
            object.__setattr__(self, name, value)
        for name in ("noise_ampere", "relative_noise"):
            object.__setattr__(self, name, checks.number(name, getattr(self, name), "A or 1"))
        if self.bits is not None:
            object.__setattr__(self, "bits", checks.count("bits", self.bits, maximum=24))

    @property
    def step_siemens(self) -> float:
        """Conductance of one converter code [S]; 0 for an ideal one."""
        return 0.0 if self.bits is None else self.full_scale_siemens / (2**self.bits - 1)

    def measure(self, current: FloatArray, *, rng: np.random.Generator) -> FloatArray:
        """Return the conductance that the controller believes [S], for true currents [A]."""
        noise = self.noise_ampere * rng.standard_normal(current.shape)
        noise += self.relative_noise * current * rng.standard_normal(current.shape)
        g = (current + noise) / self.read_volt
        if self.bits is None:
            return np.maximum(g, 0.0)
        code = np.clip(np.rint(g / self.step_siemens), 0, 2**self.bits - 1)
        return np.asarray(code * self.step_siemens)
