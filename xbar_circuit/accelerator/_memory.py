"""Memory of an inference: what a limit on the whole process leaves for batches of inputs."""

from __future__ import annotations

import math

from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.errors import ParameterError
from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network.operators import Array

__all__ = ["working_bytes"]

_PROCESS_BYTES = 280_000_000  # interpreter, libraries, compiled loops: 228 to 275 MB measured
_CELL_BYTES = 72  # weights, targets, transfers now and at first, and their float32 rendering
_LEAST_BYTES = 20_000_000  # that a limit must leave for the work itself
_DEVICE_BYTES = 32  # conductance, drift exponent, and what a read makes of them


def working_bytes(limit_bytes: int, mapping: Mapping, inputs: Array | Feeds) -> int:
    """Return what a limit on the whole process leaves for batches of inputs [byte].

    Interpreter, inputs and tiles have their share of the limit. It is counted from their sizes, not
    measured, so that the batches, and with them every bit of the result, depend on nothing else.

    Raises
    ------
    ParameterError
        Next to nothing is left.
    """
    cells = sum(tile.target.size for plan in mapping.layers for tile in plan.tiles)
    taken = _PROCESS_BYTES + 2 * inputs.nbytes + (_CELL_BYTES + _DEVICE_BYTES) * cells
    if limit_bytes - taken < _LEAST_BYTES:
        enough = math.ceil((taken + 4 * _LEAST_BYTES) / 1e8) / 10
        raise ParameterError.about(
            "memory_bytes",
            got=f"{limit_bytes:,}",
            expected=f"at least {taken + _LEAST_BYTES:,}: interpreter, images and tiles take"
            f" {taken:,} of it",
            remedy=f"raise the limit (--memory {enough:g}GB, or memory_bytes), or take"
            " fewer images (--images), or smaller data",
        )
    return limit_bytes - taken
