"""The error budget: what each imperfection alone does to each layer, and to the accuracy.

A layer's signal-to-error ratio compares its products with exact ones *for the same exact inputs*,
so that layers are judged apart; the accuracy is that of the whole network. A noise is judged by
what it adds: the chip with this noise and no other against the same chip without any.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._chip_multiplier import ChipMultiplier
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._making import program_mapping
from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator._working_chip import Inputs, WorkingChip
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.devices import Ohmic, PcmStatistics
from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network.execution import (
    DigitalMultiplier,
    batch_size,
    right_answers,
    run_feeds,
    walk,
)
from xbar_circuit.network.graph import Network
from xbar_circuit.network.intervals import paired_difference, proportion
from xbar_circuit.network.operators import Array
from xbar_circuit.peripherals import ExactDriver, IdealConverter, Readout, quiet
from xbar_circuit.wires import Terminals, Wires

__all__ = ["EFFECTS", "TOGETHER", "Budget", "alone", "error_budget"]

TOGETHER = "all together"

#: Imperfections in the order of the signal's way; the last is all of them together.
EFFECTS = (
    "drivers",
    "driver jitter",
    "programming",
    "drift",
    "read noise",
    "cells",
    "wires",
    "thermal noise",
    "read-outs",
    "converter mismatch",
    "read-out noise",
    TOGETHER,
)

_NOISES = ("driver jitter", "thermal noise", "read-out noise")
_SCALES = {
    "programming": "programming_scale",
    "drift": "drift_scale",
    "read noise": "read_scale",
}


@brief(
    lambda self: (
        f"{len(self.layers)} layers, {len(self.effects)} imperfections, {self.samples} samples"
    ),
    picture=lambda self: self.ratio_db.clip(0.0, 80.0),
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Budget:
    """Signal-to-error ratios and accuracies.

    Parameters
    ----------
    layers, effects
        Names; effects that the chip does not have are left out.
    ratio_db
        (effects, layers), ``10 log10(sum y^2 / sum (found - y)^2)``.
    accuracy
        (effects,), of this chip; NaN without labels.
    digital_accuracy
        Without any imperfection; NaN without labels.
    second
        Age of the chip [s].
    samples
        How many the accuracy was measured on.
    interval
        (effects, 2), ends of the accuracies' 95 % intervals over the samples.
    change
        (effects, 3), accuracy less the digital one on the same samples, and the ends of its 95 %
        interval, see `network.paired_difference`. Other chips may differ by more.
    """

    layers: tuple[str, ...]
    effects: tuple[str, ...]
    ratio_db: FloatArray
    accuracy: FloatArray
    digital_accuracy: float
    second: float
    samples: int
    interval: FloatArray
    change: FloatArray

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            ``second`` [s], ``samples``, ``digital_accuracy`` and, by imperfection, ``accuracy``,
            ``accuracy_confidence_95`` (low, high), ``change_of_accuracy`` with its
            ``change_confidence_95``, and ``signal_to_error_db`` by layer [dB]. An accuracy that was
            not measured is None.
        """
        return {
            "second": self.second,
            "digital_accuracy": None if np.isnan(self.digital_accuracy) else self.digital_accuracy,
            "samples": self.samples,
            "accuracy": self._named(self.accuracy),
            "accuracy_confidence_95": self._named(self.interval),
            "change_of_accuracy": self._named(self.change[:, 0]),
            "change_confidence_95": self._named(self.change[:, 1:]),
            "signal_to_error_db": {
                effect: dict(zip(self.layers, row.tolist(), strict=True))
                for effect, row in zip(self.effects, self.ratio_db, strict=True)
            },
        }

    def _named(self, values: FloatArray) -> dict[str, Any]:
        """Return values by effect; None where nothing was measured."""
        return {
            effect: None if np.isnan(value).any() else value.tolist()
            for effect, value in zip(self.effects, values, strict=True)
        }


