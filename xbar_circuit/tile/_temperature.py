"""The temperature of a tile, and whether what was measured of its parts belongs to it.

A cell's table and a read-out's calibrated model hold at the temperature at which ngspice gave them.
"""

from __future__ import annotations

from xbar_circuit import _checks as checks
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Warmed
from xbar_circuit.errors import ParameterError

__all__ = ["tile_celsius"]

_USUAL = 27.0  # SPICE's own


def tile_celsius(celsius: float | None, crossbar: Crossbar, model: ReadoutModel | None) -> float:
    """Return the temperature of a tile [degree Celsius].

    Parameters
    ----------
    celsius
        Temperature asked for [degree Celsius]; None is that of the cells' transistors, or 27.
    crossbar, model
        The array, and the calibrated model of the read-out or None.

    Raises
    ------
    ParameterError
        A table or a model belongs to another temperature.
    """
    cell = crossbar.cell
    own = cell.simulator_celsius if isinstance(cell, Warmed) else None
    if celsius is None:
        celsius = _USUAL if own is None else own
    value = checks.number("celsius", celsius, "degree Celsius", minimum=-273.15, above=True)
    if isinstance(cell, Warmed) and not cell.holds_at(value):
        at = _USUAL if own is None else own
        raise ParameterError.about(
            "celsius",
            got=f"{value:g} degrees for cells whose transistors are at {at:g}",
            expected=f"{at:g}, or cells at {value:g}",
            remedy=f"cell.at_celsius({value:g}), of cells that were tabulated there",
        )
    if model is not None and not model.holds_at(value):
        raise ParameterError.about(
            "celsius",
            got=f"{value:g} degrees for a read-out calibrated at {model.celsius:g}",
            expected=f"{model.celsius:g}, or a model that was calibrated at {value:g}",
            remedy="tile.calibrate a tile of this temperature, or xbar calibrate --celsius",
        )
    return value
