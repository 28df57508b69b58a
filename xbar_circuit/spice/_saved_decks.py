"""Decks that failed, kept for whoever wants to run them by hand: the last few, not all.

Each process has one folder, made when it first fails; it keeps eight decks, the newest. At its end
all but the last go, which an error message may have named on a terminal; of folders that earlier
processes left so, the newest eight stay.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from xbar_circuit._files import write_text

__all__ = ["SAVED_DECKS", "SavedDecks"]

_KEPT = 8
_PREFIX = "xbar-failed-"


class SavedDecks:
    """The failed decks of this process."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._folder: Path | None = None
        self._count = 0
        self._kept: list[Path] = []

    def save(self, text: str, pieces: Mapping[str, str]) -> Path | None:
        """Write a deck with what it includes; return its path, None when there is no room."""
        try:
            if self._folder is None or self._owner != os.getpid() or not self._folder.is_dir():
                _thin()
                self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
                self._owner, self._kept = os.getpid(), []
            self._count += 1
            place = self._folder / str(self._count)
            for name, piece in pieces.items():
                write_text(place / name, piece)
            path = place / "deck.cir"
            write_text(path, text)
        except OSError:  # what ngspice said matters more
            return None
        self._kept.append(place)
        while len(self._kept) > _KEPT:
            shutil.rmtree(self._kept.pop(0), ignore_errors=True)
        return path

    def close(self) -> None:
        """Remove all but the last."""
        if self._owner == os.getpid():
            for place in self._kept[:-1]:
                shutil.rmtree(place, ignore_errors=True)
            self._kept = self._kept[-1:]


def _thin() -> None:
    """Remove what ended processes of this user left, but for the newest."""
    found: list[tuple[float, Path]] = []
    with os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if not entry.name.startswith(_PREFIX) or not entry.is_dir(follow_symlinks=False):
                continue
            about = entry.stat(follow_symlinks=False)
            if hasattr(os, "getuid") and about.st_uid != os.getuid():
                continue
            owner = entry.name.removeprefix(_PREFIX).partition("-")[0]
            if not (owner.isdigit() and _lives(int(owner))):
                found.append((about.st_mtime, Path(entry.path)))
    for _, path in sorted(found)[: -_KEPT + 1]:
        shutil.rmtree(path, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


SAVED_DECKS = SavedDecks()
"""The one set of this process."""

atexit.register(SAVED_DECKS.close)
