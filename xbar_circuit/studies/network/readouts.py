"""One network on several read-outs: accuracy, energy and time of each, and its codes in ngspice.

Each read-out is one description. The tile that ngspice runs from the driver to the code, the fast
form that the network multiplies with, and the energy and time of an inference are made from it
alike. A read-out with a circuit in it is calibrated first, on a column like those of the tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._brief import brief
from xbar_circuit.accelerator.calibrate import calibrate_readout
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.spot_check import CodeAgreement, TileCheck
from xbar_circuit.network.execution import accuracy
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.intervals import chips_intervals
from xbar_circuit.peripherals import (
    IdealConverter,
    Readout,
    Sar,
    Subcircuit,
    TransimpedanceAmplifier,
)
from xbar_circuit.resources import device_model
from xbar_circuit.runs import Kept, digest
from xbar_circuit.studies.network.chips import Report, make_chip, mapped
from xbar_circuit.tile import CHAINS

__all__ = ["ReadoutComparison", "ReadoutRow", "compare_readouts", "own_readout", "usual_readouts"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadoutRow:
    """One read-out at work in a network.

    Parameters
    ----------
    name
        Of the read-out.
    accelerator
        With the calibrated model where the read-out has a circuit in it.
    accuracy
        Of the network, one chip.
    cost
        Energy and time of an inference, by the parts' own numbers or by those that it names.
    checks
        Tiles in ngspice from the driver to the code, one of each layer.
    """

    name: str
    accelerator: Accelerator
    accuracy: float
    cost: Cost
    checks: tuple[TileCheck, ...]

    @property
    def codes(self) -> CodeAgreement:
        """All codes of the network's tiles against ngspice's."""
        fast, exact = (
            np.concatenate([getattr(check, name).ravel() for check in self.checks])
            for name in ("fast_code", "spice_code")
        )
        return CodeAgreement.between(fast, exact)

    def to_dict(self, images: int) -> dict[str, object]:
        """Return the numbers as plain data.

        Parameters
        ----------
        images
            What the accuracy was counted over.

        Returns
        -------
        dict
            Accuracy (0 to 1), energy [J] by component, times [s], and how the codes agree with
            ngspice; None where that was not checked.
        """
        model = self.accelerator.model_at(None)
        return {
            "name": self.name,
            "readout": repr(self.accelerator.readout),
            "accuracy": self.accuracy,
            **chips_intervals([self.accuracy], images),
            "joule": self.cost.total_joule,
            "joule_by_component": self.cost.joule,
            "latency_second": self.cost.latency_second,
            "product_second": self.cost.product_second,
            "numbers": self.cost.periphery.name,
            "held_out": None if model is None or model.held_out is None else str(model.held_out),
            "codes_in_ngspice": self.codes.to_dict() if self.checks else None,
            "codes_by_layer": {check.layer: check.codes.to_dict() for check in self.checks},
            "spice_second": sum(check.seconds for check in self.checks),
        }


@brief(
    lambda self: (
        f"{self.network_name}: "
        + ", ".join(f"{row.name} {100 * row.accuracy:.2f} %" for row in self.rows)
    ),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadoutComparison:
    """Several read-outs under one network; rows in the order they were asked for."""

    network_name: str
    data_name: str
    images: int
    digital_accuracy: float
    rows: tuple[ReadoutRow, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            What was run, its digital accuracy, and an entry of ``readouts`` for each row.
        """
        return {
            "network": self.network_name,
            "data": self.data_name,
            "images": self.images,
            "digital_accuracy": self.digital_accuracy,
            "readouts": [row.to_dict(self.images) for row in self.rows],
        }


def own_readout(
    path: Path | str | None = None,
    name: str = "two_stage_opamp",
    ports: tuple[str, ...] = ("plus", "minus", "out"),
    *,
    models: Path | str | None = None,
    supplies: Mapping[str, float] | None = None,
    bits: int = 8,
) -> Readout:
    """Return a read-out around your own op-amp: transimpedance amplifier, behavioural SAR.

    Parameters
    ----------
    path
        File with the ``.subckt``; None is the two-stage op-amp of the package, taken like any
        other file.
    name
        Of the subcircuit.
    ports
        Roles of its ports in the order of the ``.subckt`` line, supplies left out.
    models
        Library of its transistors; None is the package's 45 nm-class cards.
    supplies
        Port -> voltage [V]; None is 1.1 V on ``vdd`` and 0 V on ``vss``.
    bits
        Of the SAR.

    Returns
    -------
    Readout
        The read-out.

    Raises
    ------
    ModelFileError, ParameterError
        The file has no such subcircuit, or a port is missing.
    """
    opamp = Subcircuit(
        device_model(f"{name}.lib") if path is None else path,
        name,
        ports=ports,
        supplies=supplies or {"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib") if models is None else models,
    )
    amplifier = TransimpedanceAmplifier(
        opamp=opamp, feedback_ohm=6e3, reference_volt=0.35, settle_second=30e-9
    )
    return Readout(amplifier=amplifier, converter=Sar(bits=bits, low_volt=0.1, high_volt=0.6))


