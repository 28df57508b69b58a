"""What wire-aware programming recovers, and where it saturates: accuracy over wire resistance.

A sweep of `recovery_point`, so it runs on any executor and resumes like any other. Each chip is
made twice, with the same random numbers: conductances as mapped, and chosen for the wires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.accelerator.wire_aware import wire_aware
from xbar_circuit.network.bring import FASHION_MNIST, bring
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.images import Normalisation
from xbar_circuit.runs.items import Outcome
from xbar_circuit.studies.inference import make_chip
from xbar_circuit.studies.network_point import check_network, nested
from xbar_circuit.wires import Wires

__all__ = ["Recovery", "RecoveryPoint", "recovery_of", "recovery_point"]

_POINTS = 0.01  # of accuracy: what counts as a loss


def recovery_point(
    *,
    rng: np.random.Generator,
    ohm: float,
    network: str = "lenet5",
    data: str = FASHION_MNIST,
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
    """Return what the wires cost a network, as mapped and with wire-aware programming.

    Parameters
    ----------
    rng
        Gives the chip's programming seed.
    ohm
        Resistance of a wire segment, of rows and columns [ohm].
    network, data, labels, calibration, calibration_images, divide, mean, std, output
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
        ``digital_accuracy``; ``accuracy_mapped`` and ``accuracy_aware``; ``error_mapped`` and
        ``error_aware``, the relative error of the weights (root mean square over the layers);
        ``signal`` and ``least_signal``, the mean and the smallest scale of the columns;
        ``clipped``, the share of devices at the end of their range; ``steps`` of the iteration.
    """
    check_network(network)
    told = from_dictionary(nested(settings))
    wires = Wires(row_ohm=ohm, column_ohm=ohm)
    told = replace(told, accelerator=replace(told.accelerator, wires=wires))
    brought = bring(
        network,
        data=data,
        labels=labels,
        calibration=calibration,
        calibration_images=calibration_images,
        normalisation=Normalisation.stated(divide, mean, std),
        output=output,
    )
    test = brought.test if images is None else brought.test.first(images)
    mapped = map_network(brought.network, told.accelerator)
    aware = wire_aware(mapped)
    seed = int(rng.integers(2**31))
    limits: dict[str, Any] = {"memory_bytes": told.memory_bytes, "workers": 1}
    found = {"digital_accuracy": accuracy(run(brought.network, test.images, **limits), test.labels)}
    for name, mapping in (("mapped", mapped), ("aware", aware.mapping)):
        chip = make_chip(mapping, told, brought.calibration, seed=seed, seconds=seconds)
        outputs = run(brought.network, test.images, chip.analog, **limits)
        found[f"accuracy_{name}"] = accuracy(outputs, test.labels)
    return {
        **found,
        "error_mapped": float(np.sqrt(np.mean(np.square(aware.error_before)))),
        "error_aware": float(np.sqrt(np.mean(np.square(aware.error_after)))),
        "signal": float(np.mean(aware.mean_scale)),
        "least_signal": min(aware.scale),
        "clipped": float(np.mean(aware.clipped)),
        "steps": float(max(len(steps) - 1 for steps in aware.error_by_step)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """One wire resistance: means over the chips, and the standard deviations of accuracies.

    ohm : of a segment.
    mapped, aware : accuracy.
    mapped_spread, aware_spread : standard deviation over the chips.
    error_mapped, error_aware, signal, least_signal, clipped : as in `recovery_point`.
    """

    ohm: float
    mapped: float
    aware: float
    mapped_spread: float
    aware_spread: float
    error_mapped: float
    error_aware: float
    signal: float
    least_signal: float
    clipped: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The whole study.

    digital_accuracy : of the network in NumPy.
    points : by resistance; the first one is the reference, best without wires (0 ohm).
    """

    digital_accuracy: float
    points: tuple[RecoveryPoint, ...]

    def limit_ohm(self, *, aware: bool) -> float | None:
        """Return up to which resistance less than one point of accuracy is lost; None is nowhere.

        Compared with the reference as mapped, and interpolated between the resistances.
        """
        losses = [self.points[0].mapped - (p.aware if aware else p.mapped) for p in self.points]
        ohms = [p.ohm for p in self.points]
        for k, loss in enumerate(losses):
            if loss > _POINTS:
                if k == 0:
                    return None
                share = (_POINTS - losses[k - 1]) / (loss - losses[k - 1])
                return ohms[k - 1] + share * (ohms[k] - ohms[k - 1])
        return ohms[-1]


def recovery_of(outcomes: Sequence[Outcome]) -> Recovery:
    """Return the study of a finished sweep over ``ohm``; what failed raises.

    Raises
    ------
    XbarError
        A point failed.
    """
    by_ohm: dict[float, list[dict[str, float]]] = {}
    for outcome in outcomes:
        by_ohm.setdefault(float(outcome.item.arguments["ohm"]), []).append(outcome.unwrap())
    points = []
    for ohm, chips in sorted(by_ohm.items()):
        columns = {name: np.array([chip[name] for chip in chips]) for name in chips[0]}
        same = ("error_mapped", "error_aware", "signal", "least_signal", "clipped")
        points.append(
            RecoveryPoint(
                ohm=ohm,
                mapped=float(columns["accuracy_mapped"].mean()),
                aware=float(columns["accuracy_aware"].mean()),
                mapped_spread=float(columns["accuracy_mapped"].std()),
                aware_spread=float(columns["accuracy_aware"].std()),
                **{name: float(columns[name].mean()) for name in same},
            )
        )
    return Recovery(digital_accuracy=outcomes[0].unwrap()["digital_accuracy"], points=tuple(points))
