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
        ``.csv``, ``.tsv`` or ``.txt`` (numbers separated by commas, semicolons, tabs or spaces;
        one line of headings, names before the rows, and lines that begin with ``#`` are left
        out), ``.npy``, or ``.parquet`` (needs pandas and pyarrow).

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
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise _refused(path, "no numbers", "at least one line of numbers")
    cut = _without_names(_cells(lines))
    width = len(cut[0][1])
    rows = []
    for number, words in cut:
        if len(words) != width:
            got = f"{len(words)} values in line {number} and {width} in line {cut[0][0]}"
            raise _refused(path, got, "lines of equal length")
        wrong = next((word for word in words if not _number(word)), None)
        if wrong is not None:
            raise _wrong_cell(path, wrong, number)
        rows.append([float(word) for word in words])
    return np.array(rows)


_Lines = list[tuple[int, list[str]]]


def _cells(lines: list[tuple[int, str]]) -> _Lines:
    """Return the numbers of the lines and their cells, without a separator that ends every line."""
    mark = next((mark for mark in ";\t," if mark in lines[0][1]), None)
    if mark is None:
        return [(number, line.split()) for number, line in lines]
    cut = [(number, _split(line, mark)) for number, line in lines]
    if all(len(words) > 1 and not words[-1] for _, words in cut):
        return [(number, words[:-1]) for number, words in cut]
    return cut


def _split(line: str, mark: str) -> list[str]:
    try:
        return [word.strip() for word in next(csv.reader([line], delimiter=mark))]
    except csv.Error:  # a cell of more than 128 kB
        return line.split(mark)


def _without_names(cut: _Lines) -> _Lines:
    """Leave out one line of headings, and the names of the rows before their numbers."""
    head = cut[0][1]
    named = len(cut) > 1 and not head[0] and all(words[0] for _, words in cut[1:])
    if len(cut) > 1 and (named or not any(_number(word) for word in head)):
        cut = cut[1:]
    if named or all(len(words) > 1 and _name(words[0]) for _, words in cut):
        cut = [(number, words[1:]) for number, words in cut]
    return cut


def _wrong_cell(path: Path, word: str, line: int) -> ModelFileError:
    if not word:
        return ModelFileError(
            f"{path}: got an empty cell in line {line}, expected a number; write 0 for an open"
            " device"
        )
    if _number(word.replace(",", ".")):
        return ModelFileError(
            f"{path}: got {word!r} in line {line}, expected a number with a decimal point; write"
            f" {word.replace(',', '.')}"
        )
    return ModelFileError(
        f"{path}: got {word!r} in line {line}, expected a number; one line of headings, names"
        " before the rows and lines that begin with # are left out, nothing else"
    )


def _name(word: str) -> bool:
    return bool(word) and not _number(word.replace(",", "."))


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word  # which Python takes, as in its own numbers


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
