"""Torch modules, by way of ONNX: one importer knows all operators. Needs the extra ``[torch]``."""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xbar_circuit._user_modules import import_own
from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers.onnx import from_onnx

__all__ = ["from_torch", "load_torch"]


def from_torch(module: Any, input_shape: Sequence[int], *, output: str | None = None) -> Network:
    """Return the network that a ``torch.nn.Module`` computes at inference.

    Parameters
    ----------
    module
        A module or a loaded TorchScript; in evaluation mode during the export, and every part of it
        in its own mode again afterwards.
    input_shape
        Shape of one sample without the batch.
    output
        As for `from_onnx`.

    Raises
    ------
    ModelFileError
        torch or onnx is not installed, the module cannot be exported, or it holds an operator that
        is not supported.
    """
    torch = _torch()
    content = io.BytesIO()
    try:
        modes = {part: part.training for part in module.modules()}
        first = next(iter(module.parameters()), torch.zeros(()))
        sample = torch.zeros(1, *input_shape, dtype=first.dtype, device=first.device)
        # The TorchScript exporter is deprecated, but needs no further package; old torch has no
        # other one, and no such argument.
        old = {"dynamo": False} if "dynamo" in _arguments(torch.onnx.export) else {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.onnx.export(module.eval(), (sample,), content, input_names=["input"], **old)
        finally:
            for part, training in modes.items():
                part.training = training
    except Exception as error:
        raise ModelFileError(
            f"module: got {type(module).__name__} ({error}), expected a module that torch.onnx can"
            " export; export it yourself and bring the ONNX file"
        ) from error
    return from_onnx(content.getvalue(), input_shape=input_shape, output=output)


def load_torch(source: Path | str) -> Any:
    """Return a module from a TorchScript file, or from ``"my_module:name"``.

    Parameters
    ----------
    source
        A ``.pt`` file that ``torch.jit.save`` wrote; or a Python module on the path and a name in
        it, of a ``torch.nn.Module`` or of a function without arguments that returns one.

    Raises
    ------
    ModelFileError
        torch is not installed; or there is no such file, module or name.
    """
    torch = _torch()
    module, separator, name = str(source).partition(":")
    try:
        if Path(source).suffix or not separator:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that TorchScript is going away
                return torch.jit.load(str(source), map_location="cpu")
        found = getattr(import_own(module, said_by="source", own=False), name)
        return found if isinstance(found, torch.nn.Module) else found()
    except Exception as error:
        raise ModelFileError(
            f"source: got {source} ({error}), expected a TorchScript file of torch.jit.save, or"
            " 'my_module:name' of a module or of a function that makes one; a file of weights alone"
            " does not say what is computed with them"
        ) from error


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelFileError(
            "torch: got no such package, expected it to read torch modules;"
            " pip install 'xbar_circuit[torch]'"
        ) from error
    return torch


def _arguments(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)
