"""Placement: which layers must leave the analog tiles for a given accuracy, and what that costs.

Layers leave one by one, each time the one whose absence from the tiles gives the most accuracy for
its energy; when the accuracy is reached, each layer that left is tried on the tiles again, the most
expensive first, since a later choice may have made an earlier one unnecessary. The search is
greedy: with n layers it makes at most n (n + 3) / 2 placements, not all 2**n. Accuracies are of the
same chips throughout (same seeds, so the devices of a layer draw the same numbers wherever the
others are), which makes differences between placements far surer than the accuracies themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief, headline
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import accuracy
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.intervals import chips_intervals
from xbar_circuit.runs import Kept
from xbar_circuit.studies.network.chips import Report, make_chip, mapped

__all__ = ["LayerPlacement", "PlacementReport", "find_placement"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerPlacement:
    """One placement of a network's layers.

    digital : layers that are not on tiles, in the order of the network.
    accuracy : mean over the chips.
    by_seed : of each chip.
    cost : energy and time of an inference.
    """

    digital: tuple[str, ...]
    accuracy: float
    by_seed: tuple[float, ...]
    cost: Cost

    def to_dict(self, images: int) -> dict[str, object]:
        """Return the numbers as plain data.

        Parameters
        ----------
        images
            What the accuracy was counted over.

        Returns
        -------
        dict
            The ``digital`` layers, accuracy (0 to 1), energy [J], times [s] and tiles.
        """
        return {
            "digital": list(self.digital),
            "accuracy": self.accuracy,
            **chips_intervals(self.by_seed, images),
            "accuracy_by_seed": list(self.by_seed),
            "joule": self.cost.total_joule,
            "latency_second": self.cost.latency_second,
            "interval_second": self.cost.interval_second,
            "tiles": self.cost.tiles,
        }


@brief(
    lambda self: headline(self, self.network_name, "digital_accuracy", "wanted", "images"),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacementReport:
    """The search for a placement.

    Parameters
    ----------
    network_name, data_name, images
        What was run.
    settings
        The accelerator, its age, and how many chips.
    bits
        Width of the digital layers; None is float32.
    digital_accuracy
        Of the network in NumPy.
    wanted
        The accuracy that was asked for.
    layers
        All that could leave the tiles, in the order of the network.
    path
        Placements along the search, from all layers on tiles, one layer per step.
    alone
        Placement with this layer alone digital, by layer.
    chosen
        The one that was chosen: of the least energy among those tried that reach the accuracy.
    everything
        All layers digital, for comparison.
    tried
        Number of placements measured.
    """

    network_name: str
    data_name: str
    images: int
    settings: InferenceSettings
    bits: int | None
    digital_accuracy: float
    wanted: float
    layers: tuple[str, ...]
    path: tuple[LayerPlacement, ...]
    alone: Mapping[str, LayerPlacement]
    chosen: LayerPlacement
    everything: LayerPlacement
    tried: int

    @property
    def analog(self) -> LayerPlacement:
        """All layers on tiles."""
        return self.path[0]

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            The ``chosen`` placement, the ``path`` to it, and what it is compared with.
        """
        n = self.images
        return {
            "network": self.network_name,
            "data": self.data_name,
            "images": self.images,
            "seeds": self.settings.seeds,
            "bits": self.bits,
            "digital_accuracy": self.digital_accuracy,
            "digital_confidence_95": chips_intervals([self.digital_accuracy], n)[
                "confidence_95_over_samples"
            ],
            "wanted": self.wanted,
            "layers": list(self.layers),
            "chosen": self.chosen.to_dict(n),
            "all_on_tiles": self.analog.to_dict(n),
            "all_digital": self.everything.to_dict(n),
            "path": [one.to_dict(n) for one in self.path],
            "one_digital": {name: one.to_dict(n) for name, one in self.alone.items()},
            "tried": self.tried,
            "settings": repr(self.settings),
        }


