"""Outputs of an inference as files: arrays as npy, and of classes the predictions as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._csv_text import csv_text
from xbar_circuit._files import replacing, write_text
from xbar_circuit.network.operators import Array

__all__ = ["SavedOutputs"]

_MOST_BYTES = 1 << 30  # of one array


class SavedOutputs:
    """A folder that outputs are saved in, one array after another.

    Parameters
    ----------
    folder
        Where; None saves nothing.
    labels
        Of the samples; None where there are none.
    """

    def __init__(self, folder: Path | None, labels: NDArray[Any] | None) -> None:
        self._folder, self._labels = folder, labels
        self._predictions: dict[str, NDArray[Any]] = {}

    def keep(self, name: str, outputs: Array) -> None:
        """Save the outputs (n, ...) of a run, whole or not at all.

        Of classes with one label per sample, ``predictions.csv`` has a column for each run so far:
        the class with the largest output. Arrays of more than 1 GB are not saved.

        Raises
        ------
        OSError
            They cannot be written.
        """
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        if outputs.nbytes <= _MOST_BYTES:
            path = self._folder / f"{name.replace(' ', '_')}.npy"
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.save(file, outputs)
        if outputs.ndim != 2 or outputs.shape[1] < 2 or self._labels_of_more():
            return
        self._predictions[name] = outputs.argmax(axis=1)
        columns = {"sample": np.arange(len(outputs))}
        if self._labels is not None:
            columns["label"] = self._labels
        columns |= self._predictions
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        write_text(self._folder / "predictions.csv", csv_text([columns, *rows]))

    def _labels_of_more(self) -> bool:
        """Whether there is more than one label a sample."""
        return self._labels is not None and self._labels.ndim > 1
