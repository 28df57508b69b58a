"""A whole network at one point of a sweep: metrics, energy, time and area as plain numbers.

In a TOML file of ``xbar sweep``::

    [study]
    function = "network"
    seeds = 3

    [parameters]
    images = 2000
    pcm.preset = "joshi2020"

    [grid]
    "accelerator.wires.row_ohm, accelerator.wires.column_ohm" = [0.35, 1.0, 2.0]
    run.wire_aware = [false, true]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._schema import LISTS, Whole, checked, optional, table_model
from xbar_circuit._user_modules import import_own
from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.settings import InferenceSettings, from_dictionary
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.metrics import Metric, find_metric, usual_metrics
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.network.operators import Array
from xbar_circuit.network.workload import check_data, load_workload
from xbar_circuit.studies.network.chips import make_chip, mapped

__all__ = [
    "Point",
    "check_network",
    "check_point",
    "digital_accuracy",
    "digital_outputs",
    "measured",
    "nested",
    "network_point",
    "point_of",
]

_Numbers = optional(LISTS[float])
#: What a point says besides the settings; the rest are dotted names.
_PointTable = table_model(
    "Point",
    keys={
        "network": (str, "lenet5"),
        "data": (optional(str), None),
        "labels": (optional(str), None),
        "calibration": (optional(str), None),
        "calibration_images": (Whole, 256),
        "divide": (optional(float), None),
        "mean": (_Numbers, None),
        "std": (_Numbers, None),
        "output": (optional(str), None),
        "shape": (optional(LISTS[int]), None),
        "metrics": (optional(LISTS[str]), None),
        "images": (optional(Whole), None),
        "seconds": (float, 0.0),
        "ohm": (float, 0.0),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a point of a sweep is about.

    settings : the accelerator and how it is run.
    network, test, calibration : what runs on it.
    metrics : what is measured of the outputs; the first one stands for the rest.
    """

    settings: InferenceSettings
    network: Network
    test: Dataset
    calibration: Dataset
    metrics: tuple[Metric, ...]


def point_of(
    *,
    network: str = "lenet5",
    data: str | None = None,
    labels: str | None = None,
    calibration: str | None = None,
    calibration_images: int = 256,
    divide: float | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    output: str | None = None,
    shape: Sequence[int] | None = None,
    metrics: Sequence[str] | None = None,
    images: int | None = None,
    **settings: Any,
) -> Point:
    """Return what the arguments of a point describe.

    Parameters
    ----------
    network, data, labels, calibration, calibration_images, divide, mean, std, output, shape
        As for ``xbar infer``.
    metrics
        Names of metrics, see `xbar_circuit.network.metrics`; None chooses them by the labels.
    images
        Number of test images; None uses all.
    settings
        Dotted names of an accelerator file, such as ``accelerator.rows``; ``constants.NAME`` is
        that of an input which is none any more.

    Raises
    ------
    ParameterError, ModelFileError, ShapeError
        As for ``xbar infer``.
    """
    check_network(network)
    tables = nested(settings)
    constants = tables.pop("constants", None)
    workload = load_workload(
        network,
        data=data,
        labels=labels,
        calibration=calibration,
        calibration_images=calibration_images,
        normalisation=Normalisation.stated(divide, mean, std),
        output=output,
        shape=shape,
        constants=constants,
    )
    test = workload.test if images is None else workload.test.first(images)
    return Point(
        settings=from_dictionary(tables),
        network=workload.network,
        test=test,
        calibration=workload.calibration,
        metrics=tuple(map(find_metric, metrics or ())) or usual_metrics(test.labels),
    )


def check_point(**point: Any) -> None:
    """Refuse what is wrong with a point before anything is computed.

    Parameters
    ----------
    point
        As for `network_point`.

    Raises
    ------
    ParameterError
        An unknown key, a value of another type or out of range, or images that are not stated.
    """
    plain = {name: value for name, value in point.items() if "." not in name}
    settings = {
        name: value
        for name, value in point.items()
        if "." in name and not name.startswith("constants.")
    }
    tables = {"accelerator", "accelerators", "layers", "pcm", "run"} & set(plain)
    checked(_PointTable, {name: value for name, value in plain.items() if name not in tables})
    from_dictionary(nested({name: plain[name] for name in tables} | settings))
    for name in plain.get("metrics") or ():
        find_metric(name)
    check_data(
        plain.get("network", "lenet5"),
        data=plain.get("data"),
        calibration=plain.get("calibration"),
        normalisation=Normalisation.stated(
            plain.get("divide"), plain.get("mean"), plain.get("std")
        ),
    )


