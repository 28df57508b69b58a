"""What people bring: a network, images to judge it by, images to calibrate on; made to fit.

The network says which layout of the images it takes; a file that leaves its sizes open takes those
of the images. Calibration never sees a test image: those that are in both sets are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbar_circuit.errors import ParameterError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import (
    Dataset,
    fashion_mnist_calibration,
    fashion_mnist_test,
    load_dataset,
    load_images,
)
from xbar_circuit.network.importers import declared_shape, load
from xbar_circuit.network.lenet import SHIPPED
from xbar_circuit.network.normalisation import Normalisation

__all__ = ["FASHION_MNIST", "NETWORKS", "Workload", "check_data", "fit_images", "load_workload"]

#: Name of the images that the package carries.
FASHION_MNIST = "fashion-mnist"

#: What a network may be, for the help of commands.
NETWORKS = (
    "An .onnx or .npz file, a TorchScript .pt file, 'my_module:name' of a torch module, or one of "
    + ", ".join(SHIPPED)
    + "."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A network with images that fit it.

    network : of any kind.
    test : with labels.
    calibration : none of them in the test set.
    """

    network: Network
    test: Dataset
    calibration: Dataset


def load_workload(
    network: str,
    *,
    data: str | None = None,
    labels: Path | str | None = None,
    calibration: Path | str | None = None,
    calibration_images: int = 256,
    normalisation: Normalisation | None = None,
    output: str | None = None,
    shape: Sequence[int] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Workload:
    """Read a network and its images.

    Parameters
    ----------
    network
        As for `load`, or the name of a network in the package.
    data, labels
        As for `load_dataset`, or ``"fashion-mnist"``, the package's own images, which come with
        labels, calibration images and normalisation (pixels divided by 255). None is these for a
        network of the package; any other network needs its own test data.
    calibration
        Images to set the converters' ranges by.
    calibration_images
        Number of calibration images, evenly over the file.
    normalisation
        How pixels become inputs; it must be stated for images of your own.
    output
        Which output of a network with several.
    shape
        Of one sample, where the network leaves it open and the images have another: (1, 28, 28) for
        a convolution over images of (28, 28).
    constants
        Inputs of the network that are none any more, by name; see `load`.

    Returns
    -------
    Workload
        The network, its test images, and the images to calibrate on.

    Raises
    ------
    ModelFileError
        A file is missing or damaged, or holds what is not supported.
    ParameterError
        Normalisation or calibration is not stated, or stated for the package's own images; the
        test set is all that is left to calibrate on; or an output is chosen of a network of the
        package, which has one.
    ShapeError
        The images do not fit the network.
    """
    chosen_data = check_data(
        network, data=data, labels=labels, calibration=calibration, normalisation=normalisation
    )
    if chosen_data == FASHION_MNIST:
        test, known = fashion_mnist_test(), fashion_mnist_calibration().first(calibration_images)
    else:
        stated = _stated(normalisation)
        test = load_dataset(chosen_data, labels, normalisation=stated)
        known = load_images(calibration or "", normalisation=stated, count=calibration_images)
    chosen, test = fit_images(network, test, output=output, shape=shape, constants=constants)
    return Workload(
        network=chosen,
        test=test,
        calibration=known.arranged(chosen.input_shape).without(test),
    )


def fit_images(
    network: str,
    images: Dataset,
    *,
    output: str | None = None,
    shape: Sequence[int] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> tuple[Network, Dataset]:
    """Return a network, and the images in the layout that it takes.

    Parameters
    ----------
    network, output, shape, constants
        As for `load_workload`.
    images
        Whose sizes a network takes that leaves its own open.

    Raises
    ------
    ModelFileError
        As `load`.
    ShapeError
        The images do not fit the network.
    """
    if network in SHIPPED:
        _nothing_said(network, output=output, shape=shape, constants=constants)
        chosen = SHIPPED[network]()
        return chosen, images.arranged(chosen.input_shape)
    wanted = shape or declared_shape(network, output=output, constants=constants)
    fitting = images if wanted is None else images.arranged(wanted)
    size = fitting.images.shape[1:]
    chosen = load(network, input_shape=size, output=output, constants=constants)
    if len(chosen.outputs) > 1:
        raise ParameterError.about(
            "output",
            got="nothing",
            expected=f"one of the outputs {', '.join(map(repr, chosen.outputs))} to judge by",
            remedy="choose it with --output",
        )
    return chosen, fitting


def check_data(
    network: str,
    *,
    data: str | None,
    labels: Path | str | None = None,
    calibration: Path | str | None = None,
    normalisation: Normalisation | None = None,
) -> str:
    """Return the images that a network is judged by, as far as they are stated; never guessed.

    Parameters
    ----------
    network, data, labels, calibration, normalisation
        As for `load_workload`.

    Raises
    ------
    ParameterError
        As `load_workload`.
    """
    if data is None and network not in SHIPPED:
        raise ParameterError.about(
            "data",
            got=f"nothing for {network}",
            expected="the images that this network is for: only the package's own networks come"
            " with some",
            remedy=f"give --data, --calibration and --divide, or --data {FASHION_MNIST} if the"
            " network was trained on these",
        )
    if data is None or data == FASHION_MNIST:
        _refuse_ignored(labels=labels, calibration=calibration, normalisation=normalisation)
        return FASHION_MNIST
    _stated(normalisation)
    if calibration is None:
        raise ParameterError.about(
            "calibration",
            got="nothing",
            expected="images that are not in the test set, to set the converters' ranges",
            remedy="give a file or folder of training images (--calibration)",
        )
    return data


def _refuse_ignored(**given: object) -> None:
    """Refuse what the package's own images would have to ignore."""
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise ParameterError.about(
            ", ".join(wrong),
            got=f"a value together with data={FASHION_MNIST!r}",
            expected="nothing: these images come with their labels, calibration set and"
            " normalisation",
            remedy="give --data, the images that it belongs to, or leave it out",
        )


def _nothing_said(network: str, **given: object) -> None:
    """Refuse what a network of the package has no use for."""
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise ParameterError.about(
            ", ".join(wrong),
            got=", ".join(repr(given[name]) for name in wrong),
            expected=f"nothing for {network}, a network of the package",
            remedy="leave it out",
        )


def _stated(normalisation: Normalisation | None) -> Normalisation:
    if normalisation is None:
        raise ParameterError.about(
            "normalisation",
            got="nothing",
            expected="what the network's pixels were divided by",
            remedy="give --divide 255, or --divide 1 for numbers that are ready",
        )
    return normalisation
