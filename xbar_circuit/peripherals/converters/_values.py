"""Numbers that converters and drivers are given, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError, ShapeError

__all__ = ["errors_tuple", "finite_values"]


def finite_values(name: str, values: ArrayLike) -> FloatArray:
    """Return `values` as float64.

    Raises
    ------
    ParameterError
        They are not finite real numbers.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError.about(
            name, got=repr(values), expected="real numbers", remedy="pass an array of floats"
        ) from error
    if not np.isfinite(array).all():
        raise ParameterError.about(
            name, got="NaN or infinity", expected="finite values", remedy="remove them first"
        )
    return array


def errors_tuple(name: str, values: object, length: int, unit: str) -> tuple[float, ...]:
    """Return a tuple of `length` finite numbers above -1 (relative) or of any sign (volt).

    Raises
    ------
    ShapeError
        Another length.
    ParameterError
        A value is not finite, or a relative error is -1 or below.
    """
    if not isinstance(values, (tuple, list, np.ndarray)) or len(values) != length:
        raise ShapeError.about(
            name,
            got=f"{len(values) if hasattr(values, '__len__') else repr(values)} values",
            expected=f"{length} values [{unit}]",
            remedy="one value for each element",
        )
    relative = unit == "1"
    low = -1.0 if relative else -np.inf
    return tuple(
        checks.number(f"{name}[{k}]", value, unit, minimum=low, above=relative)
        for k, value in enumerate(values)
    )
