"""The results of a sweep as one labelled dataset, with everything needed to make them again.

Dimensions are the axes of the grid (or the points of the list) and the seeds; variables are the
numbers that the study function returns. A failed point is NaN in all of them, and its reason
stands in the variable ``failure``. Written as NetCDF-4 (an HDF5 file) and as CSV.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from xbar_circuit._csv_text import csv_text
from xbar_circuit._files import replacing, write_text
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.glossary import unit_of
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.sweep.plan import SweepPlan
from xbar_circuit.version import __version__

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["need_xarray", "numbers_of", "to_dataset", "write_csv", "write_netcdf"]


def need_xarray() -> None:
    """Raise if what the dataset needs is not installed: before the work, not after it.

    Raises
    ------
    ModelFileError
        xarray, h5netcdf or h5py is missing.
    """
    try:
        import h5netcdf  # noqa: F401, PLC0415  (an extra)
        import h5py  # noqa: F401, PLC0415  (an extra)
        import xarray  # noqa: F401, PLC0415  (an extra)
    except ImportError as error:
        raise ModelFileError(
            f"xarray, h5netcdf, h5py: got {error}, expected all three for NetCDF files;"
            " pip install 'xbar_circuit[sweep]'"
        ) from error


def numbers_of(outcome: ItemOutcome) -> dict[str, float]:
    """Return the numbers of an outcome by name; empty where it failed.

    Raises
    ------
    ParameterError
        The study function returned something else than numbers by name.
    """
    if outcome.failed:
        return {}
    value = outcome.value
    single = isinstance(value, dict) and all(
        isinstance(number, (bool, int, float)) for number in value.values()
    )
    if not single or not value:
        raise ParameterError.about(
            f"the study's result at {outcome.item.name}",
            got=repr(value)[:200],
            expected="a mapping of names to single numbers",
            remedy="return for example {'accuracy': 0.97}",
        )
    return {name: float(number) for name, number in value.items()}


def to_dataset(plan: SweepPlan, outcomes: Sequence[ItemOutcome]) -> xr.Dataset:
    """Return the results of a sweep, outcomes in the order of ``plan.items()``.

    Raises
    ------
    ModelFileError
        xarray is not installed.
    ParameterError
        The study function did not return numbers by name.
    """
    need_xarray()
    import xarray as xr  # noqa: PLC0415  (an extra)

    sizes = plan.dimensions
    shape = tuple(sizes.values())
    found = [numbers_of(outcome) for outcome in outcomes]
    variables: dict[str, Any] = {}
    for name in dict.fromkeys(key for numbers in found for key in numbers):
        values = np.array([numbers.get(name, math.nan) for numbers in found])
        variables[name] = (tuple(sizes), values.reshape(shape), _attributes(name))
    reasons = [_reason(outcome) for outcome in outcomes]
    variables["failure"] = (tuple(sizes), np.array(reasons, dtype=object).reshape(shape))
    seconds = np.array([outcome.seconds for outcome in outcomes]).reshape(shape)
    variables["computing_seconds"] = (tuple(sizes), seconds, {"units": "s"})
    coordinates = {
        name: ((dimension,), _column(values), _attributes(name))
        for name, (dimension, values) in plan.coordinates().items()
    }
    if plan.points:
        coordinates["point"] = (("point",), np.arange(len(plan.points)), {})
    return xr.Dataset(variables, coords=coordinates, attrs=_provenance(plan, outcomes))


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF-4, whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")


def write_csv(plan: SweepPlan, outcomes: Sequence[ItemOutcome], path: Path) -> None:
    """Write one line for each point and seed, whole or not at all; ``#`` lines say whence.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    found = [numbers_of(outcome) for outcome in outcomes]
    results = list(dict.fromkeys(key for numbers in found for key in numbers))
    swept = [point for point in plan.swept() for _ in plan.seeds]
    seeds = [seed for _ in plan.swept() for seed in plan.seeds]
    parameters = list(dict.fromkeys(key for point in swept for key in point))
    header = [
        f"# {line}\n"
        for key, value in _provenance(plan, outcomes).items()
        for line in f"{key}: {value}".splitlines()
    ]
    rows: list[list[object]] = [[*parameters, "seed", *results, "failure", "computing_seconds"]]
    rows += [
        [
            *(_cell(point.get(name)) for name in parameters),
            seed,
            *(numbers.get(name, math.nan) for name in results),
            _reason(outcome),
            round(outcome.seconds, 6),
        ]
        for point, seed, numbers, outcome in zip(swept, seeds, found, outcomes, strict=True)
    ]
    write_text(path, "".join(header) + csv_text(rows))


def _provenance(plan: SweepPlan, outcomes: Sequence[ItemOutcome]) -> dict[str, Any]:
    return {
        "title": plan.name,
        "study_function": plan.function_name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "xbar_circuit_version": __version__,
        "python_version": platform.python_version(),
        "numpy_version": np.__version__,
        "scipy_version": scipy.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "seeds": json.dumps([int(seed) for seed in plan.seeds]),
        "random_numbers": "common to all points" if plan.common else "independent at each point",
        "parameters": json.dumps(dict(plan.fixed), default=str),
        "points": len(outcomes),
        "failures": sum(outcome.failed for outcome in outcomes),
        "configuration": plan.text,
    }


def _attributes(name: str) -> dict[str, str]:
    unit = unit_of(name)
    return {} if unit is None else {"units": unit}


def _column(values: list[Any]) -> Any:
    """Return a coordinate: numbers stay numbers, a missing one is NaN, all else becomes text."""
    given = [value for value in values if value is not None]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given):
        return np.array([math.nan if value is None else value for value in values])
    return np.array([str(_cell(value)) for value in values], dtype=object)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, (int, float, str)) else json.dumps(value, default=str)


def _reason(outcome: ItemOutcome) -> str:
    failure = outcome.failure
    return "" if failure is None else f"{failure.kind}: {failure.message}"
