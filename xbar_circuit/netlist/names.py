"""Names of the nodes and elements, readable in a waveform viewer.

===========================  =======================================================
``row_3_7``, ``col_3_7``     word line and bit line at the cell of row 3, column 7
``row_3``, ``col_7``         the whole wire, where its segments are 0 ohm
``left_3``, ``right_3``      driver ends of a word line, before the lead
``top_7``, ``bottom_7``      sense ends of a bit line, behind the lead
``Vleft_3``, ``Vbottom_7``   driver (its current flows out of +), sense source (0 V)
``Rrow_3_7``, ``Rcol_3_7``   segment from this cell to the next one right or below
===========================  =======================================================

A terminal of 0 ohm on a lead of 0 ohm has no node of its own: its source is at the end of the wire.
"""

from __future__ import annotations

from xbar_circuit.crossbar import Crossbar

__all__ = ["column_node", "column_nodes", "row_node", "row_nodes"]


def row_node(crossbar: Crossbar, row: int, col: int) -> str:
    """Return the name of the word line's node at a cell.

    Parameters
    ----------
    crossbar
        The array.
    row, col
        Place of the cell.

    Returns
    -------
    str
        The name.

    >>> import xbar_circuit as xc
    >>> row_node(xc.Crossbar(conductance=[[1e-6]], wires=xc.Wires(row_ohm=1, column_ohm=0)), 0, 0)
    'row_0_0'
    """
    return f"row_{row}" if crossbar.wires.row_ohm == 0.0 else f"row_{row}_{col}"


def column_node(crossbar: Crossbar, row: int, col: int) -> str:
    """Return the name of the bit line's node at a cell.

    Parameters
    ----------
    crossbar
        The array.
    row, col
        Place of the cell.

    Returns
    -------
    str
        The name.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> column_node(xbar, 0, 2)
    'col_0_2'
    """
    return f"col_{col}" if crossbar.wires.column_ohm == 0.0 else f"col_{row}_{col}"


def row_nodes(crossbar: Crossbar) -> list[list[str]]:
    """Return the names of all word line nodes, ``[row][col]``.

    Parameters
    ----------
    crossbar
        The array.

    Returns
    -------
    list
        (rows, cols) of names.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> row_nodes(xbar)[0]
    ['row_0_0', 'row_0_1', 'row_0_2']
    """
    rows, cols = crossbar.shape
    return [[row_node(crossbar, i, j) for j in range(cols)] for i in range(rows)]


def column_nodes(crossbar: Crossbar) -> list[list[str]]:
    """Return the names of all bit line nodes, ``[row][col]``.

    Parameters
    ----------
    crossbar
        The array.

    Returns
    -------
    list
        (rows, cols) of names.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> column_nodes(xbar)[1]
    ['col_1_0', 'col_1_1', 'col_1_2']
    """
    rows, cols = crossbar.shape
    return [[column_node(crossbar, i, j) for j in range(cols)] for i in range(rows)]
