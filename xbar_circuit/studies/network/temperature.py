"""A network from 0 to 85 degrees: programmed once, used at other temperatures.

Heat scales all conductances of PCM, the more the less of a device is crystal, and moves the gains
and offsets of circuits. One factor for each array, from its response to known inputs, takes away
what is common; what remains is the bend between small and large states, the devices' spread of
activation energies, and whatever the read-out no longer holds in its range.

Boybat et al., IEDM 2021 (*Temperature sensitivity of analog in-memory computing using phase-change
memory*), characterised 10,000 devices of doped GST and ran a perceptron, a convolutional and a
recurrent network of 1.1 million weights on the model: "a simple array-level scaling" corrects what
temperature and drift shift and prevents any significant loss of accuracy. Their conductances over
temperature are not public; ours come from an activation energy that depends on the state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief, full_text
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.network.execution import accuracy
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.intervals import half_width, share_ends
from xbar_circuit.runs import Kept
from xbar_circuit.studies.network.chips import CORRECTIONS, Report, accuracy_at, make_chip, mapped
from xbar_circuit.studies.network.evaluation import plain_numbers

__all__ = ["CELSIUS", "TemperatureCurve", "temperature_curve"]

#: What is asked about unless other temperatures are [degree Celsius].
CELSIUS = (0.0, 25.0, 45.0, 65.0, 85.0)


@brief(
    lambda self: (
        f"{self.network_name}: {self.celsius.min():g} to {self.celsius.max():g} degree Celsius"
    ),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TemperatureCurve:
    """Accuracy of a network over temperature.

    Parameters
    ----------
    network_name, data_name
        For reports.
    settings
        The accelerator, the age (the last of its times) and how many chips.
    programmed_celsius
        Temperature while devices were programmed and ranges set [degree Celsius].
    stored_warm
        Whether the chip was kept at the temperature of the read since then, so that drift is
        faster; else it was kept at that of the programming and has just been warmed.
    celsius
        Temperatures of the reads (temperatures,) [degree Celsius].
    accuracy
        By correction, (seeds, temperatures).
    digital_accuracy
        In NumPy.
    images
        Test images.
    """

    network_name: str
    data_name: str
    settings: InferenceSettings
    programmed_celsius: float
    stored_warm: bool
    celsius: FloatArray
    accuracy: Mapping[str, FloatArray]
    digital_accuracy: float
    images: int

    def mean(self, correction: str) -> FloatArray:
        """Return the mean accuracy over the chips.

        Parameters
        ----------
        correction
            One of the keys of `accuracy`.

        Returns
        -------
        array
            (temperatures,), from 0 to 1.
        """
        return np.asarray(self.accuracy[correction].mean(axis=0))

    def half_width(self, correction: str) -> FloatArray:
        """Return half of the 95 % interval of the mean.

        Parameters
        ----------
        correction
            One of the keys of `accuracy`.

        Returns
        -------
        array
            (temperatures,), by Student's t over the chips; NaN for one chip.
        """
        return half_width(self.accuracy[correction])

    def over_samples(self, correction: str) -> FloatArray:
        """Return the ends of the 95 % interval over the images.

        Parameters
        ----------
        correction
            One of the keys of `accuracy`.

        Returns
        -------
        array
            (2, temperatures), the mean of the chips' own Wilson intervals.
        """
        ends = np.stack(share_ends(self.accuracy[correction], self.images))
        return np.asarray(ends.mean(axis=1))

    def lost(self, correction: str) -> float:
        """Return the largest loss over temperature.

        Parameters
        ----------
        correction
            One of the keys of `accuracy`.

        Returns
        -------
        float
            Best less worst mean accuracy.
        """
        mean = self.mean(correction)
        return float(mean.max() - mean.min())

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            ``celsius`` (temperatures,), and by correction ``mean_accuracy``, its half width and the
            accuracy of each chip, as lists.
        """
        return {
            "network": self.network_name,
            "data": self.data_name,
            "images": self.images,
            "seeds": self.settings.seeds,
            "programmed_celsius": self.programmed_celsius,
            "stored_warm": self.stored_warm,
            "second": self.settings.seconds[-1],
            "celsius": self.celsius.tolist(),
            "digital_accuracy": self.digital_accuracy,
            "mean_accuracy": {kind: self.mean(kind).tolist() for kind in self.accuracy},
            "confidence_95_over_samples": {
                kind: plain_numbers(self.over_samples(kind).T) for kind in self.accuracy
            },
            "confidence_95_half_width_over_chips": {
                kind: plain_numbers(self.half_width(kind)) for kind in self.accuracy
            },
            "accuracy_by_seed": {kind: held.tolist() for kind, held in self.accuracy.items()},
            "lost": {kind: self.lost(kind) for kind in self.accuracy},
            "settings": full_text(self.settings),
        }


