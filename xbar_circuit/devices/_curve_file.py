"""Current-voltage curves in a file: one line for each measured point."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit._matrix_files import load_matrix
from xbar_circuit.errors import ModelFileError

__all__ = ["read_curves"]


def read_curves(path: Path) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Return the voltages of all curves [V] and the currents of each state at them [A].

    Parameters
    ----------
    path
        A file with the columns voltage [V], current [A] and, for several states, a number that
        tells them apart.

    Raises
    ------
    ModelFileError
        The file has another number of columns, or its states differ in their voltages.
    """
    values = load_matrix(path)
    if values.shape[1] not in {2, 3}:
        raise ModelFileError(
            f"{path}: got {values.shape[1]} columns, expected voltage [V], current [A] and"
            " perhaps the state; take the others out"
        )
    labels = values[:, 2] if values.shape[1] == 3 else np.zeros(len(values))
    states = list(dict.fromkeys(labels.tolist()))
    curves = []
    for state in states:
        points = values[labels == state]
        curves.append(points[np.argsort(points[:, 0], kind="stable")])
    volts = curves[0][:, 0]
    for state, curve in zip(states, curves, strict=True):
        if curve.shape != curves[0].shape or (curve[:, 0] != volts).any():
            raise ModelFileError(
                f"{path}: got other voltages in state {state:g} than in the first one, expected"
                " the same ones, each once; interpolate them, or average repeated sweeps"
            )
    return tuple(volts.tolist()), tuple(tuple(curve[:, 1].tolist()) for curve in curves)
