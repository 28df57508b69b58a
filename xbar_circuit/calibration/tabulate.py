"""From a unit cell to its table: choose the grid, measure, fit, and try it where it was not fitted.

Each axis starts coarse and is refined until the currents half-way between its knots, simulated for
this purpose and never fitted, come out within a share of the tolerance; then the whole table is
tried at the middles of all its boxes at once. That held-out error stays with the table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._files import cache_folder
from xbar_circuit.calibration import _cache as cache
from xbar_circuit.calibration._table_bench import TableBench
from xbar_circuit.calibration._table_grid import TableGrid, first_grid
from xbar_circuit.calibration.states import with_states
from xbar_circuit.cells import OwnCell, TabulatedCell
from xbar_circuit.devices import Warmed
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist import SpiceOptions

__all__ = ["tabulate"]

CellT = TypeVar("CellT", bound=TabulatedCell)

_FALL = 1e-9  # unless another is asked for
_FORMAT = 5  # of the table; another one makes every cached file a stranger


def tabulate(
    cell: CellT,
    *,
    volts: ArrayLike,
    conductances: ArrayLike | None = None,
    celsius: Sequence[float] = (),
    tolerance: float = 1e-4,
    options: SpiceOptions | None = None,
    folder: Path | None = None,
    refresh: bool = False,
    time_limit_second: float | None = 600.0,
    progress: Callable[[str], None] | None = None,
    most_fall: float = _FALL,
) -> CellT:
    """Return the cell with the current table that the fast engine uses.

    Parameters
    ----------
    cell
        A unit cell with a transistor, or a cell of one's own. For a cell with states, the map
        from states to conductances is made first, see :func:`xbar_circuit.calibration.with_states`.
    volts
        Input voltages, or just the smallest and the largest [V]. All node voltages of an
        array lie between these and 0.
    conductances
        Conductances of its devices, or just the smallest and the largest [S]; zeros are ignored.
        None: the whole range of its states.
    celsius
        Further temperatures of its transistors at which a table is made [degree Celsius], for
        ``cell.at_celsius``.
    tolerance
        Held-out error to reach, relative to the largest current of a device of each conductance,
        or to a thousandth of what the most conductive device has without its transistor.
    options
        Tolerances of the simulator; reference grade by default. The temperature is the cell's own,
        if it has one.
    folder
        Where tables are kept; this user's cache by default.
    refresh
        Extract again even if the table is there.
    time_limit_second
        Time allowed to each sweep of the simulator [s].
    progress
        Called with a line of text before each sweep.
    most_fall
        By how much a current may fall as its voltage rises, relative to the device's conductance:
        what Newton's method bears. Writes, which take small steps, bear more.

    Returns
    -------
    CellT
        The same cell with its table, which states its held-out error.

    Raises
    ------
    ParameterError
        A range is not finite, there is no conductance above 0, or the cell leaks more by its gate
        or bulk than two terminals can describe.
    ConvergenceError
        The tolerance was not reached with the largest grid, or the table is not monotone.
    ModelFileError, SimulatorError, SimulatorNotFoundError
        The simulator, or one of its models, failed.
    OSError
        The folder cannot be written.
    """
    if not isinstance(cell, TabulatedCell):
        raise ParameterError.about(
            "cell",
            got=repr(cell),
            expected="a unit cell with a transistor or of one's own, such as xc.cells.OneT1R()",
            remedy="bare device laws need no table",
        )
    tolerance = checks.number("tolerance", tolerance, "1", above=True, maximum=1e-2)
    fall = checks.number("most_fall", most_fall, "1", above=True, maximum=1e-3)
    if isinstance(cell, OwnCell) and cell.states is not None and cell.state_map is None:
        limit = time_limit_second
        cell = with_states(cell, tolerance=tolerance, options=options, time_limit_second=limit)
    grid = first_grid(cell, volts, _range(cell) if conductances is None else conductances)
    if celsius:
        _check_warmed(cell)
        own = partial(
            tabulate,
            volts=volts,
            conductances=conductances,
            tolerance=tolerance,
            options=options,
            folder=folder,
            refresh=refresh,
            time_limit_second=time_limit_second,
            progress=progress,
            most_fall=most_fall,
        )
        bare: Any = cell
        warm = [
            (float(at), own(replace(bare, table=None, tables=(), celsius=at))) for at in celsius
        ]
        known: CellT = replace(own(bare), tables=tuple((at, one.known_table()) for at, one in warm))
        return known
    options = (options or SpiceOptions()).for_cell(cell)
    home = cache_folder() if folder is None else Path(folder)
    key = _key(cell, grid, tolerance, options, fall)
    table = None if refresh else cache.load(key, home)
    if table is None:
        said = progress or (lambda line: None)  # noqa: ARG005  nobody listens
        bench = TableBench(cell, options, time_limit_second, said, fall)
        table = bench.table(grid, tolerance, key)
        cache.store(table, home)
    return replace(cell, table=table)


def _check_warmed(cell: TabulatedCell) -> None:
    """Refuse a cell that has one temperature.

    Raises
    ------
    ParameterError
        It has no parts whose temperature can be chosen.
    """
    if not isinstance(cell, Warmed):
        raise ParameterError.about(
            "celsius",
            got=f"temperatures for a {type(cell).__name__}, which has its own",
            expected="a cell with a transistor, such as xc.cells.OneT1R()",
            remedy="leave celsius out",
        )


def _range(cell: TabulatedCell) -> ArrayLike:
    """Return the conductances that the states of a cell reach [S]."""
    if isinstance(cell, OwnCell) and cell.state_map is not None:
        return cell.state_map.range_siemens
    raise ParameterError.about(
        "conductances",
        got=None,
        expected="the smallest and the largest [S]",
        remedy="only a cell with states knows them itself",
    )


def _key(
    cell: TabulatedCell, grid: TableGrid, tolerance: float, options: SpiceOptions, fall: float
) -> str:
    """Return the digest of all that a table depends on."""
    content = {
        "format": _FORMAT,
        "cell": cell.fingerprint,
        "grid": asdict(grid),
        "tolerance": tolerance,
        "options": asdict(options),
        "simulator": spice.simulator().version,
        **({} if fall == _FALL else {"most_fall": fall}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
