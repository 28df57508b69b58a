"""Files of pixels and labels: IDX, NumPy's own, a folder of image files by class."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _loading as loading
from xbar_circuit._loading import EXPANDED_BYTES, array_bytes, check_size, reading, unpacked
from xbar_circuit.errors import ModelFileError

__all__ = ["read_array", "read_folder", "read_idx", "read_npz"]

_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_IMAGE_SUFFIXES = {
    *(".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png"),
    *(".ppm", ".tif", ".tiff", ".webp"),
}
_IMAGE_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_BYTES_A_PIXEL = 4  # at most, of the modes that are kept
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
    expected = {"expected": "an IDX file, plain or gzipped", "remedy": "fetch the file again"}
    with reading(path, **expected), unpacked(path) as (file, size):
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES:
            raise ValueError("no IDX header")
        kind, axes = np.dtype(_IDX_TYPES[head[2]]), head[3]
        lengths = file.read(4 * axes)
        if len(lengths) != 4 * axes:
            raise ValueError("a header that is cut short")
        shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
        length = array_bytes(shape, kind.itemsize)
        if size is None:
            check_size(f"an array of shape {shape}", length, EXPANDED_BYTES)
        elif size != 4 + 4 * axes + length:
            raise ValueError(f"{size} bytes do not hold shape {shape}")
        data = file.read(length)
        if len(data) != length or file.read(1):
            raise ValueError(f"its content is not of shape {shape}")
        return np.frombuffer(data, kind).reshape(shape)


def read_array(path: Path) -> NDArray[np.generic]:
    """Read an npy file, or else an IDX file.

    Raises
    ------
    ModelFileError
        The file is missing or damaged.
    """
    return _read_npy(path) if path.suffix == ".npy" else read_idx(path)


def read_npz(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """Read the entries ``images`` and, if it is there, ``labels`` of an npz file.

    Raises
    ------
    ModelFileError
        The file is missing or damaged, or does not hold the first.
    """
    with reading(
        path,
        expected="an npz with entries images and labels",
        remedy="write it with numpy.savez",
    ):
        found = loading.read_npz(path)
        if "images" not in found:
            raise KeyError(f"no entry 'images', only {', '.join(found) or 'none'}")
        return found["images"], found.get("labels")


def _read_npy(path: Path) -> NDArray[np.generic]:
    with reading(path, expected="a NumPy file", remedy="write it with numpy.save"):
        return loading.read_npy(path)


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
    pixels, labels, taken = [], [], 0
    for label, kind in enumerate(classes):
        for file in sorted(kind.iterdir()):
            if file.suffix.lower() not in _IMAGE_SUFFIXES:
                continue
            with (
                reading(file, expected="an image file", remedy="remove or mend it"),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("error")  # a header that promises too much, a broken tag
                with Image.open(file, formats=_IMAGE_FORMATS) as opened:
                    taken += _BYTES_A_PIXEL * math.prod(opened.size)
                    check_size("images", taken, EXPANDED_BYTES)
                    flat = np.asarray(opened if opened.mode in _AS_IT_IS else opened.convert("RGB"))
            pixels.append(flat[None] if flat.ndim == 2 else np.moveaxis(flat, -1, 0))
            labels.append(label)
    if not pixels or len({image.shape for image in pixels}) > 1:
        raise ModelFileError(
            f"path: got {folder} with {len(classes)} classes and images of shapes"
            f" {sorted({image.shape for image in pixels})}, expected a sub-folder of image files"
            " for each class, all of one shape; resize the images first"
        )
    return np.stack(pixels), np.array(labels)
