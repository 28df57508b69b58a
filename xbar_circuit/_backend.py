"""Where the kernels run: NumPy, or torch or CuPy on a graphics card.

The kernels are written once, against the Python array API standard, and take their namespace from
the arrays that they are given. A device is named by a string: ``"cpu"`` (or None) is NumPy;
``"cuda"``, ``"cuda:1"`` is a card, reached through torch or, without it, CuPy; ``"torch:cpu"``,
``"torch:cuda:1"`` and ``"cupy:0"`` name the library too. All solving is in double precision.

Where many tiles are reduced and no device was named, the one of `preferred` is taken, or of the
environment variable ``XBAR_DEVICE``, which ``xbar --device`` sets: processes started from there
take it over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError

__all__ = [
    "Array",
    "Backend",
    "add_matmul",
    "add_product",
    "at_least",
    "backend",
    "backend_of",
    "contiguous",
    "copied",
    "dots",
    "empty",
    "fill",
    "fma",
    "for_tiles",
    "is_numpy",
    "namespace",
    "norms",
    "pick",
    "preferred",
    "put_samples",
    "take",
    "zeros",
]

Array: TypeAlias = Any
"""An array of NumPy, torch or CuPy."""

_VARIABLE = "XBAR_DEVICE"
_EXTRAS = {"torch": "gpu", "cupy": "cupy"}


@dataclass(frozen=True, slots=True)
class Backend:
    """A library of arrays and the device that its arrays live on.

    xp : the namespace, as in the array API standard.
    device : what the namespace calls the device.
    name : as the user named it.
    """

    xp: Any
    device: Any
    name: str

    @property
    def numpy(self) -> bool:
        """Whether this is NumPy itself."""
        return self.xp is np

    def put(self, values: FloatArray) -> Array:
        """Return a NumPy array on the device."""
        if self.numpy:
            return values
        return self.xp.asarray(np.array(values, order="C"), device=self.device)

    def flags(self, values: NDArray[np.bool_]) -> Array:
        """Return an array of bools on the device."""
        return values if self.numpy else self.xp.asarray(values, device=self.device)

    def get(self, values: Array) -> FloatArray:
        """Return an array of the device as NumPy's."""
        if isinstance(values, np.ndarray):
            return values
        if hasattr(values, "detach"):
            values = values.detach().cpu()
        elif hasattr(values, "get"):
            values = values.get()
        return np.asarray(values)


def backend_of(array: Array) -> Backend:
    """Return the library and device of an array."""
    if isinstance(array, np.ndarray):
        return _HERE
    return _placed(_library(array), array.device)


_HERE = Backend(np, "cpu", "cpu")


@cache
def _placed(library: str, device: Any) -> Backend:
    return Backend(_namespace(library), device, str(device))


@contextmanager
def preferred(device: str | None) -> Iterator[None]:
    """Prefer a device for the tiles of whatever runs inside; None changes nothing.

    Raises
    ------
    ParameterError
        The device is not there.
    """
    before = os.environ.get(_VARIABLE)
    if device is not None:
        backend(device)
        os.environ[_VARIABLE] = device
    try:
        yield
    finally:
        if device is not None:
            os.environ.pop(_VARIABLE)
            if before is not None:
                os.environ[_VARIABLE] = before


def for_tiles(device: str | None) -> Backend:
    """Return the library and device for many tiles: `device`, or what is preferred.

    Raises
    ------
    ParameterError
        The device is not there.
    """
    return backend(os.environ.get(_VARIABLE) if device is None else device)


