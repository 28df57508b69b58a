"""A folder of finished items: one JSON file each, named by content, whole or not at all.

Nothing in the folder is ever executed: a value is plain data and arrays. What comes out is what
went in, bit for bit, so a resumed run returns exactly the numbers of an uninterrupted one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._files import write_text
from xbar_circuit.errors import ParameterError, XbarError
from xbar_circuit.runs.identity import canonical
from xbar_circuit.runs.items import Item, ItemFailure, ItemOutcome

__all__ = ["Store", "decode", "encode"]

_LOG = logging.getLogger(__name__)
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError)
_KINDS = "biufcUS"  # of arrays that are plain data
_TAG = "$"  # a mapping with this one key stands for what JSON cannot say


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Finished items below a folder.

    folder : made when the first item is kept.
    """

    folder: Path

    def load(self, key: str, item: Item) -> ItemOutcome | None:
        """Return the outcome that is kept under a key, or None.

        A file that is damaged, or holds another item's result, counts as missing; the log
        (``xbar_circuit.runs._store``) names it, which goes to stderr unless told otherwise.
        """
        for path in (self._path(key), self._failed_path(key)):
            try:
                record = _record(path)
                told = {"key": key, "name": item.name, "stream": item.random_stream}
                if any(record[name] != value for name, value in told.items()):
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
            except _DAMAGE as error:
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
        record["checksum"] = _checksum(record)
        path = self._failed_path(key) if outcome.failed else self._path(key)
        try:
            write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")
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


def _record(path: Path) -> dict[str, Any]:
    """Return what a file says, if it says what was written."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict) or record.pop("checksum", None) != _checksum(record):
        raise ValueError("its checksum does not fit")
    return record


def _checksum(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a file says, however it is laid out."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def encode(value: Any, name: str = "value") -> Any:
    """Return a JSON form from which `decode` makes the same value; tuples become lists.

    Raises
    ------
    ParameterError
        Something in it is not plain data or an array of numbers, truth values or text.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        content = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {_TAG: ["array", value.dtype.str, list(value.shape), content]}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_TAG: ["float", repr(value)]}
    if isinstance(value, complex):
        return {_TAG: ["complex", repr(value)]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [encode(entry, f"{name}[{k}]") for k, entry in enumerate(value)]
    if isinstance(value, Mapping) and _TAG not in value and all(isinstance(k, str) for k in value):
        return {key: encode(entry, f"{name}.{key}") for key, entry in value.items()}
    raise ParameterError.about(
        name,
        got=type(value).__name__,
        expected="numbers, text, arrays, and lists or string-keyed mappings of them",
        remedy="return dataclasses.asdict(report), or only the numbers that you want to keep",
    )


def decode(form: Any) -> Any:
    """Return the value that `encode` wrote.

    >>> decode(encode({"x": (1, float("inf")), "y": np.arange(3.0)}))
    {'x': [1, inf], 'y': array([0., 1., 2.])}
    """
    if isinstance(form, list):
        return [decode(entry) for entry in form]
    if not isinstance(form, dict):
        return form
    if _TAG not in form:
        return {key: decode(entry) for key, entry in form.items()}
    kind, *rest = form[_TAG]
    if kind == "array":
        dtype, shape, content = rest
        if np.dtype(dtype).kind not in _KINDS:
            raise ValueError(f"an array of {dtype}")
        flat = np.frombuffer(base64.b64decode(content, validate=True), dtype=np.dtype(dtype))
        return flat.reshape(shape).copy()
    return float(rest[0]) if kind == "float" else complex(rest[0])
