"""Networks that people bring: ONNX files, torch modules, the native npz."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers import onnx
from xbar_circuit.network.importers.onnx import from_onnx
from xbar_circuit.network.importers.torch import from_torch, load_torch
from xbar_circuit.network.storage import read_npz

__all__ = ["declared_shape", "from_onnx", "from_torch", "load", "load_torch"]

_TORCH = {".pt", ".pth", ".ts"}


def load(
    path: Path | str, *, input_shape: Sequence[int] | None = None, output: str | None = None
) -> Network:
    """Read a network from a file or a Python module.

    Parameters
    ----------
    path
        An ``.onnx`` file, the native ``.npz``, a TorchScript ``.pt``, or ``"my_module:name"`` as
        for `load_torch`.
    input_shape
        Shape of one sample without the batch: for torch, and for ONNX files that leave it open.
    output
        Which output of an ONNX file or torch module with several.

    Raises
    ------
    ModelFileError
        The file is missing, damaged, or holds an operator that is not supported; its shape is
        open and not given; or a native file is asked for another shape, or for an output.
    """
    kind = _kind(path)
    if kind == "onnx":
        return from_onnx(path, input_shape=input_shape, output=output)
    if kind == "npz":
        return _native(path, input_shape, output)
    if input_shape is None:
        raise ModelFileError(
            f"path: got {path} without input_shape, expected the shape of one sample, which torch"
            " modules do not hold; pass input_shape=(channels, height, width)"
        )
    return from_torch(load_torch(path), input_shape, output=output)


def _native(path: Path | str, input_shape: Sequence[int] | None, output: str | None) -> Network:
    network = read_npz(path)
    if output is not None or (input_shape and tuple(input_shape) != network.input_shape):
        raise ModelFileError(
            f"{path}: got output={output!r} and input_shape={input_shape}, expected no output and"
            f" the shape {network.input_shape}: a native file holds one network of one shape;"
            " leave both out"
        )
    return network


def declared_shape(path: Path | str, *, output: str | None = None) -> tuple[int | None, ...] | None:
    """Return the shape of one sample that a network declares; None is open, alone or in a shape.

    Raises
    ------
    ModelFileError
        As `load`.
    """
    kind = _kind(path)
    if kind == "onnx":
        return onnx.declared_onnx_shape(path, output=output)
    return read_npz(path).input_shape if kind == "npz" else None


def _kind(path: Path | str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix in {".onnx", ".npz"}:
        return suffix[1:]
    if suffix in _TORCH or ":" in str(path):
        return "torch"
    raise ModelFileError(
        f"path: got {path}, expected a network file ending in .onnx, .npz or .pt, or"
        " 'my_module:name' of a torch module"
    )
