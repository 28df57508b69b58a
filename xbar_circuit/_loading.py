"""Files from others: sizes are checked before anything is allocated; what is wrong is named.

The libraries that read a format say what is wrong with a file in many ways: by a dozen kinds of
errors, by asking for the memory that a header promises, or by expanding five megabytes to six
gigabytes. Here a declared size is held against the file and against a limit first, and whatever a
library raises becomes a `ModelFileError` that names the file.
"""

from __future__ import annotations

import gzip
import json
import math
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError

__all__ = [
    "EXPANDED_BYTES",
    "PLAIN_BYTES",
    "array_bytes",
    "check_size",
    "parse_json",
    "read_json",
    "read_npy",
    "read_npz",
    "reading",
    "unpacked",
]

#: The most that a compressed file may expand to [byte].
EXPANDED_BYTES = 1 << 31
#: The most that a file of text, a graph or a table may hold [byte].
PLAIN_BYTES = 1 << 31
_JSON_BYTES = 1 << 28
_MOST_BYTES = 1 << 48  # of any array, the empty ones by their other lengths
_NUMBERS = "biufcUS"


@contextmanager
def reading(path: object, *, expected: str, remedy: str, argument: str = "path") -> Iterator[None]:
    """Turn whatever a library raises about a file into an error that names it.

    Raises
    ------
    ModelFileError
        Anything went wrong inside.
    """
    try:
        yield
    except ModelFileError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise ModelFileError(
            f"{argument}: got {path} ({reason[:300]}), expected {expected}; {remedy}"
        ) from error


def check_size(what: str, size: int, most: int) -> None:
    """Raise ValueError where more bytes are promised than are allowed."""
    if size > most:
        raise ValueError(f"{what} of {size} bytes, more than the {most} that are allowed")


def read_json(path: Path) -> Any:
    """Return what a JSON file says; without NaN, infinities or numbers that are none in float64.

    Raises
    ------
    OSError, ValueError, RecursionError
        It is missing, too large, or no such JSON; see `reading`.
    """
    check_size("a file", path.stat().st_size, _JSON_BYTES)
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str) -> Any:
    """Return what JSON text says, as `read_json`."""
    return json.loads(text, parse_constant=_no_number, parse_float=_finite)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} where a number was expected")


def _finite(word: str) -> float:
    value = float(word)
    return value if math.isfinite(value) else _no_number(word)


def read_npy(path: Path) -> NDArray[np.generic]:
    """Return the array of an npy file.

    Raises
    ------
    OSError, ValueError
        It is missing, holds objects, or is not as long as its header says; see `reading`.
    """
    with path.open("rb") as file:
        return _array(file, path.stat().st_size, path.name)


def read_npz(
    path: Path, names: Collection[str] | None = None, *, most: int = EXPANDED_BYTES
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an npz file by name.

    Parameters
    ----------
    path
        The file.
    names
        Which to read; None is all.
    most
        What they may take together [byte].

    Raises
    ------
    OSError, ValueError, KeyError, zipfile.BadZipFile
        It is missing or damaged, lacks a name, holds objects, or would take too much; see
        `reading`.
    """
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        wanted = list(entries) if names is None else list(names)
        missing = [name for name in wanted if name not in entries]
        if missing:
            raise KeyError(f"no entry {missing[0]!r}, only {', '.join(entries) or 'none'}")
        check_size("arrays", sum(entries[name].file_size for name in wanted), most)
        found = {}
        for name in wanted:
            with archive.open(entries[name]) as file:
                found[name] = _array(file, entries[name].file_size, name)
                if file.read(1):  # the end of an entry is where its checksum is looked at
                    raise ValueError(f"{name} is longer than it says")
        return found


def _array(file: IO[bytes], size: int, name: str) -> NDArray[np.generic]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"{name} is an array of the unknown version {version}")
    if dtype.kind not in _NUMBERS:
        raise ValueError(f"{name} is an array of {dtype}, not of numbers or text")
    length = array_bytes(shape, dtype.itemsize)
    left = size - file.tell()
    if length != left:
        raise ValueError(f"{name} of shape {shape} takes {length} bytes, the file has {left}")
    content = file.read(length)
    if len(content) != length:
        raise ValueError(f"{name} ends after {len(content)} of {length} bytes")
    flat: NDArray[np.generic] = np.frombuffer(content, dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def array_bytes(shape: Sequence[int], itemsize: int) -> int:
    """Return how many bytes an array takes.

    Raises
    ------
    ValueError
        No array has that shape, also not an empty one.
    """
    full = math.prod(max(1, length) for length in shape) * itemsize
    if any(length < 0 for length in shape) or len(shape) > 32 or full > _MOST_BYTES:
        raise ValueError(f"an array of shape {str(tuple(shape))[:80]}")
    return math.prod(shape) * itemsize


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[IO[bytes], int | None]]:
    """Yield a file's content, unpacked if it is gzip, and its length where that is known [byte].

    Raises
    ------
    OSError
        It cannot be opened.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            yield file, path.stat().st_size
            return
        with gzip.GzipFile(fileobj=file) as inner:
            yield inner, None  # type: ignore[misc]  # it reads as any other file of bytes