def find_placement(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    wanted: float | None = None,
    lost: float = 0.01,
    bits: int | None = 8,
    workers: int = 2,
    folder: Path | None = None,
    report: Report = lambda *_: None,
) -> PlacementReport:
    """Find the placement of layers that reaches an accuracy with the least energy.

    Parameters
    ----------
    network, test, calibration
        As for `evaluate`.
    settings
        The accelerator, its age (the last of `seconds`), chips and images. Layers that it keeps
        digital stay so; layers that it has elsewhere may leave like others.
    wanted
        The accuracy to reach, from 0 to 1; None is the digital one less `lost`.
    lost
        Allowed loss against the digital accuracy, as a share of all images.
    bits
        Integer width of the digital layers; None is float32.
    workers
        Threads; the result does not depend on it.
    folder
        Where every placement is kept as soon as it is measured; the same search goes on there after
        a break. None keeps nothing.
    report
        Receives the progress; the number of placements in all is the most there can be.

    Returns
    -------
    PlacementReport
        The placements tried, with accuracy, energy [J] and latency [s], and the chosen one: of
        those that reach the accuracy, the one of the least energy.

    Raises
    ------
    ParameterError
        A number out of range, or an accuracy that not even the digital layers reach.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
    >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
    >>> data = xc.network.Dataset(images=np.eye(2, dtype=np.float32), labels=np.array([0, 1]))
    >>> settings = xc.accelerator.InferenceSettings(accelerator=xc.Accelerator(rows=4, cols=4))
    >>> find_placement(network, data, data, settings).chosen.digital  # four weights are cheaper so
    ('dense',)
    """
    test = test if settings.images is None else test.first(settings.images)
    checks.number("lost", lost, "1", maximum=1.0)
    (outputs,) = network.run({network.input_name: test.images})
    exact = accuracy(outputs, test.classes)
    goal = exact - lost if wanted is None else checks.number("wanted", wanted, "1", maximum=1.0)
    names = [name for name, _ in network.matrix_nodes]
    layers = tuple(name for name in names if name not in settings.digital)
    most = len(layers) * (len(layers) + 3) // 2 + 1
    known: dict[frozenset[str], LayerPlacement] = {}
    kept = Kept(
        folder=folder,
        function=find_placement,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "settings": settings,
            "bits": bits,
        },
    )

    def placed(leaving: frozenset[str]) -> LayerPlacement:
        if leaving not in known:
            now = _with_digital(settings, leaving, bits)
            name = "digital: " + (", ".join(sorted(leaving)) or "none")
            measure = partial(_measured, network, test, calibration, now, workers)
            known[leaving] = kept.once(name, measure)
            report("placements", 1, most)
        return known[leaving]

    everything = placed(frozenset(layers))
    if everything.accuracy < goal:
        raise ParameterError.about(
            "wanted",
            got=f"{goal:.4f}",
            expected=f"at most {everything.accuracy:.4f}, which all layers reach as digital ones",
            remedy="lower it, or give digital layers more bits",
        )
    leaving: frozenset[str] = frozenset()
    path = [placed(leaving)]
    alone = {name: placed(frozenset([name])) for name in layers}
    while path[-1].accuracy < goal:
        rest = [name for name in layers if name not in leaving]
        leaving = max(
            (leaving | {name} for name in rest), key=lambda one: _worth(placed(one), path[-1], goal)
        )
        path.append(placed(leaving))
    for name in sorted(leaving, key=lambda one: -alone[one].cost.total_joule):
        without = leaving - {name}
        if placed(without).accuracy >= goal:
            leaving = without
    reached = [one for one in known.values() if one.accuracy >= goal]
    return PlacementReport(
        network_name=network.source,
        data_name=test.name,
        images=len(test),
        settings=settings,
        bits=bits,
        digital_accuracy=exact,
        wanted=goal,
        layers=layers,
        path=tuple(path),
        alone=alone,
        chosen=min(reached, key=lambda one: one.cost.total_joule),
        everything=everything,
        tried=len(known),
    )


def _worth(one: LayerPlacement, before: LayerPlacement, goal: float) -> tuple[bool, float]:
    """Order steps: one that arrives before one that does not, then by accuracy for energy.

    Of those that arrive, the least energy; a step that saves energy and gains accuracy comes first.
    """
    gain = one.accuracy - before.accuracy
    price = one.cost.total_joule - before.cost.total_joule
    if one.accuracy >= goal:
        return True, -one.cost.total_joule
    if price <= 0.0:
        return False, np.inf if gain > 0.0 else gain
    return False, gain / price


def _with_digital(
    settings: InferenceSettings, leaving: frozenset[str], bits: int | None
) -> InferenceSettings:
    return replace(
        settings,
        digital={**settings.digital, **dict.fromkeys(sorted(leaving), bits)},
        elsewhere={k: v for k, v in settings.elsewhere.items() if k not in leaving},
    )


def _measured(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    workers: int,
) -> LayerPlacement:
    mapping = mapped(network, settings, test.images)
    found = []
    cost: Cost | None = None
    for seed in range(settings.seed, settings.seed + settings.seeds):
        chip = make_chip(mapping, settings, calibration, seed=seed).at(settings.seconds[-1])
        found.append(chip.accuracy(test.images, test.classes, workers=workers))
        cost = cost or chip.cost(test.images, architecture=settings.architecture)
    assert cost is not None  # noqa: S101  there is at least one seed
    return LayerPlacement(
        digital=tuple(name for name, _ in network.matrix_nodes if name in settings.digital),
        accuracy=float(np.mean(found)),
        by_seed=tuple(found),
        cost=cost,
    )
