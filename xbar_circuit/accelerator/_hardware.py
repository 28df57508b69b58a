"""What an accelerator is made of, from driver to code, and the tiles that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit.architecture.components import DigitalUnit
from xbar_circuit.architecture.presets import HOROWITZ
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.cells import DifferentialPair, Synapse
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmStatistics, Warmed
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.peripherals import Dac, Driver, IdealConverter, Readout
from xbar_circuit.tile import Tile, TileNoise
from xbar_circuit.wires import Terminals, Wires

__all__ = ["WEIGHT_SCALES", "Hardware"]

#: What a largest weight may belong to.
WEIGHT_SCALES = ("column", "tile", "layer", "global")

_NOTHING = 1e-12  # of the largest conductance: far below any leak


def _pair() -> Synapse:
    return DifferentialPair(g_min_siemens=0.1e-6, g_max_siemens=25e-6)


def _ideal_readout() -> Readout:
    return Readout(converter=IdealConverter(bits=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What an `Accelerator` is made of: its fields, and the tiles that follow from them.

    Everything below `Accelerator.program` takes one of these: mapping, layers, chips, cost.

    The defaults are typical values, chosen here, not those of a particular design.
    """

    rows: int = 128
    cols: int = 128
    synapse: Synapse = field(default_factory=_pair)
    wires: Wires = field(default_factory=lambda: Wires(row_ohm=1.0, column_ohm=1.0))
    terminals: Terminals = field(default_factory=Terminals)
    driver: Driver = field(default_factory=Dac)
    readout: Readout = field(default_factory=_ideal_readout)
    model: ReadoutModel | tuple[ReadoutModel, ...] | None = None
    mismatch: Mapping[str, float] | tuple[tuple[str, float], ...] = field(default_factory=dict)
    digital: DigitalUnit = HOROWITZ
    statistics: PcmStatistics | None = None
    thermal_noise: bool = False
    weight_scale: str = "column"
    input_percentile: float = 99.99
    output_percentile: float = 99.99

    def __post_init__(self) -> None:
        for name in ("rows", "cols"):
            checks.count(name, getattr(self, name))
        for name in ("input_percentile", "output_percentile"):
            checks.number(name, getattr(self, name), "%", above=True, maximum=100.0)
        checks.choice("weight_scale", self.weight_scale, WEIGHT_SCALES)
        if not isinstance(self.synapse, Synapse):
            raise ParameterError.about(
                "synapse",
                got=repr(self.synapse),
                expected="a synapse of xbar_circuit.cells",
                remedy="for example cells.DifferentialPair(g_max_siemens=25e-6)",
            )
        high, wide = self.block
        if self.rows < high or self.cols < wide:
            raise ParameterError.about(
                "rows, cols",
                got=f"{self.rows} x {self.cols}",
                expected=f"at least the {high} x {wide} cells of one weight",
                remedy="use a larger tile, or a synapse of fewer devices",
            )
        limit = None if self.statistics is None else self.statistics.g_max_siemens
        if limit is not None and self.synapse.g_max_siemens > limit * (1 + 1e-9):
            raise ParameterError.about(
                "synapse.g_max_siemens",
                got=self.synapse.g_max_siemens,
                expected=f"at most the {limit:g} S of the device statistics",
                remedy="lower the synapse's range or choose other statistics",
            )
        object.__setattr__(self, "mismatch", tuple(sorted(dict(self.mismatch).items())))
        if self.mismatch:  # refuses what the converter cannot draw
            self.readout.drawn(np.random.default_rng(0), 1, **dict(self.mismatch))
        self.refuse_celsius(None)  # and what does not fit

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns of cells that hold one weight."""
        return len(self.synapse.drive), len(self.synapse.significance)

    @property
    def inputs(self) -> int:
        """Weights below one another in a tile."""
        return self.rows // self.block[0]

    @property
    def outputs(self) -> int:
        """Weights side by side in a tile."""
        return self.cols // self.block[1]

    @property
    def models(self) -> tuple[ReadoutModel, ...]:
        """The read-out's calibrated models, one for each temperature; empty for formulas."""
        if self.model is None:
            return ()
        return self.model if isinstance(self.model, tuple) else (self.model,)

    def model_at(self, celsius: float | None) -> ReadoutModel | None:
        """Return the read-out's model for a temperature.

        Parameters
        ----------
        celsius
            [degree Celsius]; None is that of the first model.

        Returns
        -------
        ReadoutModel or None
            The calibrated model; None where the read-out needs none, because its fast rendering is
            a formula.

        Raises
        ------
        ParameterError
            No model was calibrated at this temperature.
        """
        if not self.models or celsius is None:
            return self.models[0] if self.models else None
        found = next((model for model in self.models if model.holds_at(celsius)), None)
        if found is None:
            known = ", ".join(f"{model.celsius:g}" for model in self.models)
            raise ParameterError.about(
                "celsius",
                got=f"{celsius:g} degrees for a read-out calibrated at {known}",
                expected="a temperature that the read-out was calibrated at",
                remedy=f"xbar calibrate --celsius {celsius:g}, and give all models:"
                " accelerator.changed(model=(cool, warm))",
            )
        return found

    def refuse_celsius(self, celsius: float | None) -> None:
        """Refuse a temperature for which a table or a calibrated model is missing.

        Parameters
        ----------
        celsius
            The temperature [degree Celsius]; None is that of the first model or of the cells'
            table.

        Raises
        ------
        ParameterError
            There is none for this temperature.
        """
        self.tile(np.full(self.block, self.synapse.g_max_siemens), celsius=celsius)

    def crossbar(self, conductance: ArrayLike, *, celsius: float | None = None) -> Crossbar:
        """Return a tile's array; a conductance far below any leakage is an open device.

        Parameters
        ----------
        conductance
            (rows, cols) or a corner of that size [S].
        celsius
            Temperature of its transistors [degree Celsius]; None is the cell's own.

        Returns
        -------
        Crossbar
            The array with the accelerator's cell, wires and terminals; a conductance below 1e-12 of
            the synapse's largest is 0.

        Raises
        ------
        ParameterError
            The cell has no table for this temperature.

        >>> import xbar_circuit as xc
        >>> xc.Accelerator().crossbar([[1e-5, 0.0], [0.0, 2e-5]]).shape
        (2, 2)
        """
        cell = self.synapse.cell
        if celsius is not None and isinstance(cell, Warmed):
            cell = cell.at_celsius(celsius)
        g = np.asarray(conductance, dtype=np.float64)
        least = _NOTHING * self.synapse.g_max_siemens
        return Crossbar(
            conductance=np.where(g < least, 0.0, g),
            cell=cell,
            wires=self.wires,
            terminals=self.terminals,
        )

    def tile(self, conductance: ArrayLike, *, celsius: float | None = None) -> Tile:
        """Return a tile with these conductances: array, drivers and read-outs.

        Parameters
        ----------
        conductance
            (rows, cols) [S], or those of the corner that is used, whole blocks of the synapse.
        celsius
            Temperature of the tile [degree Celsius]: transistors, amplifiers, converters, thermal
            noise; None is that of the first model or of the cells' table, or 27.

        Returns
        -------
        Tile
            The tile, which multiplies in both engines, see `xbar_circuit.Tile`.

        Raises
        ------
        ShapeError
            More cells than a tile has, or a block is not whole.
        ParameterError
            There is no table or no calibrated model for this temperature.

        >>> import xbar_circuit as xc
        >>> accelerator = xc.Accelerator(rows=4, cols=4)
        >>> tile = accelerator.tile(accelerator.synapse.conductance([[1.0, -0.5], [0.25, 1.0]]))
        >>> tile.mvm([[1.0, 0.5]]).code.shape
        (1, 2)
        """
        model = self.model_at(celsius)
        if celsius is None and model is not None:
            celsius = model.celsius
        crossbar = self.crossbar(conductance, celsius=celsius)
        rows, cols = crossbar.shape
        high, wide = self.block
        if rows > self.rows or cols > self.cols or rows % high or cols % wide:
            raise ShapeError.about(
                "conductance",
                got=f"shape {crossbar.shape}",
                expected=f"at most ({self.rows}, {self.cols}), in blocks of {high} x {wide}",
                remedy="cut the matrix into tiles with accelerator.map_network",
            )
        return Tile(
            crossbar,
            self.driver,
            self.readout,
            model=model,
            synapse=self.synapse,
            noise=TileNoise(thermal=True) if self.thermal_noise else None,
            celsius=celsius,  # type: ignore[arg-type]  # None is the parts' own
        )

    def changed(self, **parts: Any) -> Self:
        """Return this accelerator with other parts.

        Parameters
        ----------
        parts
            New values of some of its fields, by name.

        Returns
        -------
        Hardware
            A new description of the same class; this one stays as it is.

        >>> import xbar_circuit as xc
        >>> xc.Accelerator().changed(rows=256).rows
        256
        """
        return replace(self, **parts)
