"""Matrices that users bring: CSV, npy and Parquet files.

A file is read as numbers or refused by name; nothing in it is executed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._loading import read_npy, reading
from xbar_circuit.errors import ModelFileError, ParameterError

__all__ = ["load_matrix"]

_LARGEST_BYTES = 1 << 30
_KINDS = (".csv", ".tsv", ".txt", ".npy", ".parquet")


def load_matrix(path: Path) -> FloatArray:
    """Return the matrix in a file.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv`` or ``.txt`` (numbers separated by commas, semicolons, tabs or spaces,
        with or without one line of headings), ``.npy``, or ``.parquet`` (needs pandas and pyarrow).

    Returns
    -------
    numpy.ndarray
        float64, (rows, cols); a vector becomes one row.

    Raises
    ------
    ParameterError
        An unknown kind of file.
    ModelFileError
        The file is missing, too large, or holds no matrix of numbers.
    """
    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise ParameterError.about(
            str(path),
            got=kind or "no ending",
            expected=", ".join(_KINDS),
            remedy="convert the file",
        )
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise _refused(path, f"{size} bytes", f"at most {_LARGEST_BYTES}")
        values = _READERS.get(kind, _text)(path)
    except OSError as error:
        raise ModelFileError(
            f"{path}: got {error.strerror}, expected a readable file; check the name"
        ) from error
    if values.ndim not in {1, 2} or values.size == 0:
        raise _refused(
            path, f"shape {values.shape}", "a matrix or a vector with at least one entry"
        )
    return np.atleast_2d(values)


def _text(path: Path) -> FloatArray:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, error, "text in UTF-8") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise _refused(path, "no numbers", "at least one line of numbers")
    mark = next((mark for mark in ";\t," if mark in lines[0]), None)
    cut = list(csv.reader(lines, delimiter=mark)) if mark else [line.split() for line in lines]
    if not any(_number(word) for word in cut[0]) and len(cut) > 1:
        cut = cut[1:]  # headings
    widths = {len(words) for words in cut}
    if len(widths) > 1:
        raise _refused(path, f"lines of {sorted(widths)} values", "lines of equal length")
    rows = []
    for number, words in enumerate(cut, start=1 + len(lines) - len(cut)):
        try:
            rows.append([float(word) for word in words])
        except ValueError as error:
            raise _refused(path, f"{error} in line {number}", "numbers") from error
    return np.array(rows)


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _npy(path: Path) -> FloatArray:
    with reading(path, expected="a NumPy array of numbers", remedy="write it as CSV or .npy"):
        values = read_npy(path)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
        raise _refused(path, type(values).__name__, "a NumPy array of real numbers")
    return np.array(values, dtype=np.float64)


def _parquet(path: Path) -> FloatArray:
    try:
        import pandas as pd  # noqa: PLC0415  optional

        values = pd.read_parquet(path).to_numpy(dtype=np.float64)
    except ImportError as error:
        raise ModelFileError(
            f"{path}: got {error}, expected pandas and pyarrow to read Parquet;"
            " pip install pandas pyarrow, or save the matrix as CSV"
        ) from error
    except (ValueError, TypeError) as error:
        raise _refused(path, error, "a table of numbers") from error
    return np.asarray(values)


def _refused(path: Path, got: object, expected: str) -> ModelFileError:
    return ModelFileError(f"{path}: got {got}, expected {expected}; write it as CSV or .npy")


_READERS = {".npy": _npy, ".parquet": _parquet}
