"""A network on an accelerator over time: several chips, each read at several ages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.wire_aware import WireAware, wire_aware
from xbar_circuit.network.execution import run
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.intervals import Estimate
from xbar_circuit.network.metrics import Metric, usual_metrics
from xbar_circuit.network.operators import Array
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept
from xbar_circuit.studies.network._outputs import SavedOutputs
from xbar_circuit.studies.network.chips import CORRECTIONS, Report, accuracy_at, make_chip, mapped
from xbar_circuit.studies.network.evaluation import Evaluation, Scores, plain_numbers

__all__ = ["evaluate"]


def evaluate(  # noqa: PLR0915  one sequence of steps, from the first to the last
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    metrics: Sequence[Metric] | None = None,
    workers: int = 2,
    folder: Path | None = None,
    outputs: Path | None = None,
    report: Report = lambda *_: None,
    known: Callable[[dict[str, object]], object] = lambda _: None,
) -> Evaluation:
    """Evaluate a network on an accelerator.

    Parameters
    ----------
    network
        The network.
    test
        Test data.
    calibration
        Calibration data for the converters; never the test set.
    settings
        The configuration.
    metrics
        Metrics, see `xbar_circuit.network.metrics`; None chooses them by the labels.
    workers
        Threads of the inference; the result does not depend on it.
    folder
        Where every finished chip is kept at once. The same study finds it there and goes on where
        it was interrupted; anything else that is evaluated is computed anew. None keeps nothing.
    outputs
        Where outputs are saved, `outputs/*.npy`, and of classes ``predictions.csv``; None saves
        none.
    report
        Receives the progress.
    known
        Receives each result as soon as it is known: the digital run, then chip by chip.

    Returns
    -------
    Evaluation
        Every metric at every age with its confidence interval, the mapping, and the first chip.

    Raises
    ------
    XbarError
        A finished chip cannot be kept, or a metric does not go with the labels.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
    >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
    >>> data = xc.network.Dataset(images=np.eye(2, dtype=np.float32), labels=np.array([0, 1]))
    >>> settings = xc.accelerator.InferenceSettings(accelerator=xc.Accelerator(rows=4, cols=4))
    >>> evaluate(network, data, data, settings).at(0.0)
    1.0
    """
    clock: dict[str, float] = {}
    start = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal start
        now = time.perf_counter()
        clock[stage] = clock.get(stage, 0.0) + now - start
        start = now

    test = test if settings.images is None else test.first(settings.images)
    chosen = tuple(metrics) if metrics else usual_metrics(test.labels)
    mapping = mapped(network, settings, test.images)
    digital = run(
        network,
        test.images,
        memory_bytes=working_bytes(settings.memory_bytes, mapping, test.images),
        workers=workers,
        progress=lambda n: report("digital inference", n, len(test)),
    )
    reference = {one.name: one.estimate(digital, test.labels, digital) for one in chosen}
    saved = SavedOutputs(outputs, test.labels)
    saved.keep("digital", digital)
    summary: dict[str, object] = {
        "images": len(test),
        "digital": {name: one.to_dict() for name, one in reference.items()},
    }
    known(summary)
    lap("digital inference")
    programming = None
    if settings.wire_aware:
        programming = WireAware.from_dict(
            mapping,
            Kept(
                folder=folder,
                function=wire_aware,
                arguments={
                    "network": network,
                    "settings": replace(settings, seeds=1, seed=0, celsius=()),
                },
            ).once(
                "wire-aware programming",
                lambda: wire_aware(
                    mapping,
                    progress=lambda n: report("wire-aware programming", n, mapping.tile_count),
                ).to_dict(),
            ),
        )
        lap("wire-aware programming")

    ages = len(settings.seconds)
    total = settings.seeds * ages * len(test)
    found = np.full((settings.seeds, ages, len(chosen), 3), np.nan)
    first: Chip | None = None
    kept = Kept(
        folder=folder,
        function=evaluate,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "metrics": [one.name for one in chosen],
            "settings": replace(settings, seeds=1, seed=0, celsius=()),
        },
    )
    lines: list[dict[str, object]] = []
    for k_chip, seed in enumerate(range(settings.seed, settings.seed + settings.seeds)):
        before = kept.load(f"chip {seed}")
        if before is not None and all(":" not in one.name for one in chosen):
            found[k_chip] = before
            report("analog inference", ages * len(test), total)
            lines += [_line(chosen, seed, settings.seconds[k], before[k]) for k in range(ages)]
            known(summary | {"chips": lines})
            continue
        chip = make_chip(mapping, settings, calibration, seed=seed, aware=programming)
        lap("programming and wires")
        for k, second in enumerate(settings.seconds):
            now = chip.at(second)
            if k_chip == 0 and k == 0:
                first = now
            (made,) = now.run(
                test.images,
                workers=workers,
                progress=lambda n: report("analog inference", n, total),
            )
            each = [one.estimate(made, test.labels, digital) for one in chosen]
            found[k_chip, k] = [(one.value, one.low, one.high) for one in each]
            if k_chip == 0:
                saved.keep(f"chip {seed} at {second:g} s", made)
            lines.append(_line(chosen, seed, second, found[k_chip, k]))
            known(summary | {"chips": lines})
            lap("analog inference")
        kept.keep(f"chip {seed}", found[k_chip])
    warm = {}
    if settings.celsius:
        if first is None:
            first = make_chip(
                mapping, settings, calibration, seed=settings.seed, aware=programming
            ).at(settings.seconds[0])

        def measure(made: Array) -> Estimate:
            return chosen[0].estimate(made, test.labels, digital)

        warm = _by_celsius(first, settings, test, measure, workers=workers, report=report)
        lap("temperatures")
    return Evaluation(
        network_name=network.source,
        data_name=test.name,
        settings=settings,
        mapping=mapping if programming is None else programming.mapping,
        images=len(test),
        scores={
            one.name: Scores(
                metric=one,
                digital=reference[one.name],
                value=found[:, :, m, 0],
                low=found[:, :, m, 1],
                high=found[:, :, m, 2],
            )
            for m, one in enumerate(chosen)
        },
        by_celsius=warm,
        chip=first,
        programming=programming,
        stage_second=clock,
        peak_bytes=peak_bytes(),
    )


def _line(metrics: Sequence[Metric], seed: int, second: float, row: Any) -> dict[str, object]:
    """Return the scores of one chip at one age, as plain data."""
    values = dict(zip((one.name for one in metrics), plain_numbers(np.asarray(row)), strict=True))
    return {"seed": seed, "seconds": second, "value_low_high": values}


def _by_celsius(
    chip: Chip,
    settings: InferenceSettings,
    test: Dataset,
    measure: Callable[[Array], Estimate],
    *,
    workers: int,
    report: Report,
) -> dict[float, tuple[Estimate, Estimate]]:
    """Return the values at each temperature: without compensation, and with a global factor."""
    total = len(CORRECTIONS) * len(settings.celsius) * len(test)
    found = {}
    for degree in settings.celsius:
        pair = accuracy_at(
            chip,
            test,
            degree,
            second=settings.seconds[-1],
            measure=measure,
            workers=workers,
            progress=lambda n: report("temperatures", n, total),
        )
        found[degree] = (pair["none"], pair["global"])
    return found
