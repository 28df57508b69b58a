"""Many arrays of one kind at once: the tiles that a network's layers are cut into."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._backend import for_tiles
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, certify
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal._reduction import Arrays, transfer_arrays
from xbar_circuit.nodal._threads import spread, threads
from xbar_circuit.nodal.hierarchical import held_ends
from xbar_circuit.wires import Terminals, Wires

__all__ = ["transfer_tiles"]

_CELLS_AT_ONCE = 1 << 14  # what fits the processor's cache
_CELLS_ON_CARD = 1 << 23  # about 5 GB while they are reduced


def transfer_tiles(
    conductance: ArrayLike,
    *,
    wires: Wires,
    terminals: Terminals | None = None,
    device: str | None = None,
) -> FloatArray:
    """Return the transfer matrices (tiles, rows, cols) [S] of many arrays of ohmic devices.

    Parameters
    ----------
    conductance
        Devices of each tile (tiles, rows, cols) [S]; 0 is open.
    wires, terminals
        The same for all tiles; terminals of 0 ohm at the left and bottom unless said otherwise.
    device
        Where to compute: ``"cuda"`` for a graphics card; None for the processor, unless another
        device is preferred (`xbar_circuit._backend`). The result is NumPy's in any case, and the
        same within rounding.

    Raises
    ------
    ShapeError
        `conductance` is not (tiles, rows, cols) with at least one entry.
    ParameterError
        A conductance is NaN, infinite or negative, or the device is not there.
    ConvergenceError
        A transfer is not finite.

    >>> wires = Wires(row_ohm=1.0, column_ohm=2.0)
    >>> transfer_tiles([[[0.1]], [[0.0]]], wires=wires).round(6).tolist()
    [[[0.076923]], [[0.0]]]
    """
    place = for_tiles(device)
    tiles = checks.real("conductance", conductance)
    checks.instance("wires", wires, Wires, example="xc.Wires(row_ohm=1.0, column_ohm=1.0)")
    if terminals is not None:
        checks.instance("terminals", terminals, Terminals, example="xc.Terminals()")
    if tiles.ndim != 3 or tiles.size == 0:
        raise ShapeError.about(
            "conductance",
            got=f"shape {tiles.shape}",
            expected="shape (tiles, rows, cols), at least (1, 1, 1)",
            remedy="stack the tiles along a first axis",
        )
    if not (np.isfinite(tiles).all() and (tiles >= 0.0).all()):
        raise ParameterError.about(
            "conductance",
            got="NaN, infinite or negative entries",
            expected="finite conductances >= 0 [S]",
            remedy="0 stands for an open device; map signed weights to pairs of columns first",
        )
    ends = held_ends(wires, Terminals() if terminals is None else terminals)
    result = np.empty_like(tiles)
    at_once = _CELLS_AT_ONCE if place.numpy else _CELLS_ON_CARD
    step = max(1, at_once // tiles[0].size)

    def some(start: int) -> None:
        part = Arrays(
            device=place.put(tiles[start : start + step]),
            row_ohm=wires.row_ohm,
            column_ohm=wires.column_ohm,
            ends=ends,
        )
        result[start : start + step] = place.get(transfer_arrays(part))

    with threads() as count:
        spread(some, range(0, len(tiles), step), count if place.numpy else 1)
    bad = certify(result, None, tolerance=TOLERANCE)
    if bad.size:
        raise ConvergenceError(
            f"conductance: got {len(bad)} of {len(tiles)} tiles with a transfer that is not finite"
            f" (tiles {bad[:8].tolist()}), expected finite ones; give conductances in siemens",
            failed=bad.tolist(),
        )
    return result
