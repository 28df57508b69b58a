"""Memory of an inference: what a limit on the whole process leaves for batches of inputs."""

from __future__ import annotations

import math

from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.errors import ParameterError
from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import Array

__all__ = ["check_memory", "working_bytes"]

_PROCESS_BYTES = 280_000_000  # interpreter, libraries, compiled loops: 228 to 275 MB measured
_CELL_BYTES = 72  # weights, targets, transfers now and at first, and their float32 rendering
_LEAST_BYTES = 20_000_000  # that a limit must leave for the work itself
_DEVICE_BYTES = 32  # conductance, drift exponent, and what a read makes of them


def check_memory(limit_bytes: int, network: Network, *, cells: int, inputs: Array | Feeds) -> None:
    """Refuse a limit that does not hold the work, before anything is programmed.

    Parameters
    ----------
    limit_bytes
        On the memory of the whole process [byte].
    network
        What will run.
    cells
        Of all its tiles.
    inputs
        All of them.

    Raises
    ------
    ParameterError
        Tiles and inputs do not fit, or not one sample beside them; with the limit that is enough.
    """
    taken = _taken(cells, inputs)
    if limit_bytes - taken >= max(_LEAST_BYTES, network.sample_bytes):
        return
    raise _refusal(limit_bytes, taken, max(_LEAST_BYTES, network.sample_bytes))


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
    taken = _taken(cells, inputs)
    if limit_bytes - taken < _LEAST_BYTES:
        raise _refusal(limit_bytes, taken, _LEAST_BYTES)
    return limit_bytes - taken


def _taken(cells: int, inputs: Array | Feeds) -> int:
    """Return what interpreter, inputs and tiles take [byte]."""
    return _PROCESS_BYTES + 2 * inputs.nbytes + (_CELL_BYTES + _DEVICE_BYTES) * cells


def _refusal(limit_bytes: int, taken: int, least: int) -> ParameterError:
    enough = math.ceil((taken + max(least, 4 * _LEAST_BYTES)) / 1e8) / 10
    return ParameterError.about(
        "memory_bytes",
        got=f"{limit_bytes:,}",
        expected=f"at least {taken + least:,}: interpreter, images and tiles take {taken:,} of it",
        remedy=f"raise the limit (--memory {enough:g}GB, or memory_bytes), or take"
        " fewer images (--images), or smaller data",
    )
