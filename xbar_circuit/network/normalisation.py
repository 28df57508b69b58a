"""Normalisation of pixels: what a network sees is ``(pixel / divide - mean) / std``.

The three are stated with the data, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network.operators import Array

__all__ = ["Normalisation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """Normalisation of pixels as in training: ``(pixel / divide - mean) / std``.

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

    @classmethod
    def stated(
        cls,
        divide: float | None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> Normalisation | None:
        """Return the normalisation that a user states, if any.

        Parameters
        ----------
        divide
            What the largest pixel is divided by; None is not stated.
        mean, std
            One number for each channel, or one for all; None is 0 and 1.

        Returns
        -------
        Normalisation or None
            None where nothing is stated.

        Raises
        ------
        ParameterError
            A mean or a deviation, but not what the pixels are divided by before.
        """
        if divide is not None:
            return cls(divide=divide, mean=tuple(mean or (0.0,)), std=tuple(std or (1.0,)))
        if mean or std:
            raise ParameterError.about(
                "mean, std",
                got=f"mean {mean}, std {std} without divide",
                expected="what the pixels are divided by before that",
                remedy="give --divide 255, or --divide 1 for pixels from 0 to 1",
            )
        return None

    def apply(self, pixels: NDArray[np.generic]) -> Array:
        """Return normalised pixels.

        Parameters
        ----------
        pixels
            (n, channels, ...), or grey images (n, height, width) and vectors (n,) or (n, features),
            any numbers.

        Returns
        -------
        array
            Of the same shape, float32.

        Raises
        ------
        ShapeError
            Means or deviations of other channels than the images have.

        >>> pixels = np.array([[[0, 255]]])
        >>> Normalisation(divide=255.0, mean=(0.5,), std=(0.5,)).apply(pixels).tolist()
        [[[-1.0, 1.0]]]
        """
        channels = pixels.shape[1] if pixels.ndim not in {1, 3} else 1
        if {len(self.mean), len(self.std)} - {1, channels}:
            raise ShapeError.about(
                "normalisation",
                got=f"{len(self.mean)} means and {len(self.std)} deviations for images of shape"
                f" {pixels.shape[1:]}",
                expected=f"one, or one for each of {channels} channels",
                remedy="put the channels first: numpy.moveaxis(images, -1, 1)",
            )
        around = (1,) * max(0, pixels.ndim - 2)
        mean, std = (np.asarray(v, np.float32).reshape(-1, *around) for v in (self.mean, self.std))
        with np.errstate(over="ignore", invalid="ignore"):  # infinities are the dataset's to refuse
            return np.asarray(
                (pixels.astype(np.float32) / np.float32(self.divide) - mean) / std, dtype=np.float32
            )
