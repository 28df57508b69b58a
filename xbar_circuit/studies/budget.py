"""The error budget: what each imperfection alone does to each layer, and to the accuracy.

A layer's signal-to-error ratio compares its products with exact ones *for the same exact inputs*,
so that layers are judged apart; the accuracy is that of the whole network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.memory import working_bytes
from xbar_circuit.accelerator.settings import Settings
from xbar_circuit.accelerator.wire_aware import wire_aware
from xbar_circuit.checks import FloatArray
from xbar_circuit.devices import Ohmic, PcmStatistics
from xbar_circuit.network.execution import (
    Digital,
    Multiplier,
    accuracy,
    batch_size,
    run,
    walk,
)
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.operators import Array
from xbar_circuit.studies.inference import make_chip
from xbar_circuit.wires import Terminals, Wires

__all__ = ["EFFECTS", "Budget", "alone", "error_budget"]

#: Imperfections in the order of the signal's way; the last is all of them together.
EFFECTS = (
    "input converters",
    "programming",
    "drift",
    "read noise",
    "cells",
    "wires",
    "output converters",
    "all together",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Budget:
    """Signal-to-error ratios and accuracies.

    Parameters
    ----------
    layers, effects
        Names; effects that the settings do not have are left out.
    ratio_db
        (effects, layers), ``10 log10(sum y^2 / sum (found - y)^2)``.
    accuracy
        (effects,), one chip (seed 0).
    digital_accuracy
        Without any imperfection.
    seconds
        Age of the chip [s].
    images
        Test images of the accuracy.
    """

    layers: tuple[str, ...]
    effects: tuple[str, ...]
    ratio_db: FloatArray
    accuracy: FloatArray
    digital_accuracy: float
    seconds: float
    images: int

    def summary(self) -> dict[str, object]:
        """Return the numbers as plain data."""
        return {
            "seconds": self.seconds,
            "digital_accuracy": self.digital_accuracy,
            "accuracy": dict(zip(self.effects, self.accuracy.tolist(), strict=True)),
            "signal_to_error_db": {
                effect: dict(zip(self.layers, row.tolist(), strict=True))
                for effect, row in zip(self.effects, self.ratio_db, strict=True)
            },
        }


def alone(settings: Settings, effect: str) -> Settings | None:
    """Return settings with one imperfection only, or None where the settings do not have it."""
    if effect == "all together":
        return settings
    given, statistics = settings.accelerator, settings.statistics
    clean = replace(
        given,
        cell=Ohmic(),
        wires=Wires(row_ohm=0.0, column_ohm=0.0),
        terminals=Terminals(),
        input_bits=None,
        input_coding="voltage",
        input_percentile=100.0,
        output_bits=None,
        readout=None,
        output_percentile=100.0,
    )
    scales = {
        "programming": "programming_scale",
        "drift": "drift_scale",
        "read noise": "read_scale",
    }
    if effect in scales:
        one = None if statistics is None else _only(statistics, scales[effect])
        if one is None:
            return None
        return replace(settings, accelerator=clean, statistics=one, wire_aware=False)
    changed = {
        "cells": replace(clean, cell=given.cell),
        "wires": replace(clean, wires=given.wires, terminals=given.terminals),
        "input converters": replace(
            clean,
            input_bits=given.input_bits,
            input_coding=given.input_coding,
            input_percentile=given.input_percentile,
        ),
        "output converters": replace(
            clean,
            output_bits=given.output_bits,
            readout=given.readout,
            output_percentile=given.output_percentile,
        ),
    }[effect]
    exact = {"input converters": given.input_bits, "output converters": given.output_bits}
    if changed == clean or exact.get(effect, 1) is None:
        return None
    aware = settings.wire_aware and effect == "wires"
    return replace(settings, accelerator=changed, statistics=None, wire_aware=aware)


def error_budget(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: Settings,
    *,
    workers: int = 2,
    report: Callable[[str, int, int], object] = lambda *_: None,
) -> Budget:
    """Switch each imperfection on alone, then all of them.

    Arguments as for `evaluate`; the chip has the last age of the settings, and layers are judged
    on the first 64 images, or as many as fit into the memory.
    """
    test = test if settings.images is None else test.first(settings.images)
    layers = tuple(name for name, _ in network.matrix_nodes)
    whole = map_network(network, settings.accelerator)
    room = working_bytes(settings.memory_bytes, whole, test.images)
    judged = test.images[: max(1, batch_size(network, room // 3))]
    effects, ratios, accuracies = [], [], []
    for effect in EFFECTS:
        report("error budget", 0, len(EFFECTS))
        changed = alone(settings, effect)
        if changed is not None:
            mapping = map_network(network, changed.accelerator)
            if changed.wire_aware:
                mapping = wire_aware(mapping).mapping
            age = settings.seconds[-1]
            chip = make_chip(mapping, changed, calibration, seed=0, seconds=age)
            compared = _Comparison(network, chip.analog)
            walk(network, judged, compared)
            outputs = run(
                network,
                test.images,
                chip.analog,
                memory_bytes=room,
                workers=workers,
            )
            effects.append(effect)
            ratios.append([compared.ratio_db[name] for name in layers])
            accuracies.append(accuracy(outputs, test.labels))
        report("error budget", 1, len(EFFECTS))
    digital = run(network, test.images, memory_bytes=room, workers=workers)
    return Budget(
        layers=layers,
        effects=tuple(effects),
        ratio_db=np.array(ratios),
        accuracy=np.array(accuracies),
        digital_accuracy=accuracy(digital, test.labels),
        seconds=settings.seconds[-1],
        images=len(test),
    )


class _Comparison:
    """A multiplier that computes exactly and, beside it, notes what the tiles would have given."""

    def __init__(self, network: Network, analog: Multiplier) -> None:
        self.ratio_db: dict[str, float] = {}
        self._exact = Digital(network)
        self._analog = analog
        self._operators = dict(network.matrix_nodes)

    def encode(self, name: str, inputs: Array) -> Array:
        codes = self._analog.encode(name, inputs)
        operator = self._operators[name]
        found = self._analog.multiply(name, operator.unfold(codes))
        exact = self._exact.multiply(name, operator.unfold(inputs))
        error = float(((found - exact).astype(np.float64) ** 2).sum())
        signal = float((exact.astype(np.float64) ** 2).sum())
        floor = signal * 1e-30 or 1e-30
        self.ratio_db[name] = 10.0 * float(np.log10(max(signal, floor) / max(error, floor)))
        return inputs

    def multiply(self, name: str, vectors: Array) -> Array:
        return self._exact.multiply(name, vectors)


def _only(statistics: PcmStatistics, name: str) -> PcmStatistics:
    """Return statistics with one imperfection left."""

    def scale(kind: str) -> float:
        value: float = getattr(statistics, kind)
        return value if kind == name else 0.0

    return replace(
        statistics,
        programming_scale=scale("programming_scale"),
        drift_scale=scale("drift_scale"),
        read_scale=scale("read_scale"),
        open_fraction=0.0,
        stuck_fraction=0.0,
    )
