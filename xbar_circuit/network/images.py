"""Images and labels that people bring: IDX files, arrays, a folder of image files by class.

What a network sees is ``(pixel / divide - mean) / std``; these three are stated by whoever brings
the data, never guessed.
"""

from __future__ import annotations

import gzip
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError, ParameterError, ShapeError
from xbar_circuit.network.operators import Array
from xbar_circuit.resources import data_file

__all__ = [
    "Dataset",
    "Normalisation",
    "fashion_mnist_calibration",
    "fashion_mnist_test",
    "load_dataset",
    "load_images",
    "read_idx",
]

_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """How pixels become what the network was trained on: ``(pixel / divide - mean) / std``.

    divide : what the largest pixel is divided by, such as 255.
    mean, std : one number for each channel, or one for all.
    """

    divide: float
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        numbers = (self.divide, *self.mean, *self.std)
        if not all(map(math.isfinite, numbers)) or min(self.divide, *self.std) <= 0.0:
            raise ParameterError.about(
                "normalisation",
                got=f"divide {self.divide}, mean {self.mean}, std {self.std}",
                expected="finite numbers, divide and std above 0",
                remedy="state what the network was trained with",
            )

    def apply(self, pixels: NDArray[np.generic]) -> Array:
        """Return normalised float32 (n, channels, height, width)."""
        mean, std = (np.asarray(v, np.float32).reshape(-1, 1, 1) for v in (self.mean, self.std))
        return np.asarray(
            (pixels.astype(np.float32) / np.float32(self.divide) - mean) / std, dtype=np.float32
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Images as a network sees them, with their labels.

    Parameters
    ----------
    images
        (n, channels, height, width) or (n, *any), float32, finite.
    labels
        (n,) whole numbers.
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
    labels: NDArray[np.int64]
    name: str = ""

    def __post_init__(self) -> None:
        if self.images.ndim < 2 or self.labels.shape != self.images.shape[:1] or not len(self):
            raise ShapeError.about(
                "images, labels",
                got=f"shapes {self.images.shape} and {self.labels.shape}",
                expected="(n, ...) and (n,), n >= 1",
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

    def first(self, count: int) -> Dataset:
        """Return the first `count` images."""
        return Dataset(images=self.images[:count], labels=self.labels[:count], name=self.name)


def fashion_mnist_test() -> Dataset:
    """Return the whole Fashion-MNIST test set: 10,000 images (1, 28, 28) between 0 and 1.

    Xiao, Rasul and Vollgraf, arXiv:1708.07747 (2017); MIT licence, Zalando SE.
    """
    return _fashion_mnist("t10k", "Fashion-MNIST test set")


def fashion_mnist_calibration() -> Dataset:
    """Return the first 512 images of the Fashion-MNIST *training* set, to calibrate converters."""
    return _fashion_mnist("calibration", "Fashion-MNIST training set, first 512")


def _fashion_mnist(part: str, name: str) -> Dataset:
    return load_dataset(
        data_file(f"fashion_mnist/{part}-images-idx3-ubyte.gz"),
        data_file(f"fashion_mnist/{part}-labels-idx1-ubyte.gz"),
        normalisation=Normalisation(divide=255.0),
        name=name,
    )


def read_idx(path: Path | str) -> NDArray[np.generic]:
    """Read an IDX file (the MNIST family), plain or gzipped.

    Format: http://yann.lecun.com/exdb/mnist, "The IDX file format".

    Raises
    ------
    ModelFileError
        The file is missing, cut short or not IDX.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_TYPES:
            raise ValueError("no IDX header")
        axes = data[3]
        shape = tuple(int(n) for n in np.frombuffer(data, ">u4", count=axes, offset=4))
        kind = np.dtype(_IDX_TYPES[data[2]])
        if len(data) != 4 + 4 * axes + math.prod(shape) * kind.itemsize:
            raise ValueError(f"{len(data)} bytes do not hold shape {shape}")
    except (OSError, EOFError, ValueError) as error:
        raise ModelFileError(
            f"path: got {path} ({error}), expected an IDX file, plain or gzipped;"
            " fetch the file again"
        ) from error
    return np.frombuffer(data, kind, offset=4 + 4 * axes).reshape(shape)


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
        An IDX or npy file of (n, height, width) or (n, channels, height, width); an npz with
        entries ``images`` and ``labels``; or a folder with one sub-folder of image files for
        each class, classes numbered in the order of their sorted names.
    labels
        An IDX or npy file of (n,); only for IDX and npy images.
    normalisation
        How pixels become inputs.
    name
        For reports; the path unless given.

    Raises
    ------
    ModelFileError
        A file is missing or damaged.
    ShapeError
        Not one label for each image.
    """
    path = Path(images)
    if path.is_dir():
        pixels, numbers = _read_folder(path)
    elif path.suffix == ".npz":
        pixels, numbers = _read_npz(path)
    elif labels is None:
        raise ParameterError.about(
            "labels",
            got="None",
            expected="a file of labels beside the file of images",
            remedy="or give a folder by class, or an npz with images and labels",
        )
    else:
        pixels, numbers = _read_array(path), _read_array(Path(labels))
    return Dataset(
        images=normalisation.apply(_with_channels(pixels)),
        labels=numbers.astype(np.int64),
        name=name or path.name,
    )


def load_images(images: Path | str, *, normalisation: Normalisation, count: int) -> Dataset:
    """Read `count` images, evenly over the file, for calibration; their labels are 0.

    Parameters
    ----------
    images
        As for `load_dataset`.
    normalisation
        How pixels become inputs.
    count
        How many.

    Raises
    ------
    ModelFileError
        The file is missing or damaged.
    """
    path = Path(images)
    if path.is_dir():
        pixels, _ = _read_folder(path)
    elif path.suffix == ".npz":
        pixels, _ = _read_npz(path)
    else:
        pixels = _read_array(path)
    chosen = _with_channels(pixels[:: max(1, len(pixels) // count)][:count])
    return Dataset(
        images=normalisation.apply(chosen),
        labels=np.zeros(len(chosen), dtype=np.int64),
        name=path.name,
    )


def _with_channels(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return pixels[:, None] if pixels.ndim == 3 else pixels


def _read_array(path: Path) -> NDArray[np.generic]:
    return _read_npy(path) if path.suffix == ".npy" else read_idx(path)


def _read_npz(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return archive["images"], archive["labels"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelFileError(
            f"path: got {path} ({error}), expected an npz with entries images and labels;"
            " write it with numpy.savez"
        ) from error


def _read_npy(path: Path) -> NDArray[np.generic]:
    try:
        with path.open("rb") as file:
            array: NDArray[np.generic] = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise ModelFileError(
            f"path: got {path} ({error}), expected a NumPy file; write it with numpy.save"
        ) from error
    return array


def _read_folder(folder: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Read a folder of image files by class."""
    from PIL import Image  # noqa: PLC0415  (only folders need it)

    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    pixels, labels = [], []
    for label, kind in enumerate(classes):
        for file in sorted(kind.iterdir()):
            if file.suffix.lower() not in _IMAGE_SUFFIXES:
                continue
            try:
                with Image.open(file) as opened:
                    flat = np.asarray(
                        opened if opened.mode in ("L", "RGB") else opened.convert("RGB")
                    )
            except OSError as error:
                raise ModelFileError(
                    f"path: got {file} ({error}), expected an image file; remove or mend it"
                ) from error
            pixels.append(flat[None] if flat.ndim == 2 else np.moveaxis(flat, -1, 0))
            labels.append(label)
    if not pixels or len({image.shape for image in pixels}) > 1:
        raise ModelFileError(
            f"path: got {folder} with {len(classes)} classes and images of shapes"
            f" {sorted({image.shape for image in pixels})}, expected a sub-folder of image files"
            " for each class, all of one shape; resize the images first"
        )
    return np.stack(pixels), np.array(labels)
