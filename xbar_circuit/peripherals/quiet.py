"""A part without its noise: what a study of one noise at a time needs of the others."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

__all__ = ["quiet"]

Part = TypeVar("Part")

_NOISES = ("noise", "jitter")


def quiet(part: Part) -> Part:
    """Return a copy of a driver, a read-out or any of their parts without noise and jitter.

    Every number whose name begins with ``noise`` or ``jitter`` becomes 0, in the parts of a part
    too.

    Parameters
    ----------
    part
        Driver, read-out, converter, amplifier or integrator.

    Returns
    -------
    Part
        The same part, deterministic.

    >>> from xbar_circuit.peripherals import PulseWidth, WordLineBuffer
    >>> quiet(WordLineBuffer(driver=PulseWidth(jitter_second=1e-12))).driver.jitter_second
    0.0
    """
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return part
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(part):
        if not field.init:
            continue
        value = getattr(part, field.name)
        if field.name.startswith(_NOISES) and isinstance(value, float):
            changes[field.name] = 0.0
        elif isinstance(value, tuple):
            changes[field.name] = tuple(quiet(one) for one in value)
        elif dataclasses.is_dataclass(value):
            changes[field.name] = quiet(value)
    same = all(
        getattr(part, name) is value or getattr(part, name) == value
        for name, value in changes.items()
    )
    return part if same else dataclasses.replace(part, **changes)
