"""Files that are written whole or not at all.

A result file that exists is complete: the text goes to a temporary neighbour first, is on the disk
before it takes its name, and takes it in one step, so a full disk, an interruption or a loss of
power leaves the old file, or none. A folder in which a run works can be held, so that a second run
does not do the same work there; what a run that was killed left half written is removed then.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.errors import XbarError

fcntl: Any
try:
    import fcntl
except ImportError:  # not a Unix
    fcntl = None

__all__ = ["cache_folder", "held", "replacing", "write_bytes", "write_json", "write_text"]

_HELD: set[str] = set()
_PARTIAL = ".partial-"  # then the process that writes, and what the name will be


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path` that takes its place when the block ends well.

    The folder is made if it is missing. On an error the temporary file is removed and `path` stays
    as it was.

    Raises
    ------
    OSError
        The folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f"{_PARTIAL}{os.getpid()}-{path.stem}-", suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101  mkstemp made it private
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)  # the name too
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder while the block runs; the system lets it go when the process ends, however.

    The same process may hold a folder twice. Where folders cannot be locked nothing is held. Files
    that a process which is gone left half written in it, or below it, are removed.

    Raises
    ------
    XbarError
        Another process holds it.
    OSError
        It cannot be made or opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = str(folder.resolve())
    if fcntl is None or place in _HELD:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise XbarError(
            f"{folder}: got a folder in which another run is at work, expected one of its own;"
            " wait for that run, or give another folder"
        ) from error
    except OSError:  # a file system without locks
        pass
    _HELD.add(place)
    try:
        _sweep(folder)
        yield
    finally:
        _HELD.discard(place)
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what was never finished and whose writer is gone."""
    for path in folder.rglob(f"{_PARTIAL}*"):
        writer = path.name.removeprefix(_PARTIAL).partition("-")[0]
        if writer.isdigit() and not _lives(int(writer)):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


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


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk, where the system can say so."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has nothing to wait for
            raise
    finally:
        os.close(handle)


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