def backend(device: str | None) -> Backend:
    """Return the library and device that `device` names.

    Raises
    ------
    ParameterError
        The name is not one, or the library or the card is not there.

    >>> backend(None).numpy
    True
    """
    if device is None or device == "cpu":
        return Backend(np, "cpu", "cpu")
    if not isinstance(device, str):
        raise _refused(device, "no device's name", "name one, for example 'cuda'")
    library, _, where = device.partition(":")
    if library == "cuda":
        library, where = (
            ("torch" if find_spec("torch") or not find_spec("cupy") else "cupy"),
            device,
        )
    if library == "torch":
        return _torch(device, where or "cpu")
    if library == "cupy":
        return _cupy(device, where.removeprefix("cuda").removeprefix(":"))
    raise _refused(device, "unknown", "name one of them")


def _refused(device: object, why: str, remedy: str) -> ParameterError:
    return ParameterError.about(
        "device",
        got=f"{device!r} ({why})",
        expected="'cpu', 'cuda', 'cuda:1', 'torch:cpu', 'torch:cuda' or 'cupy:0'",
        remedy=remedy,
    )


def _imported(device: str, library: str) -> tuple[Any, Any]:
    """Return a library and its namespace of the standard."""
    try:
        return import_module(library), import_module(f"array_api_compat.{library}")
    except ImportError as error:
        missing = getattr(error, "name", None) or library
        extra = f'install the extra: pip install "xbar_circuit[{_EXTRAS[library]}]"'
        raise _refused(device, f"{missing} cannot be imported", extra) from error


def _torch(device: str, where: str) -> Backend:
    torch, xp = _imported(device, "torch")
    try:
        place = torch.device(where)
    except RuntimeError as error:
        raise _refused(device, "torch knows no such device", "name one of them") from error
    if place.type == "cuda":
        if not torch.cuda.is_available():
            raise _refused(
                device,
                "torch finds no CUDA card",
                "use a machine with one and a torch built for it, or device='cpu'",
            )
        if place.index is not None and place.index >= torch.cuda.device_count():
            raise _refused(device, f"{torch.cuda.device_count()} cards are there", "name another")
    elif place.type != "cpu":
        raise _refused(device, "no double precision there", "name one of them")
    return Backend(xp, place, device)


def _cupy(device: str, where: str) -> Backend:
    cupy, xp = _imported(device, "cupy")
    try:
        return Backend(xp, cupy.cuda.Device(int(where or 0)).__enter__(), device)
    except (ValueError, cupy.cuda.runtime.CUDARuntimeError) as error:
        raise _refused(device, "CuPy finds no such card", "name another") from error


def is_numpy(array: Array) -> bool:
    """Return whether an array is NumPy's."""
    return isinstance(array, np.ndarray)


def namespace(array: Array) -> Any:
    """Return the array API namespace that an array belongs to."""
    return np if isinstance(array, np.ndarray) else _namespace(_library(array))


def _library(array: Array) -> str:
    return str(type(array).__module__.partition(".")[0])


@cache
def _namespace(library: str) -> Any:
    return import_module(f"array_api_compat.{library}")


def fma(c: Array, a: Array, b: Array) -> Array:
    """Return ``c + a b``, in one pass where the library can."""
    if hasattr(c, "addcmul"):
        return c.addcmul(a, b)
    product = a * b
    product += c
    return product


def add_product(c: Array, a: Array, b: Array) -> None:
    """Do ``c += a b`` in place, in one pass where the library can."""
    if hasattr(c, "addcmul_"):
        c.addcmul_(a, b)
    else:
        c += a * b


def at_least(array: Array, floor: float) -> Array:
    """Return an array, its entries raised to `floor` where they are below; NaN stays."""
    if isinstance(array, np.ndarray):
        return np.maximum(array, floor)
    if hasattr(array, "clamp"):
        return array.clamp(min=floor)
    return namespace(array).maximum(array, floor)


def dots(a: Array, b: Array) -> Array:
    """Return the inner product of each sample (batch,), of fields (batch, rows, cols)."""
    if isinstance(a, np.ndarray):
        return np.asarray(np.einsum("bij,bij->b", a, b))
    return namespace(a).einsum("bij,bij->b", a, b)


