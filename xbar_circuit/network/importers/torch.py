"""Torch modules, by way of ONNX: one importer knows all operators. Needs the extra ``[torch]``."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers.onnx import from_onnx

__all__ = ["from_torch"]


def from_torch(module: Any, input_shape: Sequence[int]) -> Network:
    """Return the network that a ``torch.nn.Module`` computes at inference.

    Parameters
    ----------
    module
        In evaluation mode during the export, and as it was afterwards.
    input_shape
        Shape of one sample without the batch.

    Raises
    ------
    ModelFileError
        torch or onnx is not installed, the module cannot be exported, or it holds an operator that
        is not supported.
    """
    try:
        import torch  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelFileError(
            "torch: got no such package, expected it to read torch modules;"
            " pip install 'xbar_circuit[torch]'"
        ) from error
    content = io.BytesIO()
    training = module.training
    try:
        with warnings.catch_warnings():
            # The TorchScript exporter is deprecated, but needs no further package.
            warnings.simplefilter("ignore")
            torch.onnx.export(module.eval(), (torch.zeros(1, *input_shape),), content, dynamo=False)
    except Exception as error:
        raise ModelFileError(
            f"module: got {type(module).__name__} ({error}), expected a module that torch.onnx can"
            " export; export it yourself and bring the ONNX file"
        ) from error
    finally:
        module.train(training)
    return from_onnx(content.getvalue(), input_shape=input_shape)
