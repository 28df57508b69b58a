"""The accelerator: what its tiles are made of, from the driver to the code.

One immutable description for mapping, programming, inference, cost, report and ngspice. It says
nothing of a network and nothing of chance: `mapping` puts a network on it, `programming` draws
devices, and what a calibration set decides (ranges) becomes parameters of its parts, as on a chip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.architecture.components import DigitalUnit
from xbar_circuit.architecture.presets import HOROWITZ
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.cells import DifferentialPair, Synapse, TransistorCell
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.peripherals import Dac, Driver, IdealConverter, Readout
from xbar_circuit.tile import Tile, TileNoise
from xbar_circuit.wires import Terminals, Wires

if TYPE_CHECKING:
    from xbar_circuit.accelerator.chip import Chip
    from xbar_circuit.network.graph import Network

__all__ = ["WEIGHT_SCALES", "Accelerator"]

#: What a largest weight may belong to.
WEIGHT_SCALES = ("column", "tile", "layer", "global")

_NOTHING = 1e-12  # of the largest conductance: far below any leak


def _pair() -> Synapse:
    return DifferentialPair(g_min_siemens=0.1e-6, g_max_siemens=25e-6)


def _ideal_readout() -> Readout:
    return Readout(converter=IdealConverter(bits=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """Crossbar tiles with their drivers and read-outs, and the digital unit beside them.

    Parameters
    ----------
    rows, cols
        Cells of a tile. A weight takes a block of them, as the synapse says.
    synapse
        How a signed weight is divided among devices, their range, and what stands at each
        cross-point; one of `xbar_circuit.cells`.
    wires, terminals
        Of every tile.
    driver
        On every word line: a `Dac`, `PulseWidth`, `BitSerial`, `ExactDriver`, or a `WordLineBuffer`
        with one of these. Where a calibration set has no negative inputs, its codes are unsigned.
    readout
        On every column. Its range is laid upon the currents of the calibration set; where a circuit
        fixes the range, the driver's full scale is lowered instead.
    model
        The read-out's calibrated fast model, which one with a circuit in it needs; from
        `tile.calibrate` or ``xbar calibrate``. Several, one for each temperature, make one tuple;
        at programming time the first one counts.
    mismatch
        Of the converters: what their method ``drawn`` takes, such as ``{"unit_sigma": 0.02}`` of a
        `Sar`; kept as pairs. Each tile of each chip draws its own converters. Empty is all alike.
    digital
        The digital unit beside each tile, for the cost.
    statistics
        Of the devices; None programs exactly and never drifts.
    thermal_noise
        Whether the thermal noise of array and read-out is drawn at each product.
    weight_scale
        The largest weight of what becomes the largest conductance: each ``"column"``, each
        ``"tile"``, each ``"layer"``, or, ``"global"``, the whole network.
    input_percentile, output_percentile
        The converters' ranges end at this percentile of the calibration set's magnitudes.

    Raises
    ------
    ParameterError
        A number out of range, an unknown choice, or parts that do not fit each other.

    >>> accelerator = Accelerator(rows=4, cols=6)
    >>> accelerator.tile(accelerator.synapse.conductance([[0.5, -1.0]])).crossbar.shape
    (1, 4)
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
        """Return the read-out's model for a temperature; None where there is only a formula.

        Parameters
        ----------
        celsius
            [degree Celsius]; None is that of the first model.

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

        Raises
        ------
        ParameterError
            There is none for this temperature [degree Celsius].
        """
        self.tile(np.full(self.block, self.synapse.g_max_siemens), celsius=celsius)

    def crossbar(self, conductance: ArrayLike, *, celsius: float | None = None) -> Crossbar:
        """Return a tile's array; what is next to nothing is open.

        Parameters
        ----------
        conductance
            (rows, cols) or a corner of that size [S].
        celsius
            Temperature of its transistors [degree Celsius]; None is the cell's own.

        Raises
        ------
        ParameterError
            The cell has no table for this temperature.
        """
        cell = self.synapse.cell
        if celsius is not None and isinstance(cell, TransistorCell):
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

        Raises
        ------
        ShapeError
            More cells than a tile has, or a block is not whole.
        ParameterError
            There is no table or no calibrated model for this temperature.
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

    def program(
        self,
        network: Network,
        *,
        calibration: Mapping[str, NDArray[Any]] | NDArray[Any],
        rng: np.random.Generator | None = None,
        digital: Sequence[str] | Mapping[str, int | None] = (),
        elsewhere: Mapping[str, Accelerator] | None = None,
        **options: Any,
    ) -> Chip:
        """Map a network, draw and program the devices, reduce the tiles, set the ranges: once.

        Parameters
        ----------
        network
            Any network.
        calibration
            Inputs that the ranges are set by, as for ``network.run``, or the one array of a network
            with one input; never the test set.
        rng
            Draws the devices, and everything that is drawn later; None is a generator of seed 0.
        digital
            Layers that stay digital: their names (float32), or their width in bits by name (None is
            float32, 2 to 16 are whole numbers of that width).
        elsewhere
            Layers on another accelerator, by name.
        options
            As for `accelerator.program`: ``celsius`` (while it is programmed), ``wire_aware``,
            ``drift_compensation``, ``memory_bytes``.

        Returns
        -------
        Chip
            Right after programming; `Chip.at` lets it age.

        Raises
        ------
        ParameterError
            A layer is not in the network, or the calibration inputs are all zero.
        ShapeError
            The inputs do not fit the network.
        """
        from xbar_circuit.accelerator.chip import program  # noqa: PLC0415  a chip holds this

        return program(
            self,
            network,
            calibration=calibration,
            rng=rng,
            digital=digital,
            elsewhere=elsewhere or {},
            **options,
        )

    def changed(self, **parts: Any) -> Accelerator:
        """Return this accelerator with other parts."""
        return replace(self, **parts)
