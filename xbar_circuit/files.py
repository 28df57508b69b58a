"""Files that are written whole or not at all.

A result file that exists is complete: the text goes to a temporary neighbour first and takes its
name in one step, so a full disk or an interruption leaves the old file, or none.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["cache_folder", "replacing", "write_json", "write_text"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block ends well.

    The folder is made if it is missing. On an error the temporary file is removed and `path` stays
    as it was.

    Raises
    ------
    OSError
        The folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101  mkstemp made it private
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON whole or not at all; NumPy numbers and arrays become plain ones.

    Raises
    ------
    OSError
        The file cannot be written.
    TypeError
        Something in `content` has no JSON form.
    ValueError
        A number is not finite: JSON has no NaN.
    """
    write_text(path, json.dumps(content, indent=2, default=_plain, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def cache_folder() -> Path:
    """Return this user's folder for what is costly to make again.

    ``$XBAR_CACHE_DIR``, else ``xbar_circuit`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.
    """
    own = os.environ.get("XBAR_CACHE_DIR")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "xbar_circuit"
