"""Comparisons whose tolerance cannot swallow the value.

`pytest.approx(x, rel=...)` keeps an absolute tolerance of 1e-12 beside the relative one, so that
`0.0 == pytest.approx(3.2e-16)` holds: on joules, farads, watts and small currents it asserts
nothing. `numpy.isclose` and `numpy.allclose` do the same with 1e-8. The linter forbids all three
in the tests; this module has what stands for them.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

RELATIVE = 1e-9  # unless a test says otherwise
SHARE = 0.5  # of the largest expected value: a wider absolute tolerance swallows it


def approx(expected: Any, rel: float | None = None, abs: float = 0.0, *, nan_ok: bool = False):  # noqa: A002 -- pytest's name
    """Return what equals `expected` within a relative tolerance, as `pytest.approx` does.

    Parameters
    ----------
    expected : a number, an array, a sequence or a mapping of numbers
    rel : relative tolerance; 1e-9 unless given, 0 where only `abs` is given
    abs : absolute tolerance in the units of `expected`: for a value that is rightly zero, or for a
        quantity whose error does not scale with it (a code, a share, a phase)
    nan_ok : NaN equals NaN

    Raises
    ------
    ValueError
        `abs` exceeds half of the largest expected value.
    """
    if rel is None:
        rel = 0.0 if abs else RELATIVE
    numbers = list(expected.values()) if isinstance(expected, dict) else expected
    refuse_swallowing(numbers, abs)
    return pytest.approx(expected, rel=rel, abs=abs, nan_ok=nan_ok)  # noqa: TID251 -- with its abs


def refuse_swallowing(expected: ArrayLike, tolerance: ArrayLike) -> None:
    """Raise ValueError where an absolute `tolerance` would accept zero for `expected`.

    An `expected` of nothing but zeros has no scale, so that its tolerance cannot be judged.
    """
    values = np.abs(np.asarray(expected))
    largest = float(np.max(values[np.isfinite(values)], initial=0.0))
    widest = float(np.max(np.asarray(tolerance), initial=0.0))
    if largest and widest > SHARE * largest:
        raise ValueError(
            f"an absolute tolerance of {widest:g} swallows an expected value of {largest:g}"
        )


def guarded(assert_allclose: Any) -> Any:
    """Return `numpy.testing.assert_allclose`, refusing an `atol` that swallows the values."""

    def compare(actual: Any, desired: Any, rtol: float = 1e-7, atol: Any = 0.0, **more: Any):
        __tracebackhide__ = True
        refuse_swallowing(desired, atol)
        assert_allclose(actual, desired, rtol, atol, **more)

    return compare
