"""Many arrays of one kind at once: the tiles that a network's layers are cut into."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._backend import for_tiles
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, certify
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal._layout import patch_size
from xbar_circuit.nodal._reduction import Arrays, transfer_arrays
from xbar_circuit.nodal._threads import spread, threads
from xbar_circuit.nodal.hierarchical import held_ends
from xbar_circuit.wires import Terminals, Wires

__all__ = ["transfer_tiles"]

_CELLS_AT_ONCE = 1 << 14  # what fits the processor's cache
# more than a tile takes while it is reduced: whatever its size, a cell of its patches, a wire
_BYTES, _BYTES_A_CELL, _BYTES_A_WIRE = 400_000, 350, 8000
_CELLS_ON_CARD = 1 << 23  # about 5 GB while they are reduced


def transfer_tiles(
    conductance: ArrayLike,
    *,
    wires: Wires,
    terminals: Terminals | None = None,
    device: str | None = None,
    memory_bytes: int | None = None,
    out: FloatArray | None = None,
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

    memory_bytes
        Memory limit besides the conductances and the result; None for what is fastest,
        about 8 MB a thread for tiles of up to 128 x 128. Tiles go through one after the other, so
        conductances may lie in a file (``np.load(..., mmap_mode="r")``).
    out
        Where the result goes, (tiles, rows, cols) of float64, a file for instance
        (``np.lib.format.open_memmap``); None for a new array.

    Returns
    -------
    numpy.ndarray
        (tiles, rows, cols) [S], in the memory of this machine whatever computed them.

    Raises
    ------
    ShapeError
        `conductance` is not (tiles, rows, cols) with at least one entry, or `out` is not like it.
    ParameterError
        A conductance is NaN, infinite or negative, the device is not there, or the memory is not
        enough for one tile.
    ConvergenceError
        A transfer is not finite.

    >>> wires = Wires(row_ohm=1.0, column_ohm=2.0)
    >>> transfer_tiles([[[0.1]], [[0.0]]], wires=wires).round(6).tolist()
    [[[0.076923]], [[0.0]]]
    """
    place = for_tiles(device)
    kept = isinstance(conductance, np.ndarray) and not isinstance(conductance, np.ma.MaskedArray)
    in_place = kept and conductance.dtype == np.float64  # type: ignore[union-attr]
    tiles: FloatArray = (
        conductance if in_place else checks.real("conductance", conductance)  # type: ignore[assignment]
    )
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
    ends = held_ends(wires, Terminals() if terminals is None else terminals)
    result = np.empty(tiles.shape) if out is None else _room(out, tiles.shape)
    cells = tiles[0].size
    with threads() as allowed:
        step = max(1, (_CELLS_AT_ONCE if place.numpy else _CELLS_ON_CARD) // cells)
        count = allowed if place.numpy else 1
        if memory_bytes is not None:
            count, step = _within(memory_bytes, tiles[0].shape, count, step)

        def some(start: int) -> list[int]:
            part = _clean(tiles[start : start + step])
            arrays = Arrays(
                device=place.put(part),
                row_ohm=wires.row_ohm,
                column_ohm=wires.column_ohm,
                ends=ends,
            )
            found = place.get(transfer_arrays(arrays))
            result[start : start + step] = found
            return [start + int(k) for k in certify(found, None, tolerance=TOLERANCE)]

        bad = [k for own in spread(some, range(0, len(tiles), step), count) for k in own]
    if bad:
        raise ConvergenceError(
            f"conductance: got {len(bad)} of {len(tiles)} tiles with a transfer that is not finite"
            f" (tiles {bad[:8]}), expected finite ones; give conductances in siemens",
            failed=bad,
        )
    return result


def _clean(part: FloatArray) -> FloatArray:
    """Return some tiles if they are conductances."""
    if not (np.isfinite(part).all() and (part >= 0.0).all()):
        raise ParameterError.about(
            "conductance",
            got="NaN, infinite or negative entries",
            expected="finite conductances >= 0 [S]",
            remedy="0 is an open device; map signed weights to pairs of columns first",
        )
    return np.asarray(part)


def _room(out: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return where the result goes, if it fits."""
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != np.float64:
        got = f"shape {np.shape(out)}, {getattr(out, 'dtype', type(out).__name__)}"
        raise ShapeError.about(
            "out", got=got, expected=f"shape {shape}, float64", remedy="give np.empty(shape)"
        )
    return out


def _within(memory_bytes: int, shape: tuple[int, ...], count: int, step: int) -> tuple[int, int]:
    """Return how many threads take how many tiles at once without going beyond the memory."""
    limit = checks.count("memory_bytes", memory_bytes)
    rows, cols = shape
    padded = [-(-cells // size) * size for cells in shape for size in (patch_size(cells),)]
    tile = _BYTES + _BYTES_A_CELL * padded[0] * padded[1] + _BYTES_A_WIRE * (rows + cols)
    if tile > limit:
        raise ParameterError.about(
            "memory_bytes",
            got=f"{limit}",
            expected=f"at least {tile} for one tile of {rows} x {cols}",
            remedy="give more, or cut the tiles smaller",
        )
    count = min(count, limit // tile)
    return count, min(step, limit // (tile * count))
