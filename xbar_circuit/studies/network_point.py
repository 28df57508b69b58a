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

from collections.abc import Mapping
from typing import Any

import numpy as np

from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.images import (
    Normalisation,
    fashion_mnist_calibration,
    fashion_mnist_test,
    load_dataset,
    load_images,
)
from xbar_circuit.network.importers import read_network
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.mapping import map_network
from xbar_circuit.network.settings import from_dictionary
from xbar_circuit.network.wire_aware import wire_aware
from xbar_circuit.studies.inference import inference_cost, make_chip

__all__ = ["network_point"]


def network_point(
    *,
    rng: np.random.Generator,
    network: str = "lenet5",
    data: str = "fashion-mnist",
    labels: str | None = None,
    calibration: str = "",
    calibration_images: int = 256,
    divide: float = 255.0,
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
        A .onnx or .npz file, or ``"lenet5"``.
    data, labels, calibration, calibration_images, divide
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
    told = from_dictionary(_nested(settings))
    chosen = fashion_mnist_lenet5() if network == "lenet5" else read_network(network)
    if data == "fashion-mnist":
        test, known = fashion_mnist_test(), fashion_mnist_calibration().first(calibration_images)
    elif calibration:
        stated = Normalisation(divide=divide)
        test = load_dataset(data, labels, normalisation=stated)
        known = load_images(calibration, normalisation=stated, count=calibration_images)
    else:
        raise ParameterError.about(
            "calibration",
            got="nothing",
            expected="images that are not in the test set",
            remedy="give a file of training images",
        )
    test = test if images is None else test.first(images)
    mapping = map_network(chosen, told.accelerator)
    if told.wire_aware:
        mapping = wire_aware(mapping).mapping
    seed = int(rng.integers(2**31))
    chip = make_chip(mapping, told, known, seed=seed, seconds=seconds)
    digital = run(chosen, test.images, memory_bytes=told.memory_bytes, workers=1)
    analog = run(chosen, test.images, chip.analog, memory_bytes=told.memory_bytes, workers=1)
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


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted names back into tables."""
    tables: dict[str, Any] = {}
    for name, value in settings.items():
        *path, last = name.split(".")
        table = tables
        for step in path:
            table = table.setdefault(step, {})
        table[last] = value
    return tables
