"""Study functions: what a sweep can compute at each of its points.

A study function takes ``rng`` and its parameters by name and returns numbers by name. Those of the
package are listed in `FUNCTIONS`; one of your own is ``"your_module:your_function"``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xbar_circuit import nodal
from xbar_circuit._user_modules import import_own
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.studies.network.point import check_point, network_point
from xbar_circuit.studies.network.recovery import check_recovery, recovery_point
from xbar_circuit.wires import Wires

__all__ = ["CHECKS", "FUNCTIONS", "INPUT_FILES", "find_function", "ir_drop"]


def ir_drop(
    *,
    rng: np.random.Generator,
    rows: int = 64,
    cols: int = 64,
    row_ohm: float = 1.0,
    column_ohm: float = 1.0,
    g_min_siemens: float = 1e-6,
    g_max_siemens: float = 100e-6,
    read_volt: float = 0.2,
    vectors: int = 16,
) -> Mapping[str, float]:
    """Return what the wires of a random array take from its column currents.

    Conductances are uniform between `g_min_siemens` and `g_max_siemens`, inputs between 0 and
    `read_volt`; the error of a column is ``(I - I_ideal) / I_ideal`` with ``I_ideal = V @ G``.

    Returns
    -------
    Mapping
        ``mean_error``, ``rms_error`` and ``worst_error`` (the largest magnitude) over all columns
        and vectors, dimensionless; ``residual`` of Kirchhoff's law.
    """
    crossbar = Crossbar(
        conductance=rng.uniform(g_min_siemens, g_max_siemens, (rows, cols)),
        wires=Wires(row_ohm=row_ohm, column_ohm=column_ohm),
    )
    volts = rng.uniform(0.0, read_volt, (vectors, rows))
    result = nodal.read(crossbar, volts)
    ideal = volts @ crossbar.conductance
    error = (result.column_current - ideal) / ideal
    return {
        "mean_error": float(error.mean()),
        "rms_error": float(np.sqrt(np.mean(error**2))),
        "worst_error": float(np.abs(error).max()),
        "residual": float(result.residual.max()),
    }


#: The package's own study functions by their name in a TOML file.
FUNCTIONS: dict[str, Callable[..., Mapping[str, float]]] = {
    "ir_drop": ir_drop,
    "network": network_point,
    "wire_aware": recovery_point,
}


#: What is asked of a point of theirs before any point is computed; it raises where it must.
CHECKS: dict[str, Callable[..., object]] = {
    "network": check_point,
    "wire_aware": check_recovery,
}

#: Their parameters that name files.
INPUT_FILES = ("network", "data", "labels", "calibration")


def find_function(name: str) -> Callable[..., Any]:
    """Return a study function by its name.

    Parameters
    ----------
    name
        One of `FUNCTIONS`, or ``"your_module:your_function"``. A study is a file, perhaps
        somebody else's: of installed modules it may name only those that
        `xbar_circuit._user_modules.allow` was given.

    Raises
    ------
    ParameterError
        There is no such function, or its module is neither the user's own nor allowed.
    ModelFileError
        Its module cannot be imported.
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    module_name, separator, function_name = name.partition(":")
    expected = f"one of {sorted(FUNCTIONS)}, or 'module:function'"
    if not separator:
        raise ParameterError.about(
            "study.function", got=repr(name), expected=expected, remedy="correct the spelling"
        )
    module = sys.modules.get(module_name)
    if module is None or hasattr(module, function_name):  # a typing error is reported as one
        module = import_own(module_name, said_by="study.function")
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ParameterError.about(
            "study.function",
            got=f"no function {function_name!r} in {getattr(module, '__file__', module_name)}",
            expected=expected,
            remedy="correct the spelling",
        )
    return function  # type: ignore[no-any-return]  # whatever the user's module holds