def temperature_curve(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    celsius: Sequence[float] = CELSIUS,
    programmed_celsius: float = 25.0,
    stored_warm: bool = False,
    workers: int = 2,
    folder: Path | None = None,
    report: Report = lambda *_: None,
) -> TemperatureCurve:
    """Program chips at one temperature and measure them at others, with and without correction.

    Parameters
    ----------
    network, test, calibration
        As for `evaluate`.
    settings
        The accelerator, its devices, how many chips (`seeds`), how many images, and the age: the
        last of `seconds`.
    celsius
        Temperatures of the reads [degree Celsius].
    programmed_celsius
        Temperature while devices are programmed and ranges set [degree Celsius].
    stored_warm
        Whether the chips are kept at the temperature of the read.
    workers
        Threads; the result does not depend on it.
    folder
        Where every finished chip is kept; the same call goes on there after a break. None keeps
        nothing.
    report
        Receives the progress.

    Returns
    -------
    TemperatureCurve
        The accuracy of every chip at every temperature, with and without correction.

    Raises
    ------
    ParameterError
        A number out of range, or a table or a calibrated model of another temperature.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
    >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
    >>> data = xc.network.Dataset(images=np.eye(2, dtype=np.float32), labels=np.array([0, 1]))
    >>> pcm = xc.devices.PcmStatistics.joshi2020()
    >>> accelerator = xc.Accelerator(rows=4, cols=4, statistics=pcm)
    >>> settings = xc.accelerator.InferenceSettings(accelerator=accelerator, seconds=(3600.0,))
    >>> temperature_curve(network, data, data, settings, celsius=(25.0, 85.0)).mean("global")
    array([1., 1.])
    """
    degrees = tuple(
        checks.number("celsius", one, "degree Celsius", minimum=-273.15, above=True)
        for one in celsius
    )
    checks.number(
        "programmed_celsius", programmed_celsius, "degree Celsius", minimum=-273.15, above=True
    )
    asked = replace(settings, celsius=(programmed_celsius, *degrees))  # refuses before the work
    test = test if asked.images is None else test.first(asked.images)
    mapping = mapped(network, asked, test.images)
    total = asked.seeds * len(degrees) * len(CORRECTIONS) * len(test)
    found = {kind: np.zeros((asked.seeds, len(degrees))) for kind in CORRECTIONS}
    kept = Kept(
        folder=folder,
        function=temperature_curve,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "settings": replace(asked, seeds=1, seed=0),
            "stored_warm": stored_warm,
        },
    )

    def measured(seed: int) -> list[dict[str, float]]:
        chip = make_chip(mapping, asked, calibration, seed=seed, celsius=programmed_celsius)
        return [
            accuracy_at(
                chip,
                test,
                degree,
                second=asked.seconds[-1],
                stored_warm=stored_warm,
                workers=workers,
                progress=lambda n: report("temperatures", n, total),
            )
            for degree in degrees
        ]

    for number in range(asked.seeds):
        seed = asked.seed + number
        for k, one in enumerate(kept.once(f"chip {seed}", partial(measured, seed))):
            for kind, value in one.items():
                found[kind][number, k] = value
    (outputs,) = network.run({network.input_name: test.images})
    return TemperatureCurve(
        network_name=network.source,
        data_name=test.name,
        settings=asked,
        programmed_celsius=programmed_celsius,
        stored_warm=stored_warm,
        celsius=np.array(degrees),
        accuracy=found,
        digital_accuracy=accuracy(outputs, test.classes),
        images=len(test),
    )
