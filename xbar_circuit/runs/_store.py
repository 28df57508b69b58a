"""A folder of finished items: one JSON file each, named by content, whole or not at all.

Nothing in the folder is ever executed: a value is plain data, arrays, and dataclasses of this
package, which check their fields when they are made. What comes out is what went in, bit for bit,
so a resumed run returns exactly the numbers of an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xbar_circuit._files import write_text
from xbar_circuit.errors import XbarError
from xbar_circuit.runs._forms import decode, encode
from xbar_circuit.runs.identity import canonical
from xbar_circuit.runs.items import Item, ItemFailure, ItemOutcome

__all__ = ["DAMAGE", "Store", "read_record", "write_record"]

_LOG = logging.getLogger(__name__)
#: What reading a damaged file may raise.
DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError),
    *(RecursionError, MemoryError, ImportError, XbarError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Finished items below a folder.

    folder : made when the first item is kept.
    """

    folder: Path

    def load(self, key: str, item: Item) -> ItemOutcome | None:
        """Return the outcome that is kept under a key, or None.

        A file that is damaged, or holds another item's result, counts as missing; the log
        (``xbar_circuit.runs._store``) names it, which goes to stderr by default.
        """
        for path in (self._path(key), self._failed_path(key)):
            try:
                record = read_record(path)
                identity = {"key": key, "name": item.name, "stream": item.random_stream}
                if any(record[name] != value for name, value in identity.items()):
                    raise ValueError(f"it holds the result of {record['name']!r}")
                failure = record["failure"]
                return ItemOutcome(
                    item=item,
                    value=decode(record["value"]),
                    failure=None if failure is None else ItemFailure(**failure),
                    seconds=float(record["seconds"]),
                    restored=True,
                )
            except FileNotFoundError:
                continue
            except DAMAGE as error:
                _LOG.warning(
                    "%s: got a damaged file (%s), expected the result of %r; it is computed anew",
                    path,
                    error,
                    item.name,
                )
        return None

    def keep(self, key: str, outcome: ItemOutcome, *, context: Mapping[str, Any]) -> None:
        """Write an outcome; a success replaces an earlier failure.

        Parameters
        ----------
        context
            What else to say in the file: function, seed, version.

        Raises
        ------
        XbarError
            The file cannot be written: no space, no permission.
        """
        record = {
            "key": key,
            "name": outcome.item.name,
            "arguments": canonical(outcome.item.arguments),
            "stream": outcome.item.random_stream,
            **context,
            "seconds": outcome.seconds,
            "failure": None if outcome.failure is None else asdict(outcome.failure),
            "value": encode(outcome.value),
        }
        path = self._failed_path(key) if outcome.failed else self._path(key)
        try:
            write_record(path, record)
            if not outcome.failed:
                self._failed_path(key).unlink(missing_ok=True)
        except OSError as error:
            raise XbarError(
                f"{path}: got {error}, expected to keep the result of {outcome.item.name!r} there;"
                " make room and run it again: what is finished is kept"
            ) from error

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _failed_path(self, key: str) -> Path:
        return self.folder / f"{key}.failed.json"


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write plain data with its checksum, whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    sealed = {**record, "checksum": _checksum(record)}
    write_text(path, json.dumps(sealed, indent=1, allow_nan=False) + "\n")


def read_record(path: Path) -> dict[str, Any]:
    """Return what a file says, if it says what `write_record` wrote.

    Raises
    ------
    OSError, ValueError, and others of `DAMAGE`
        It is missing, or says something else.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict) or record.pop("checksum", None) != _checksum(record):
        raise ValueError("its checksum does not fit")
    return record


def _checksum(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a file says, however it is laid out."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