def usual_readouts(own: Readout | None = None, *, bits: int = 8) -> dict[str, Readout]:
    """Return the four kinds of read-out by name: ideal, behavioural, of transistors, one's own.

    Parameters
    ----------
    own
        Any read-out of one's own; None is `own_readout`.
    bits
        Of all of them.

    Returns
    -------
    dict
        Name -> read-out.

    >>> list(usual_readouts())
    ['ideal', 'behavioural SAR', 'transistor oscillator', 'own subcircuit']
    """
    return {
        "ideal": Readout(converter=IdealConverter(bits=bits)),
        "behavioural SAR": CHAINS["sar"](bits=bits)[0],
        "transistor oscillator": CHAINS["transistor-oscillator"](bits=bits)[0],
        "own subcircuit": own_readout(bits=bits) if own is None else own,
    }


def compare_readouts(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    readouts: Mapping[str, Readout | Accelerator],
    *,
    samples: int = 24,
    held_out: int = 12,
    vectors: int = 2,
    outputs: int | None = None,
    workers: int = 2,
    folder: Path | None = None,
    report: Report = lambda *_: None,
) -> ReadoutComparison:
    """Run one network on accelerators that differ by their read-out.

    Parameters
    ----------
    network, test, calibration
        As for `evaluate`.
    settings
        The accelerator whose read-out is replaced, its age and its images; one chip is made.
    readouts
        By name. A read-out with a circuit in it is calibrated against ngspice first; an accelerator
        is taken as it is, and calibrated where it has a circuit and no model.
    samples, held_out
        Products of a calibration: to fit to, and to judge by.
    vectors, outputs
        Of the tile of each layer that ngspice runs from the driver to the code: products, and
        outputs with a read-out. None is all outputs of ideal read-outs, 16 of behavioural ones and
        4 of circuits, which keeps each below about a minute a tile.
    workers
        Threads; the result does not depend on it.
    folder
        Where decks and answers of calibrations are kept, and models as JSON; the same call resumes
        there after an interruption.
    report
        Receives the progress.

    Returns
    -------
    ReadoutComparison
        Accuracy, energy [J], latency [s], and agreement of codes with ngspice of each read-out.

    Raises
    ------
    ParameterError
        A read-out does not fit the accelerator.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    test = test if settings.images is None else test.first(settings.images)
    made = {}
    for name, one in readouts.items():
        own = one
        if isinstance(own, Readout):
            own = settings.accelerator.changed(readout=own, model=None)
        if own.readout.circuits and not own.models:
            home = None if folder is None else folder / name.replace(" ", "-")
            own = calibrate_readout(
                own,
                rng=np.random.default_rng(1),
                samples=samples,
                held_out=held_out,
                folder=home,
                progress=_stage_progress(report, f"calibrating {name}", samples + held_out),
            )
            if home is not None and own.model is not None:
                own.models[0].save(home / "model.json")
        made[name] = own
    rows = []
    kept = Kept(
        folder=None if folder is None else folder / "rows",
        function=compare_readouts,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "settings": settings,
            "vectors": vectors,
            "outputs": outputs,
        },
    )

    def measured(name: str, own: Accelerator) -> dict[str, Any]:
        chip = _chip(network, calibration, replace(settings, accelerator=own))
        found = chip.accuracy(
            test.images,
            test.classes,
            workers=workers,
            progress=_stage_progress(report, name, len(test)),
        )
        places = [(k, 0) for k in range(len(chip.mapping.layers))]
        checks = chip.spot_check(
            test.images[:8],
            tiles=places,
            vectors=vectors,
            outputs=_affordable(own.readout) if outputs is None else outputs,
            progress=_stage_progress(report, f"{name} in ngspice", len(places)),
        )
        return {"accuracy": found, "cost": chip.cost(test.images), "checks": list(checks)}

    for name, own in made.items():
        found = kept.once(f"{name} {digest(own)}", partial(measured, name, own))
        parts = found | {"checks": tuple(found["checks"])}
        rows.append(ReadoutRow(name=name, accelerator=own, **parts))
    (digital,) = network.run({network.input_name: test.images})
    return ReadoutComparison(
        network_name=network.source,
        data_name=test.name,
        images=len(test),
        digital_accuracy=accuracy(digital, test.classes),
        rows=tuple(rows),
    )


def _affordable(readout: Readout) -> int | None:
    """Return how many outputs of a tile get their read-out in ngspice; None is all."""
    if readout.circuits:
        return 4
    ideal = isinstance(readout.converter, IdealConverter) and readout.amplifier is None
    return None if ideal else 16


def _stage_progress(report: Report, stage: str, total: int) -> Callable[[int], object]:
    return lambda done: report(stage, done, total)


def _chip(network: Network, calibration: Dataset, settings: InferenceSettings) -> Chip:
    made = make_chip(mapped(network, settings), settings, calibration, seed=settings.seed)
    return made.at(settings.seconds[0])
