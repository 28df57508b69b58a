"""What wire-aware programming recovers, and where it saturates: accuracy over wire resistance.

A sweep of `recovery_point`, so it runs on any executor and resumes like any other. Each chip is
made twice, with the same random numbers: conductances as mapped, and chosen for the wires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xbar_circuit.accelerator.wire_aware import wire_aware
from xbar_circuit.errors import ParameterError
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.network.chips import make_chip, mapped
from xbar_circuit.studies.network.point import check_point, digital_accuracy, point_of
from xbar_circuit.wires import Wires

__all__ = ["Recovery", "RecoveryPoint", "check_recovery", "recovery_of", "recovery_point"]

_POINTS = 0.01  # of accuracy: what counts as a loss


def check_recovery(**point: Any) -> None:
    """Refuse what is wrong with a point, as `network.point.check_point`; accuracy is its metric.

    Parameters
    ----------
    point
        As for `recovery_point`.

    Raises
    ------
    ParameterError
        As for `check_point`, or there are metrics.
    """
    if point.get("metrics") is not None:
        raise ParameterError.about(
            "metrics",
            got=f"{point['metrics']!r:.80}",
            expected="none: the study of wire-aware programming measures accuracy",
            remedy="leave it out, or take the study 'network' with run.wire_aware",
        )
    check_point(**point)


def recovery_point(
    *, rng: np.random.Generator, ohm: float, seconds: float = 0.0, **point: Any
) -> Mapping[str, float]:
    """Return the accuracy of a network with wires, as mapped and with wire-aware programming.

    Parameters
    ----------
    rng
        Gives the chip's programming seed.
    ohm
        Resistance of a wire segment, of rows and columns [ohm].
    seconds
        Age of the chip [s].
    point
        As for `network_point.point_of`.

    Returns
    -------
    Mapping
        ``digital_accuracy``; ``accuracy_mapped`` and ``accuracy_aware``; ``images`` that these
        were counted over; ``error_mapped`` and
        ``error_aware``, the relative error of the weights (root mean square over the layers);
        ``signal`` and ``least_signal``, the mean and the smallest scale of the columns;
        ``clipped``, the share of devices at the end of their range; ``steps`` of the iteration.
    """
    given = point_of(**point)
    wires = Wires(row_ohm=ohm, column_ohm=ohm)
    settings = replace(given.settings, accelerator=given.settings.accelerator.changed(wires=wires))
    mapping = mapped(given.network, settings)
    aware = wire_aware(mapping)
    seed = int(rng.integers(2**31))
    found: dict[str, float] = {}
    for name, made in (("mapped", None), ("aware", aware)):
        chosen = replace(settings, wire_aware=False)
        chip = make_chip(mapping, chosen, given.calibration, seed=seed, aware=made).at(seconds)
        found[f"accuracy_{name}"] = chip.accuracy(given.test.images, given.test.classes, workers=1)
    return {
        "digital_accuracy": digital_accuracy(given, chip),
        **found,
        "images": float(len(given.test)),
        "error_mapped": float(np.sqrt(np.mean(np.square(aware.error_before)))),
        "error_aware": float(np.sqrt(np.mean(np.square(aware.error_after)))),
        "signal": float(np.mean(aware.mean_scale)),
        "least_signal": min(aware.scale),
        "clipped": float(np.mean(aware.clipped)),
        "steps": float(max(len(steps) - 1 for steps in aware.error_by_step)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """One wire resistance: means over the chips, and the accuracy of each chip.

    ohm : of a segment.
    mapped_by_chip, aware_by_chip : accuracy of each chip.
    error_mapped, error_aware, signal, least_signal, clipped : as in `recovery_point`.
    """

    ohm: float
    mapped_by_chip: tuple[float, ...]
    aware_by_chip: tuple[float, ...]
    error_mapped: float
    error_aware: float
    signal: float
    least_signal: float
    clipped: float

    @property
    def mapped(self) -> float:
        """Mean accuracy as mapped."""
        return float(np.mean(self.mapped_by_chip))

    @property
    def aware(self) -> float:
        """Mean accuracy with wire-aware programming."""
        return float(np.mean(self.aware_by_chip))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The whole study.

    digital_accuracy : of the network in NumPy.
    images : that accuracies were counted over.
    points : by resistance; the first one is the reference, best without wires (0 ohm).
    """

    digital_accuracy: float
    images: int
    points: tuple[RecoveryPoint, ...]

    def limit_ohm(self, *, aware: bool) -> float | None:
        """Return up to which resistance less than one point of accuracy is lost.

        Compared with the reference as mapped, and interpolated between the resistances.

        Parameters
        ----------
        aware
            Whether of the network with wire-aware programming.

        Returns
        -------
        float or None
            Resistance of a segment [ohm], at most the largest that was measured; None where even
            the first loses more.
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


def recovery_of(outcomes: Sequence[ItemOutcome]) -> Recovery:
    """Return the study of a finished sweep over ``ohm``; what failed raises.

    Parameters
    ----------
    outcomes
        Outcomes of `recovery_point` over ``ohm``.

    Returns
    -------
    Recovery
        Accuracy and error of the weights at every resistance, as mapped and wire-aware.

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
                mapped_by_chip=tuple(columns["accuracy_mapped"].tolist()),
                aware_by_chip=tuple(columns["accuracy_aware"].tolist()),
                **{name: float(columns[name].mean()) for name in same},
            )
        )
    first = outcomes[0].unwrap()
    return Recovery(
        digital_accuracy=first["digital_accuracy"],
        images=int(first["images"]),
        points=tuple(points),
    )