def alone(given: Hardware, effect: str) -> Hardware | None:
    """Return an accelerator with one imperfection only, or None where it does not have it.

    Of a noise, the part that has it and nothing else; the part's other errors stay, and the budget
    compares with the same part without its noise.
    """
    clean = _clean(given)
    if effect in _SCALES:
        one = None if given.statistics is None else _only(given.statistics, _SCALES[effect])
        return None if one is None else clean.changed(statistics=one)
    calm = given.changed(driver=quiet(given.driver), **_quiet_readout(given))
    drivers = {"driver": calm.driver, "input_percentile": given.input_percentile}
    readouts = {
        "readout": calm.readout,
        "model": calm.model,
        "output_percentile": given.output_percentile,
    }
    parts: dict[str, dict[str, Any]] = {
        "drivers": drivers,
        "driver jitter": drivers | {"driver": given.driver},
        "cells": {"synapse": given.synapse},
        "wires": {"wires": given.wires, "terminals": given.terminals},
        "thermal noise": readouts | {"thermal_noise": True},
        "read-outs": readouts,
        "converter mismatch": readouts | {"mismatch": given.mismatch},
        "read-out noise": readouts | {"readout": given.readout, "model": given.model},
    }
    converter = given.readout.converter
    absent = {
        "drivers": given.driver.exact,
        "read-outs": converter.exact and given.readout.amplifier is None,
        "driver jitter": given.driver == calm.driver,
        "thermal noise": not given.thermal_noise,
        "converter mismatch": not given.mismatch,
        "read-out noise": (given.readout, given.models) == (calm.readout, calm.models),
    }
    own = clean.changed(**parts[effect])
    return None if own == clean or absent.get(effect, False) else own