def network_point(
    *, rng: np.random.Generator, seconds: float = 0.0, **point: Any
) -> Mapping[str, float]:
    """Return what a network on an accelerator gives and costs.

    Parameters
    ----------
    rng
        Gives the chip's programming seed.
    seconds
        Age of the chip [s].
    point
        As for `point_of`.

    Returns
    -------
    Mapping
        Of each metric its value, the ends of its 95 % interval over the samples and the value of
        the digital run: ``accuracy``, ``accuracy_low``, ``accuracy_high``, ``digital_accuracy``
        (``snr``, which compares with the digital run, has no such value; in names like ``top-5``
        and ``my_module:function`` all signs are underscores). Then ``joule`` and
        ``latency_second`` of an image, ``tops``, ``tops_per_watt``, ``square_metre``, ``tiles``.
    """
    given = point_of(**point)
    test, seed = given.test, int(rng.integers(2**31))
    mapping = mapped(given.network, given.settings, test.images)
    chip = make_chip(mapping, given.settings, given.calibration, seed=seed).at(seconds)
    cost = chip.cost(test.images, architecture=given.settings.architecture)
    (found,) = chip.run(test.images, workers=1)
    return measured(given.metrics, found, digital_outputs(given, chip), test) | {
        "joule": cost.total_joule,
        "latency_second": cost.latency_second,
        "tops": cost.tops,
        "tops_per_watt": cost.tops_per_watt,
        "square_metre": cost.square_metre,
        "tiles": float(cost.tiles),
    }


def measured(
    metrics: Sequence[Metric], found: Array, digital: Array, test: Dataset
) -> dict[str, float]:
    """Return metrics of outputs as plain numbers by name, as `network_point` does.

    Parameters
    ----------
    metrics
        Which.
    found, digital
        Outputs (n, ...) of the chip and of the digital run.
    test
        Whose labels they are compared with.
    """
    numbers: dict[str, float] = {}
    for metric in metrics:
        name = re.sub(r"\W", "_", metric.name)
        one = metric.estimate(found, test.labels, digital)
        numbers |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
        if metric.name != "snr":
            numbers[f"digital_{name}"] = metric.estimate(digital, test.labels, digital).value
    return numbers


def digital_outputs(given: Point, chip: Chip) -> Array:
    """Return the outputs in NumPy, in the memory that a chip leaves."""
    room = working_bytes(given.settings.memory_bytes, chip.mapping, given.test.images)
    return run(given.network, given.test.images, memory_bytes=room, workers=1)


def digital_accuracy(given: Point, chip: Chip) -> float:
    """Return the accuracy in NumPy, in the memory that a chip leaves."""
    return accuracy(digital_outputs(given, chip), given.test.classes)


def check_network(network: str) -> None:
    """Refuse a torch module that is neither the user's own nor allowed: a study file names it.

    Raises
    ------
    ParameterError, ModelFileError
        As `xbar_circuit._user_modules.import_own`.
    """
    module, separator, _ = network.partition(":")
    if separator and not Path(network).suffix:
        import_own(module, said_by="network")


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted names as tables inside tables.

    >>> nested({"accelerator.wires.row_ohm": 1.0})
    {'accelerator': {'wires': {'row_ohm': 1.0}}}
    """
    tables: dict[str, Any] = {}
    for name, value in settings.items():
        *path, last = name.split(".")
        table: Any = tables
        for step in path:
            table = table.setdefault(step, {})
            if not isinstance(table, dict):
                raise ParameterError.about(
                    name, got=f"{step} = {table!r} as well", expected=f"a table {step}",
                    remedy="leave one of the two out",
                )  # fmt: skip
        table[last] = value
    return tables
