"""Networks that people bring: ONNX files, torch modules, the native npz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers import onnx
from xbar_circuit.network.importers.onnx import from_onnx
from xbar_circuit.network.importers.torch import (
    TORCH_SUFFIXES,
    from_torch,
    load_torch,
)
from xbar_circuit.network.storage import read_npz

__all__ = [
    "declared_shape",
    "from_onnx",
    "from_torch",
    "load",
    "load_torch",
    "unknown_operators",
]


def load(
    path: Path | str,
    *,
    input_shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    output: str | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Network:
    """Read a network from a file or a Python module.

    Parameters
    ----------
    path
        An ``.onnx`` file, the native ``.npz``, a TorchScript ``.pt`` or ``"file.pt:part"``, a
        ``.pt2`` of ``torch.export.save``, or ``"my_module:name"`` as for `load_torch`.
    input_shape
        Shape of one sample without the batch, or whole shapes by the names of inputs: for torch,
        and for ONNX files that leave it open.
    output
        Which output of an ONNX file or torch module with several; None is all of them.
    constants
        Inputs of an ONNX file to replace by constants, by name.

    Returns
    -------
    Network
        The network; `Network.run` computes it in NumPy.

    Raises
    ------
    ModelFileError
        The file is missing, damaged, or holds an unsupported operator; its shape is
        open, not given, and none of the usual ones fits; or a native file is asked for another
        shape, or for an output.

    >>> from xbar_circuit.resources import data_file
    >>> load(data_file("lenet5_mnist.npz")).input_shape
    (1, 28, 28)
    """
    kind = _kind(path)
    if kind == "onnx":
        return from_onnx(path, input_shape=input_shape, output=output, constants=constants)
    if kind == "npz":
        return _native(path, input_shape, output)
    module = load_torch(path)
    if input_shape is None and not _knows_inputs(module):
        raise ModelFileError(
            f"path: got {path} without input_shape, expected the shape of one sample, which torch"
            " modules do not hold; pass input_shape=(channels, height, width)"
        )
    return from_torch(module, input_shape, output=output, constants=constants)


def _knows_inputs(module: Any) -> bool:
    return getattr(module, "example_inputs", None) is not None


def _native(path: Path | str, input_shape: object, output: str | None) -> Network:
    network = read_npz(path)
    fits = input_shape is None or _plain(input_shape) == network.input_shape
    if output is not None or not fits:
        raise ModelFileError(
            f"{path}: got output={output!r} and input_shape={input_shape}, expected no output and"
            f" the shape {network.input_shape}: a native file holds one network of one shape;"
            " leave both out"
        )
    return network


def _plain(shape: object) -> object:
    return tuple(shape) if isinstance(shape, Sequence) else shape


def declared_shape(
    path: Path | str, *, output: str | None = None, constants: Mapping[str, Any] | None = None
) -> tuple[int | None, ...] | None:
    """Return the shape of one sample that a network declares; None is open, alone or in a shape.

    Raises
    ------
    ModelFileError
        As `load`.
    """
    kind = _kind(path)
    if kind == "onnx":
        return onnx.declared_onnx_shape(path, output=output, constants=constants)
    return read_npz(path).input_shape if kind == "npz" else None


def unknown_operators(path: Path | str) -> dict[str, int]:
    """Return the types of unsupported operators of an ONNX file; nothing for other networks.

    Raises
    ------
    ModelFileError
        The file is missing or damaged.
    """
    return onnx.unknown_operators(path) if str(path).lower().endswith(".onnx") else {}


def _kind(path: Path | str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix in {".onnx", ".npz"}:
        return suffix[1:]
    if suffix in TORCH_SUFFIXES or ":" in str(path):
        return "torch"
    raise ModelFileError(
        f"path: got {path}, expected a network file ending in .onnx, .npz or .pt, or"
        " 'my_module:name' of a torch module"
    )