def error_budget(
    chip: WorkingChip,
    inputs: Inputs,
    labels: NDArray[np.integer] | None = None,
    *,
    calibration: Inputs | None = None,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> Budget:
    """Switch each imperfection of a chip on alone, then all of them; see `Chip.budget`.

    The chips with one imperfection have the given chip's seed, so their devices draw the same
    numbers; "all together" is the given chip itself. Layers are judged on the first 64 samples, or
    as many as fit into the memory.
    """
    network, samples = chip.network.fed(inputs)
    known = inputs if calibration is None else calibration
    room = working_bytes(chip.memory_bytes, chip.mapping, samples)
    judged = samples[: max(1, batch_size(network, room // 3))]
    layers = [name for name, _ in chip.network.matrix_nodes]
    effects, ratios, hits = [], [], []
    for effect in EFFECTS:
        one = chip if effect == TOGETHER else _chip_with(chip, effect, known)
        if one is not None:
            multiplier = one.multiplier()
            reference = one.multiplier(noise=False) if effect in _NOISES else None
            effects.append(effect)
            ratios.append(_ratios(network, judged, multiplier, reference, layers))
            if labels is not None:
                outputs = run_feeds(
                    network, samples, multiplier, memory_bytes=room, workers=workers
                )
                hits.append(right_answers(outputs[0], labels))
        if progress is not None:
            progress(1)
    digital, nothing = np.nan, np.full(len(effects), np.nan)
    shares, changes = [], []
    if labels is not None:
        outputs = run_feeds(network, samples, memory_bytes=room, workers=workers)
        right = right_answers(outputs[0], labels)
        digital = float(right.mean())
        shares = [proportion(one) for one in hits]
        changes = [paired_difference(one, right) for one in hits]
    return Budget(
        layers=tuple(layers),
        effects=tuple(effects),
        ratio_db=np.array(ratios),
        accuracy=np.array([one.value for one in shares]) if shares else nothing,
        digital_accuracy=digital,
        second=chip.second,
        samples=len(samples),
        interval=np.array([(one.low, one.high) for one in shares])
        if shares
        else np.stack([nothing] * 2, axis=1),
        change=np.array([(one.value, one.low, one.high) for one in changes])
        if changes
        else np.stack([nothing] * 3, axis=1),
    )


def _chip_with(chip: WorkingChip, effect: str, calibration: Inputs) -> WorkingChip | None:
    """Return the chip with one imperfection alone; None where no layer has it."""
    mapping = chip.mapping
    own = {plan.name: alone(plan.accelerator, effect) for plan in mapping.layers}
    if all(one is None for one in own.values()):
        return None
    clean = {
        plan.name: _clean(plan.accelerator) if own[plan.name] is None else own[plan.name]
        for plan in mapping.layers
    }
    changed = map_network(
        mapping.network,
        mapping.accelerator,
        digital=dict.fromkeys(mapping.digital),
        elsewhere={name: one for name, one in clean.items() if one is not None},
    )
    made = program_mapping(
        WorkingChip,
        changed,
        calibration=calibration,
        seed=chip.programmed.seed,
        celsius=chip.programmed.celsius,
        aware=chip.wire_aware is not None and effect == "wires",
        drift_compensation=chip.drift_compensation,
        memory_bytes=chip.memory_bytes,
    )
    return made.at(chip.second, celsius=chip.celsius, storage_celsius=chip.storage_celsius)


def _clean(given: Hardware) -> Hardware:
    """Return the accelerator without any imperfection."""
    exact = IdealConverter(bits=None, window_second=given.readout.window_second)
    return given.changed(
        synapse=replace(given.synapse, cell=Ohmic()),
        wires=Wires(row_ohm=0.0, column_ohm=0.0),
        terminals=Terminals(),
        driver=ExactDriver(full_scale_volt=given.driver.full_scale_volt),
        readout=Readout(converter=exact),
        model=None,
        mismatch=(),
        statistics=None,
        thermal_noise=False,
        input_percentile=100.0,
        output_percentile=100.0,
    )


def _quiet_readout(given: Hardware) -> dict[str, Any]:
    models = tuple(replace(model, noise=0.0) for model in given.models)
    return {"readout": quiet(given.readout), "model": models or None}


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


def _ratios(
    network: Network,
    samples: Feeds,
    found: ChipMultiplier,
    reference: ChipMultiplier | None,
    layers: Sequence[str],
) -> list[float]:
    """Return each layer's signal-to-error ratio [dB]."""
    compared = _Comparison(network, found, reference)
    walk(network, samples, compared)
    return [compared.ratio_db(name) for name in layers]


class _Comparison:
    """A multiplier that computes exactly and also records what the chip would have given."""

    def __init__(
        self, network: Network, found: ChipMultiplier, reference: ChipMultiplier | None
    ) -> None:
        self._sums: dict[str, tuple[float, float]] = {}
        self._exact = DigitalMultiplier(network)
        self._found, self._reference = found, reference
        self._operators = dict(network.matrix_nodes)

    def encode(self, name: str, inputs: Array) -> Array:
        operator = self._operators[name]

        def products(multiplier: ChipMultiplier) -> Array:
            return multiplier.multiply(name, operator.unfold(multiplier.encode(name, inputs)))

        found = products(self._found)
        if self._reference is None:
            exact = self._exact.multiply(name, operator.unfold(inputs))
        else:
            exact = products(self._reference)
        error = float(((found - exact).astype(np.float64) ** 2).sum())
        signal = float((exact.astype(np.float64) ** 2).sum())
        before = self._sums.get(name, (0.0, 0.0))  # of the steps before
        self._sums[name] = before[0] + signal, before[1] + error
        return inputs

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        return self._exact.multiply(name, vectors, step=step)

    def ratio_db(self, name: str) -> float:
        """Return a layer's signal-to-error ratio [dB]; NaN of one that saw nothing."""
        if name not in self._sums:
            return math.nan
        signal, error = self._sums[name]
        floor = signal * 1e-30 or 1e-30
        return 10.0 * math.log10(max(signal, floor) / max(error, floor))
