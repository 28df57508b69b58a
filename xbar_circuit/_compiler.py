"""The compiler of loops, numba, where it is installed.

Compiled code is kept next to the module (or where ``NUMBA_CACHE_DIR`` says), so only the very first
use waits for the compiler. No fast-math: the numbers are those of the lines as written, on any
processor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

__all__ = ["available", "jit", "kernels"]

F = TypeVar("F", bound=Callable[..., Any])

_MADE: list[Any] = []  # all that `jit` has returned


@cache
def _numba() -> Any:
    """Return numba, or None where it is not installed."""
    try:
        import numba  # noqa: PLC0415 - half a second that only those pay who solve something
    except ImportError:
        return None
    return numba


def jit(function: F) -> F:
    """Return a function of loops compiled, and without the interpreter's lock; numba is there.

    For modules that are imported only once `available` has said so.
    """
    compiled: F = _numba().njit(cache=True, nogil=True, error_model="numpy")(function)
    _MADE.append(compiled)
    return compiled


def kernels() -> dict[str, Any]:
    """Return the compiled functions of the modules imported so far that Python code calls, by name.

    Those that only other compiled functions call are compiled with them.
    """
    called = {name for kernel in _MADE for name in kernel.py_func.__code__.co_names}
    return {
        f"{kernel.py_func.__module__}.{kernel.py_func.__name__}": kernel
        for kernel in _MADE
        if not (kernel.py_func.__name__.startswith("_") and kernel.py_func.__name__ in called)
    }


def available() -> bool:
    """Return whether numba is installed."""
    return _numba() is not None
