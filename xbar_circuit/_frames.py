"""Read results as labelled tables: xarray datasets and pandas frames.

xarray and pandas are optional; they are imported when a table is asked for.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import XbarError

__all__ = ["read_dataset", "read_frame"]

#: Cell-wise quantities of a read and their units.
_CELLS = {"row_voltage": "V", "column_voltage": "V", "device_current": "A"}


class Read(Protocol):
    """What a table is made of: a :class:`~xbar_circuit.ReadResult`."""

    # the members are documented there
    @property
    def crossbar(self) -> Crossbar: ...
    @property
    def volts(self) -> FloatArray: ...
    @property
    def column_current(self) -> FloatArray: ...
    @property
    def column_current_error(self) -> FloatArray: ...
    @property
    def engine(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def residual(self) -> FloatArray: ...
    @property
    def row_voltage(self) -> FloatArray: ...
    @property
    def row_segment_current(self) -> FloatArray: ...
    @property
    def column_segment_current(self) -> FloatArray: ...


def read_dataset(result: Read) -> Any:
    """Return a read as an ``xarray.Dataset``; see :meth:`ReadResult.to_xarray`."""
    try:
        import xarray as xr  # noqa: PLC0415  optional
    except ImportError as error:
        raise _missing("xarray", error) from error
    cells = ("sample", "row", "column")
    data = {
        "conductance": (cells[1:], np.array(result.crossbar.conductance), {"units": "S"}),
        "volts": (cells[:2], np.array(result.volts), {"units": "V"}),
        "column_current": (("sample", "column"), np.array(result.column_current), {"units": "A"}),
        "column_current_error": (
            ("sample", "column"),
            np.array(result.column_current_error),
            {"units": "A"},
        ),
        "residual": (("sample",), np.array(result.residual), {"units": "1"}),
        **{
            name: (cells, np.array(getattr(result, name)), {"units": u})
            for name, u in _CELLS.items()
        },
        "row_segment_current": (
            ("sample", "row", "row_segment"),
            np.array(result.row_segment_current),
            {"units": "A", "positive": "from left to right"},
        ),
        "column_segment_current": (
            ("sample", "column_segment", "column"),
            np.array(result.column_segment_current),
            {"units": "A", "positive": "from top to bottom"},
        ),
    }
    batch, rows, cols = result.row_voltage.shape
    labels = {"sample": np.arange(batch), "row": np.arange(rows), "column": np.arange(cols)}
    return xr.Dataset(data, coords=labels, attrs={"engine": result.engine, "status": result.status})


def read_frame(result: Read, what: str) -> Any:
    """Return a read as a ``pandas.DataFrame``; see :meth:`ReadResult.to_pandas`."""
    checks.choice("what", what, ("columns", "cells"))
    try:
        import pandas as pd  # noqa: PLC0415  optional
    except ImportError as error:
        raise _missing("pandas", error) from error
    batch, rows, cols = (len(result.volts), *result.crossbar.shape)
    samples = pd.RangeIndex(batch, name="sample")
    if what == "columns":
        lines = pd.RangeIndex(cols, name="column")
        return pd.DataFrame(np.array(result.column_current), index=samples, columns=lines)
    index = pd.MultiIndex.from_product(
        [samples, range(rows), range(cols)], names=["sample", "row", "column"]
    )
    conductance = np.broadcast_to(result.crossbar.conductance, (batch, rows, cols))
    values = {"conductance": conductance, **{name: getattr(result, name) for name in _CELLS}}
    return pd.DataFrame({name: field.ravel() for name, field in values.items()}, index=index)


def _missing(package: str, error: ImportError) -> XbarError:
    return XbarError(
        f"{package}: got {error}, expected an installed package;"
        " pip install 'xbar_circuit[sweep]' brings xarray and pandas"
    )
