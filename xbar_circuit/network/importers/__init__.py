"""Networks that people bring: ONNX files, torch modules, the native npz."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers.onnx import declared_shape, from_onnx
from xbar_circuit.network.importers.torch import from_torch
from xbar_circuit.network.storage import load_network

__all__ = ["declared_shape", "from_onnx", "from_torch", "read_network"]


def read_network(path: Path | str) -> Network:
    """Read a network from a file, by its suffix: ``.onnx`` or the native ``.npz``.

    Raises
    ------
    ModelFileError
        The file is missing, damaged, or holds an operator that is not supported.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".onnx":
        return from_onnx(path)
    if suffix == ".npz":
        return load_network(path)
    raise ModelFileError(
        f"path: got {path}, expected a network file ending in .onnx or .npz;"
        " export a torch module with network.from_torch and save_network"
    )
