"""Files of pixels and labels: IDX, NumPy's own, a folder of image files by class."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError

__all__ = ["read_array", "read_folder", "read_idx", "read_npz"]

_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_IMAGE_SUFFIXES = {
    *(".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png"),
    *(".ppm", ".tif", ".tiff", ".webp"),
}
_AS_IT_IS = {"L", "RGB", "I;16", "I;16B", "I", "F"}


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
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ModelFileError(
            f"path: got {path} ({error}), expected an IDX file, plain or gzipped;"
            " fetch the file again"
        ) from error
    return np.frombuffer(data, kind, offset=4 + 4 * axes).reshape(shape)


def read_array(path: Path) -> NDArray[np.generic]:
    """Read an npy file, or else an IDX file.

    Raises
    ------
    ModelFileError
        The file is missing or damaged.
    """
    return _read_npy(path) if path.suffix == ".npy" else read_idx(path)


def read_npz(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Read the entries ``images`` and ``labels`` of an npz file.

    Raises
    ------
    ModelFileError
        The file is missing or damaged, or does not hold the two.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return archive["images"], archive["labels"]
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile) as error:
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


def read_folder(folder: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Read a folder with one sub-folder of image files for each class.

    Grey images stay one channel, of 8 or 16 bits; all others become red, green and blue.

    Raises
    ------
    ModelFileError
        No images, an image that cannot be read, or images of different shapes.
    """
    from PIL import Image  # noqa: PLC0415  (only folders need it)

    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    pixels, labels = [], []
    for label, kind in enumerate(classes):
        for file in sorted(kind.iterdir()):
            if file.suffix.lower() not in _IMAGE_SUFFIXES:
                continue
            try:
                with Image.open(file) as opened:
                    flat = np.asarray(opened if opened.mode in _AS_IT_IS else opened.convert("RGB"))
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
