"""Tables on disk, so that a cell is extracted once.

A table's file is named by its key, a digest of everything it depends on, so a file can be too much
but never wrong. It is written whole or not at all; one that cannot be read counts as missing.
The folder is ``$XBAR_CACHE_DIR``, else ``xbar_circuit`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.
"""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from xbar_circuit._files import replacing
from xbar_circuit.cells import CurrentTable, TableAxis, TableQuality
from xbar_circuit.errors import ParameterError

__all__ = ["load", "store"]

_AXES = ("row_axis", "column_axis", "log_axis")

# errors that reading an archive with a few wrong bytes raised in tests, and similar ones
_DAMAGED = (
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    ParameterError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def store(table: CurrentTable, folder: Path) -> Path:
    """Write a table and return its file.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    path = _path(folder, table.key)
    numbers = {
        f"{name}_{key}": value
        for name in _AXES
        for key, value in asdict(getattr(table, name)).items()
    }
    with replacing(path) as temporary:
        np.savez_compressed(
            temporary,
            allow_pickle=False,
            coefficients=table.coefficients,
            saturating=table.saturating,
            supply_volt=np.nan if table.supply_volt is None else table.supply_volt,
            subject=table.subject,
            key=table.key,
            **numbers,
            **{f"quality_{key}": value for key, value in asdict(table.quality).items()},
        )
    return path


def load(key: str, folder: Path) -> CurrentTable | None:
    """Return the table of this key, or None where there is no readable one."""
    try:
        with (
            _path(folder, key).open("rb") as stream,
            np.load(stream, allow_pickle=False) as file,
        ):
            axes = {
                name: TableAxis(
                    start=float(file[f"{name}_start"]),
                    stop=float(file[f"{name}_stop"]),
                    points=int(file[f"{name}_points"]),
                )
                for name in _AXES
            }
            supply = float(file["supply_volt"])
            table = CurrentTable(
                **axes,
                coefficients=file["coefficients"],
                saturating=bool(file["saturating"]),
                supply_volt=None if np.isnan(supply) else supply,
                quality=TableQuality(
                    held_out_points=int(file["quality_held_out_points"]),
                    worst=float(file["quality_worst"]),
                    rms=float(file["quality_rms"]),
                    least_slope=float(file["quality_least_slope"]),
                    neglected=float(file["quality_neglected"]),
                ),
                subject=str(file["subject"]),
                key=str(file["key"]),
            )
    except _DAMAGED:
        return None
    return table if table.key == key else None


def _path(folder: Path, key: str) -> Path:
    return folder / f"table-{key}.npz"
