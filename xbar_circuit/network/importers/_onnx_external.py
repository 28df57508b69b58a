"""Weights that an ONNX file keeps in files next to it: checked against these before they are read.

ONNX itself refuses names that lead out of the folder, links and what is no plain file; it reads as
much as the file has, whatever the tensor's shape says, and looks from the current folder for the
tensors that its own walk does not find.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xbar_circuit._loading import PLAIN_BYTES, check_size

__all__ = ["check_external_data"]

# types whose values share bytes
_PACKED = re.compile(r"INT([24])$|FLOAT([46])E\dM\d$")


def check_external_data(model: Any, folder: Path | None) -> int:
    """Return how many tensors lie in other files.

    Parameters
    ----------
    model
        A `ModelProto`, its external tensors not loaded.
    folder
        Where they may lie; None where there may be none, or none are left.

    Raises
    ------
    ValueError
        A tensor's file may not be read, or is not as long as the tensor says.
    OSError
        There is no such file.
    """
    found = total = 0
    for tensor in _external(model):
        said = {entry.key: entry.value for entry in tensor.external_data}
        name = said.get("location", "")
        where = f"the tensor {tensor.name!r} in the file {name!r}"
        if folder is None:
            raise ValueError(f"{where}, where it is not looked for")
        if "\0" in name or not name:
            raise ValueError(f"{where}, which is no name of a file")
        wanted = _bytes(tensor)
        length = int(said.get("length") or (folder / name).stat().st_size)
        if length != wanted:
            raise ValueError(f"{where} has {length} bytes, its shape takes {wanted}")
        found, total = found + 1, total + wanted
        check_size("external tensors", total, PLAIN_BYTES)
    return found


def _bytes(tensor: Any) -> int:
    from onnx import helper  # noqa: PLC0415  (an extra)

    bits: int = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize * 8
    packed = _PACKED.search(helper.tensor_dtype_to_string(tensor.data_type))
    if packed is not None:
        bits = int(packed[1] or packed[2])
    values: int = math.prod(tensor.dims)
    return -(-values * bits // 8)


def _external(message: Any) -> Iterator[Any]:
    """Yield the tensors below a message that lie in other files, wherever they stand."""
    if message.DESCRIPTOR.name == "TensorProto":
        if message.data_location == message.EXTERNAL:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else (value,):
                yield from _external(part)