def norms(a: Array) -> Array:
    """Return the Euclidean norm of each sample (batch,), of fields (batch, rows, cols)."""
    if isinstance(a, np.ndarray):
        return np.sqrt(dots(a, a))
    return namespace(a).linalg.vector_norm(a, axis=(1, 2))


def add_matmul(total: Array, fields: Array, matrix: Array, sign: float = 1.0) -> None:
    """Do ``total += sign * fields @ matrix`` in place, in one pass where the library can."""
    if hasattr(total, "addmm_"):
        flat = (-1, fields.shape[-1])
        total.view(-1, matrix.shape[-1]).addmm_(fields.reshape(flat), matrix, alpha=sign)
    else:
        total += sign * (fields @ matrix)


def take(array: Array, which: NDArray[Any]) -> Array:
    """Return some samples: `which` holds their numbers, or a bool for each.

    On a device all samples are the array itself.
    """
    if isinstance(array, np.ndarray):
        return array[which]
    where = backend_of(array)
    index = np.flatnonzero(which) if which.dtype == bool else which
    if len(index) == len(array) and bool((index == np.arange(len(index))).all()):
        return array
    on_device = where.xp.asarray(index, device=where.device)
    if hasattr(array, "index_select"):
        return array.index_select(0, on_device)
    return where.xp.take(array, on_device, axis=0)


def put_samples(whole: Array, which: NDArray[Any], part: Array) -> None:
    """Write some samples into the whole, in place; `which` as in `take`."""
    if isinstance(whole, np.ndarray):
        whole[which] = part
        return
    index = np.flatnonzero(which) if which.dtype == bool else which
    if len(index) == len(whole):
        whole[...] = part
    elif len(index):
        place = backend_of(whole)
        whole[place.xp.asarray(index, device=place.device)] = part


def zeros(like: Array, shape: Sequence[int]) -> Array:
    """Return zeros of a shape, of the kind and on the device of another array."""
    if isinstance(like, np.ndarray):
        return np.zeros(tuple(shape), dtype=like.dtype)
    return namespace(like).zeros(tuple(shape), dtype=like.dtype, device=like.device)


def empty(like: Array, shape: Sequence[int]) -> Array:
    """Return an array of a shape, of the kind and on the device of another, not yet filled."""
    if isinstance(like, np.ndarray):
        return np.empty(tuple(shape), dtype=like.dtype)
    return namespace(like).empty(tuple(shape), dtype=like.dtype, device=like.device)


def copied(array: Array) -> Array:
    """Return a copy; a tensor's carries its gradient."""
    return array.clone() if hasattr(array, "clone") else array.copy()


def contiguous(array: Array) -> Array:
    """Return an array whose entries lie in order in memory."""
    if isinstance(array, np.ndarray):
        return np.ascontiguousarray(array)
    if hasattr(array, "contiguous"):
        return array.contiguous()
    return namespace(array).ascontiguousarray(array)


def fill(array: Array, values: FloatArray) -> None:
    """Set the entries along the last axis to some numbers, run by run of equal ones, in place."""
    cuts = np.flatnonzero(np.diff(values)) + 1
    for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(values)], strict=True):
        array[..., start:stop] = float(values[start])


def pick(array: Array, index: NDArray[np.int64], axis: int) -> Array:
    """Return some entries along an axis, copied run by run: no index leaves the processor."""
    cuts = np.flatnonzero(np.diff(index) != 1) + 1
    axis %= array.ndim
    runs = []
    for run in np.split(index, cuts):
        if len(run):
            where = [slice(None)] * array.ndim
            where[axis] = slice(int(run[0]), int(run[-1]) + 1)
            runs.append(array[tuple(where)])
    if len(runs) == 1:
        return runs[0]
    if not runs:
        shape = list(array.shape)
        shape[axis] = 0
        return zeros(array, shape)
    return namespace(array).concat(runs, axis=axis)
