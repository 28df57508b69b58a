"""Torch modules, by way of ONNX: one importer knows all operators. Needs the extra ``[torch]``."""

from __future__ import annotations

import inspect
import io
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xbar_circuit._user_modules import import_own
from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers._torch_names import named_after_modules
from xbar_circuit.network.importers.onnx import from_onnx

__all__ = ["from_torch", "load_torch"]

#: What files of torch modules end in.
TORCH_SUFFIXES = frozenset({".pt", ".pt2", ".pth", ".ts", ".jit"})

_STDOUT = 1


def from_torch(
    module: Any,
    input_shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    *,
    output: str | None = None,
    example: Sequence[Any] | Mapping[str, Any] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Network:
    """Return the network that a torch module computes at inference.

    Linear, convolutional and recurrent layers are named as ``named_modules`` names them, but for
    those of an exported program.

    Parameters
    ----------
    module
        A ``torch.nn.Module``, a loaded TorchScript or a ``torch.export.ExportedProgram``; in
        evaluation mode during the export, and every part of it in its own mode again afterwards.
    input_shape
        Shape of one sample without the batch, of a module with one input; or whole shapes by the
        names of the module's arguments. An exported program knows its own.
    output
        As for `from_onnx`.
    example
        Whole inputs (arrays or tensors) of a module with several, or with whole numbers (tokens);
        by position or by the names of the module's arguments.
    constants
        As for `from_onnx`.

    Returns
    -------
    Network
        The network; `Network.run` computes it in NumPy.

    Raises
    ------
    ModelFileError
        torch or onnx is not installed, the module cannot be exported, or it holds an operator that
        is not supported.

    >>> import numpy as np
    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    >>> network = from_torch(module, input_shape=(4,))
    >>> network.run(np.ones((2, 4)))[0].shape
    (2, 3)
    """
    torch = _torch()
    if isinstance(module, torch.export.ExportedProgram):
        given, module = tuple(module.example_inputs[0]), module.module(check_guards=False)
        sample = given if example is None and input_shape is None else None
    else:
        sample = None
    if isinstance(input_shape, Mapping) and example is None:
        example = {name: torch.zeros(*shape) for name, shape in input_shape.items()}
    if isinstance(example, Mapping):
        example = _in_order(module, example)
    modes = {part: part.training for part in module.modules()}
    try:
        if sample is None:
            sample = _sample(torch, module, input_shape, example)
        content = _exported(torch, module, sample, example)
    except Exception as error:
        words = _short(error)
        raise ModelFileError(
            f"module: got {type(module).__name__} ({words}), expected a module that torch.onnx can"
            f" export; export it yourself and bring the ONNX file{_or_a_part(torch, module)}"
        ) from error
    finally:
        for part, training in modes.items():
            part.training = training
    shape = None if input_shape is None or example is not None else input_shape
    return from_onnx(content, input_shape=shape, output=output, constants=constants)


def _in_order(module: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs in the order of the module's arguments, as far as these have such names."""
    schema = getattr(module.forward, "schema", None)  # of a scripted module
    names = [one.name for one in schema.arguments] if schema else _arguments(module.forward)
    places = {name: place for place, name in enumerate(names)}
    return dict(sorted(given.items(), key=lambda item: places.get(item[0], len(places))))


def _or_a_part(torch: Any, module: Any) -> str:
    """Return what else to do about a scripted module, which may keep states between calls."""
    if not isinstance(module, torch.jit.ScriptModule):
        return ""
    names = [name for name, _ in module.named_children()]
    words = f", or a part of it that returns its states, such as 'FILE.pt:{names[0]}'"
    return words + f" (parts: {', '.join(names[:8])})" if names else ""


def _short(error: Exception) -> str:
    """Return what an exporter says, without the dump of a graph that it adds."""
    words = (
        str(error).strip().split("\n")[0].split("  [Caused by")[0].split(". Please feel free")[0]
    )
    return words[:400] or type(error).__name__


def _sample(torch: Any, module: Any, shape: Any, example: Any) -> tuple[Any, ...]:
    """Return inputs to trace a module with."""
    if example is not None:
        values = example.values() if isinstance(example, Mapping) else example
        return tuple(torch.as_tensor(value) for value in values)
    if shape is None:
        raise ValueError("no input_shape and no example, which a torch module does not hold")
    first = next(iter(module.parameters()), torch.zeros(()))
    return (torch.zeros(1, *shape, dtype=first.dtype, device=first.device),)


def _exported(torch: Any, module: Any, sample: tuple[Any, ...], example: Any) -> bytes:
    """Return the ONNX file that torch makes of a module."""
    names = list(example) if isinstance(example, Mapping) else ["input"]
    names += [f"input{k}" for k in range(1, len(sample))] if len(names) < len(sample) else []
    content = io.BytesIO()
    # The TorchScript exporter is deprecated, but needs no further package; old torch has no
    # other one, and no such argument.
    old = {"dynamo": False} if "dynamo" in _arguments(torch.onnx.export) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not isinstance(module, torch.jit.ScriptModule):
            for part in module.modules():
                part.training = False
        if isinstance(module, torch.fx.GraphModule):  # of an exported program, which has no train()
            module = torch.jit.trace(module, sample, check_trace=False)
        # Without gradients, whose graph would hold every activation until the end.
        with _quiet(), _plain_call(torch, module), torch.no_grad():
            torch.onnx.export(module, sample, content, input_names=names, opset_version=17, **old)
    return named_after_modules(content.getvalue(), module)


@contextmanager
def _plain_call(torch: Any, module: Any) -> Iterator[None]:
    """Hide what the exporter cannot take: defaults of arguments, and fused attention.

    It makes inputs of the module's other arguments by their defaults, so that ``is_causal=False``
    becomes a tensor; and it does not know the operators of attention's fast path.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    own = module.__dict__.get("forward")
    plain = not isinstance(module, torch.jit.ScriptModule)
    if plain:
        forward = module.forward

        def called(*inputs: Any) -> Any:
            return forward(*inputs)

        module.forward = called
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        if plain and own is None:
            del module.forward
        elif plain:
            module.forward = own


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter, which is not Python, from printing its whole graph where it fails."""
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), _STDOUT)
            yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def load_torch(source: Path | str) -> Any:
    """Return a module from a TorchScript file or a part of it, or from ``"my_module:name"``.

    Parameters
    ----------
    source
        A ``.pt`` file that ``torch.jit.save`` wrote, or ``"file.pt:part"`` of a module in it as
        ``named_modules`` names it; a ``.pt2`` of ``torch.export.save``; or a Python module on the
        path and a name in it, of a ``torch.nn.Module`` or of a function without arguments that
        returns one.

    Raises
    ------
    ModelFileError
        torch is not installed; or there is no such file, module or name.
    """
    torch = _torch()
    module, separator, name = str(source).partition(":")
    try:
        if Path(source).suffix.lower() == ".pt2":
            return torch.export.load(str(source))
        file, part = split_part(source)
        if Path(file).suffix.lower() in TORCH_SUFFIXES or not separator:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that TorchScript is going away
                whole = torch.jit.load(file, map_location="cpu")
            return _part(whole, part)
        found = getattr(import_own(module, said_by="source", own=False), name)
        return found if isinstance(found, torch.nn.Module) else found()
    except Exception as error:
        raise ModelFileError(
            f"source: got {source} ({error}), expected a TorchScript file of torch.jit.save, or"
            " 'my_module:name' of a module or of a function that makes one; a file of weights alone"
            " does not say what is computed with them"
        ) from error


def split_part(source: Path | str) -> tuple[str, str]:
    """Return a file, and the name of the part of it that is asked for, or nothing.

    >>> split_part("voice.jit:model.encoder"), split_part("my_module:name")
    (('voice.jit', 'model.encoder'), ('my_module:name', ''))
    """
    file, separator, part = str(source).rpartition(":")
    if separator and Path(file).suffix.lower() in TORCH_SUFFIXES:
        return file, part
    return str(source), ""


def _part(whole: Any, name: str) -> Any:
    parts = dict(whole.named_modules())
    if name not in parts:
        known = ", ".join(one for one in list(parts)[1:9])
        raise ValueError(f"no part {name!r}; parts are {known}")
    return parts[name]


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelFileError(
            "torch: got no such package, expected it to read torch modules;"
            " pip install 'xbar_circuit[torch]'"
        ) from error
    return torch


def _arguments(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)
