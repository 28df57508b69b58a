"""Images and labels as a network sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network._image_files import read_array, read_folder, read_npz
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.network.operators import Array
from xbar_circuit.resources import data_file

__all__ = [
    "Dataset",
    "fashion_mnist_calibration",
    "fashion_mnist_test",
    "load_dataset",
    "load_images",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Images as a network sees them, with their labels.

    Parameters
    ----------
    images
        ``(n, channels, height, width)`` or ``(n, *any)``, float32, finite.
    labels
        (n,) or (n, ...): classes as whole numbers, or numbers to compare outputs with; None where
        there are none, and outputs are compared with the digital run.
    name
        For reports.

    Raises
    ------
    ShapeError
        Not one label for each image, or none at all.
    ParameterError
        An image holds NaN or infinities.
    """

    images: Array
    labels: NDArray[Any] | None
    name: str = ""

    def __post_init__(self) -> None:
        labels = None if self.labels is None else self.labels.shape
        if (
            self.images.ndim < 2
            or (labels and labels[0] != len(self))
            or labels == ()
            or not len(self)
        ):
            raise ShapeError.about(
                "images, labels",
                got=f"shapes {self.images.shape} and {labels}",
                expected="(n, ...) and (n,) or (n, ...), n >= 1",
                remedy="give one label for each image",
            )
        if not np.isfinite(self.images).all():
            raise ParameterError.about(
                "images",
                got="NaN or infinities",
                expected="finite numbers",
                remedy="check the files and the normalisation",
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def has_classes(self) -> bool:
        """Whether there is one class for each sample."""
        labels = self.labels
        return labels is not None and labels.ndim == 1 and labels.dtype.kind in "iub"

    @property
    def classes(self) -> NDArray[np.int64]:
        """The labels of what has one class per sample (n,).

        Raises
        ------
        ParameterError
            There are no labels, or others.
        """
        if self.labels is None or not self.has_classes:
            got = "none" if self.labels is None else f"{self.labels.dtype} {self.labels.shape}"
            raise ParameterError.about(
                "labels",
                got=got,
                expected="one class, a whole number, for each sample",
                remedy="give --labels; other metrics are measured by xbar infer",
            )
        return self.labels

    def first(self, count: int) -> Dataset:
        """Return the first images.

        Parameters
        ----------
        count
            How many; all where there are fewer.

        Returns
        -------
        Dataset
            With their labels.

        Raises
        ------
        ShapeError
            `count` is 0.

        >>> fashion_mnist_calibration().first(8).images.shape
        (8, 1, 28, 28)
        """
        labels = None if self.labels is None else self.labels[:count]
        return Dataset(images=self.images[:count], labels=labels, name=self.name)

    def arranged(self, shape: Sequence[int | None]) -> Dataset:
        """Return the images in the layout that a network takes.

        Channels move from first to last or back, and axes of size 1 come and go; grey images also
        become vectors. Nothing else is done to them.

        Parameters
        ----------
        shape
            Of one sample; None is any size.

        Returns
        -------
        Dataset
            Images (n, ``*shape``) with the same labels.

        Raises
        ------
        ShapeError
            No such rearrangement has this shape.

        >>> fashion_mnist_calibration().arranged((28, 28, 1)).images.shape
        (512, 28, 28, 1)
        """
        for layout in _layouts(self.images, len(shape)):
            if layout.ndim == len(shape) + 1 and all(
                want is None or have == want
                for have, want in zip(layout.shape[1:], shape, strict=True)
            ):
                return Dataset(
                    images=np.ascontiguousarray(layout), labels=self.labels, name=self.name
                )
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ShapeError.about(
            "images",
            got=f"{self.name or 'images'} of shape {self.images.shape[1:]}",
            expected=f"the network's ({wanted}), or its channels last or first",
            remedy="resize or crop the images as for the training of the network",
        )

    def without(self, other: Dataset) -> Dataset:
        """Return the images that another set does not hold.

        Parameters
        ----------
        other
            The other set; images count as equal when every pixel is.

        Returns
        -------
        Dataset
            The rest, with their labels.

        Raises
        ------
        ParameterError
            None is left.
        """
        known = {_fingerprint(image) for image in other.images}
        kept = np.array([_fingerprint(image) not in known for image in self.images])
        if not kept.any():
            raise ParameterError.about(
                "calibration",
                got=f"{self.name or 'images'}, all of them in {other.name or 'the test set'}",
                expected="images that are not in the test set",
                remedy="give images of the training set",
            )
        labels = None if self.labels is None else self.labels[kept]
        return Dataset(images=self.images[kept], labels=labels, name=self.name)


def _layouts(images: Array, rank: int) -> Iterator[Array]:
    """Yield the arrangements of images that keep every pixel's meaning, the given one first."""
    yield images
    if images.ndim == 4:
        yield np.moveaxis(images, 1, -1)
        yield np.moveaxis(images, -1, 1)
    grey = images.reshape(len(images), *(size for size in images.shape[1:] if size > 1))
    if grey.ndim <= 3:
        if rank == 1:
            yield images.reshape(len(images), -1)
        for place in range(1, rank + 1):  # one more axis of size 1
            if grey.ndim == rank:
                yield np.expand_dims(grey, place)
        yield grey


def _fingerprint(image: Array) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=16).digest()


