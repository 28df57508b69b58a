"""A whole network at one point of a sweep: accuracy, energy, time and area as plain numbers.

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

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.memory import working_bytes
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.accelerator.wire_aware import wire_aware
from xbar_circuit.network.bring import bring
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.images import Normalisation
from xbar_circuit.studies.inference import inference_cost, make_chip
from xbar_circuit.user_modules import import_own

__all__ = ["check_network", "nested", "network_point"]


def network_point(
    *,
    rng: np.random.Generator,
    network: str = "lenet5",
    data: str = "fashion-mnist",
    labels: str | None = None,
    calibration: str | None = None,
    calibration_images: int = 256,
    divide: float | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    output: str | None = None,
    images: int | None = None,
    seconds: float = 0.0,
    **settings: Any,
) -> Mapping[str, float]:
    """Return what an accelerator makes of a network.

    Parameters
    ----------
    rng
        Gives the chip's programming seed.
    network
        As for ``xbar infer``.
    data, labels, calibration, calibration_images, divide, mean, std, output
        As for ``xbar infer``.
    images
        How many test images; None is all.
    seconds
        Age of the chip [s].
    settings
        Dotted names of an accelerator file, such as ``accelerator.tile_rows``.

    Returns
    -------
    Mapping
        ``accuracy``, ``digital_accuracy``, ``joule`` and ``latency_seconds`` of an image, ``tops``,
        ``tops_per_watt``, ``square_metre``, ``tiles``.
    """
    told = from_dictionary(nested(settings))
    check_network(network)
    brought = bring(
        network,
        data=data,
        labels=labels,
        calibration=calibration,
        calibration_images=calibration_images,
        normalisation=Normalisation.stated(divide, mean, std),
        output=output,
    )
    chosen, test, known = brought.network, brought.test, brought.calibration
    test = test if images is None else test.first(images)
    mapping = map_network(chosen, told.accelerator)
    if told.wire_aware:
        mapping = wire_aware(mapping).mapping
    seed = int(rng.integers(2**31))
    chip = make_chip(mapping, told, known, seed=seed, seconds=seconds)
    room = working_bytes(told.memory_bytes, mapping, test.images)
    digital = run(chosen, test.images, memory_bytes=room, workers=1)
    analog = run(chosen, test.images, chip.analog, memory_bytes=room, workers=1)
    cost = inference_cost(chip, told, test)
    return {
        "accuracy": accuracy(analog, test.labels),
        "digital_accuracy": accuracy(digital, test.labels),
        "joule": cost.total_joule,
        "latency_seconds": cost.latency_seconds,
        "tops": cost.tops,
        "tops_per_watt": cost.tops_per_watt,
        "square_metre": cost.square_metre,
        "tiles": float(sum(layer.tiles for layer in cost.layers)),
    }


def check_network(network: str) -> None:
    """Refuse a torch module that is neither the user's own nor allowed: a study file names it.

    Raises
    ------
    ParameterError, ModelFileError
        As `xbar_circuit.user_modules.import_own`.
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
        table = tables
        for step in path:
            table = table.setdefault(step, {})
        table[last] = value
    return tables