def fashion_mnist_test() -> Dataset:
    """Return the whole Fashion-MNIST test set: 10,000 images (1, 28, 28) between 0 and 1.

    Xiao, Rasul and Vollgraf, arXiv:1708.07747 (2017); MIT licence, Zalando SE.

    Returns
    -------
    Dataset
        Images (10000, 1, 28, 28) between 0 and 1 with their classes.

    >>> fashion_mnist_test().images.shape
    (10000, 1, 28, 28)
    """
    return _fashion_mnist("t10k", "Fashion-MNIST test set")


def fashion_mnist_calibration() -> Dataset:
    """Return the first 512 images of the Fashion-MNIST *training* set, to calibrate converters.

    Returns
    -------
    Dataset
        Images (512, 1, 28, 28) between 0 and 1 with their classes.

    >>> fashion_mnist_calibration().images.shape
    (512, 1, 28, 28)
    """
    return _fashion_mnist("calibration", "Fashion-MNIST training set, first 512")


def _fashion_mnist(part: str, name: str) -> Dataset:
    return load_dataset(
        data_file(f"fashion_mnist/{part}-images-idx3-ubyte.gz"),
        data_file(f"fashion_mnist/{part}-labels-idx1-ubyte.gz"),
        normalisation=Normalisation(divide=255.0),
        name=name,
    ).arranged((1, 28, 28))


def load_dataset(
    images: Path | str,
    labels: Path | str | None = None,
    *,
    normalisation: Normalisation,
    name: str = "",
) -> Dataset:
    """Read images and labels from files.

    Parameters
    ----------
    images
        An IDX or npy file of (n, ...); an npz with the entry ``images`` and, if there are some,
        ``labels``; or a folder with one sub-folder of image files for each class, classes numbered
        in the order of their sorted names. Axes stay as they are: grey images (n, height, width)
        get a channel only where a network wants one, see `Dataset.arranged`.
    labels
        An IDX or npy file of (n,) or (n, ...), classes or numbers; only for IDX and npy images.
        None is none.
    normalisation
        Normalisation of the pixels.
    name
        For reports; the path unless given.

    Returns
    -------
    Dataset
        Images and labels, pixels normalised.

    Raises
    ------
    ModelFileError
        A file is missing or damaged.
    ShapeError
        Not one label for each image, or a normalisation of other channels.
    ParameterError
        A pixel or a label is not a finite number.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.npz"
    ...     np.savez(path, images=np.full((3, 8, 8), 255), labels=[2, 0, 1])
    ...     data = load_dataset(path, normalisation=Normalisation(divide=255.0))
    >>> data.images.shape, data.images.max().item(), data.classes.tolist()
    ((3, 8, 8), 1.0, [2, 0, 1])
    """
    path = Path(images)
    numbers: NDArray[np.generic] | None
    if path.is_dir():
        pixels, numbers = read_folder(path)
    elif path.suffix == ".npz":
        pixels, numbers = read_npz(path)
    else:
        pixels = read_array(path)
        numbers = None if labels is None else read_array(Path(labels))
    return Dataset(
        images=normalisation.apply(pixels),
        labels=None if numbers is None else _targets(numbers),
        name=name or path.name,
    )


def load_images(images: Path | str, *, normalisation: Normalisation, count: int) -> Dataset:
    """Read `count` images, evenly over the file, for calibration; without labels.

    Parameters
    ----------
    images
        As for `load_dataset`.
    normalisation
        Normalisation of the pixels.
    count
        Number of images.

    Returns
    -------
    Dataset
        Images, pixels normalised.

    Raises
    ------
    ModelFileError
        The file is missing or damaged.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> usual = Normalisation(divide=255.0)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.npy"
    ...     np.save(path, np.zeros((30, 8, 8)))
    ...     print(load_images(path, normalisation=usual, count=10).images.shape)
    (10, 8, 8)
    """
    path = Path(images)
    if path.is_dir():
        pixels, _ = read_folder(path)
    elif path.suffix == ".npz":
        pixels, _ = read_npz(path)
    else:
        pixels = read_array(path)
    chosen = pixels[:: max(1, len(pixels) // count)][:count]
    return Dataset(
        images=normalisation.apply(chosen),
        labels=None,
        name=path.name,
    )


def _targets(labels: NDArray[np.generic]) -> NDArray[Any]:
    """Return classes as whole numbers, and other numbers as they are.

    Raises
    ------
    ParameterError
        They are no finite numbers.
    """
    numbers = labels.astype(np.float64) if labels.dtype.kind in "biuf" else np.full(1, np.nan)
    if not np.isfinite(numbers).all():
        raise ParameterError.about(
            "labels",
            got=f"{labels.dtype} {labels.ravel()[:3].tolist()}",
            expected="classes 0, 1, ..., or finite numbers to compare outputs with",
            remedy="number the classes",
        )
    return numbers.astype(np.int64) if (numbers == np.rint(numbers)).all() else numbers
