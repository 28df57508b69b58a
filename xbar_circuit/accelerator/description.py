"""The accelerator: what tiles are made of, how weights sit in them, how numbers get in and out.

One immutable description for the mapping, the inference, the cost and the report. It says nothing
of a network and nothing of chance; `mapping` puts a network on it, `programming` draws devices.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from xbar_circuit import checks
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.devices import Cell, Ohmic
from xbar_circuit.errors import ParameterError
from xbar_circuit.wires import Terminals, Wires

__all__ = ["Accelerator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """Crossbar tiles with their converters.

    Parameters
    ----------
    tile_rows, tile_cols
        Cells of a tile. A weight takes two neighbouring columns, one for each sign, and as many
        such pairs as it has slices.
    g_min_siemens, g_max_siemens
        Conductance range of one device [S].
    devices_per_cell
        Devices in parallel at each cross-point, programmed one by one; the cell's conductance is
        their sum, so its range is this many times the device's.
    slice_bits
        Empty: a weight is one analog pair. Otherwise the bits of each slice, the least significant
        first: the weight's magnitude becomes a whole number, cut into slices of their own columns.
    cell
        What sits at each cross-point. Cells that are not linear are run through a correction that
        is fitted to Newton's solutions, see `nonlinear`.
    wires, terminals
        Of every tile.
    read_volt
        Voltage of the largest input [V].
    input_bits
        Width of the input converters; None is exact.
    input_coding
        ``"voltage"`` and ``"pulse width"`` give one analog product (equal for linear cells: charge
        instead of current); ``"bit serial"`` applies the bits of the input one by one, converts
        each product and adds them digitally.
    output_bits
        Width of the column converters; None is exact.
    readout
        A calibrated read-out, from `tile.calibrate` or ``xbar calibrate``, in the place of ideal
        column converters; its width must be `output_bits`, and its input resistance adds to the
        sense terminals'. None is ideal converters.
    subtraction
        ``"digital"``: both columns of a pair are converted and the codes subtracted; ``"analog"``:
        the difference of the currents is converted once.
    accumulation
        ``"digital"``: the partial sums of tiles below one another are converted and then added;
        ``"analog"``: their currents are added and converted once.
    weight_scale
        The largest weight of what becomes the largest conductance: each ``"column"``, each
        ``"tile"``, each ``"layer"``, or, ``"global"``, the whole network.
    input_percentile, output_percentile
        The converters' ranges end at this percentile of the calibration set's magnitudes.

    Raises
    ------
    ParameterError
        A number out of range or an unknown choice.
    """

    tile_rows: int = 128
    tile_cols: int = 128
    g_min_siemens: float = 0.1e-6
    g_max_siemens: float = 25e-6
    devices_per_cell: int = 1
    slice_bits: tuple[int, ...] = ()
    cell: Cell = field(default_factory=Ohmic)
    wires: Wires = field(default_factory=lambda: Wires(row_ohm=1.0, column_ohm=1.0))
    terminals: Terminals = field(default_factory=Terminals)
    read_volt: float = 0.2
    input_bits: int | None = 8
    input_coding: str = "voltage"
    output_bits: int | None = 8
    readout: ReadoutModel | None = None
    subtraction: str = "digital"
    accumulation: str = "digital"
    weight_scale: str = "column"
    input_percentile: float = 99.99
    output_percentile: float = 99.99

    def __post_init__(self) -> None:
        for name in ("tile_rows", "tile_cols", "devices_per_cell"):
            checks.count(name, getattr(self, name))
        checks.number("g_min_siemens", self.g_min_siemens, "S")
        checks.number("g_max_siemens", self.g_max_siemens, "S", above=True)
        checks.number("read_volt", self.read_volt, "V", above=True)
        for name in ("input_bits", "output_bits"):
            if getattr(self, name) is not None:
                checks.count(name, getattr(self, name), maximum=16)
        for name in ("input_percentile", "output_percentile"):
            checks.number(name, getattr(self, name), "%", above=True, maximum=100.0)
        for bits in self.slice_bits:
            checks.count("slice_bits", bits, maximum=8)
        checks.choice("input_coding", self.input_coding, ("voltage", "pulse width", "bit serial"))
        checks.choice("subtraction", self.subtraction, ("digital", "analog"))
        checks.choice("accumulation", self.accumulation, ("digital", "analog"))
        checks.choice("weight_scale", self.weight_scale, ("column", "tile", "layer", "global"))
        if self.g_min_siemens >= self.g_max_siemens:
            raise ParameterError.about(
                "g_min_siemens",
                got=self.g_min_siemens,
                expected=f"less than g_max_siemens, {self.g_max_siemens} [S]",
                remedy="give the range of the device",
            )
        if not isinstance(self.cell, Cell) or not self.cell.loads_row:
            raise ParameterError.about(
                "cell",
                got=type(self.cell).__name__,
                expected="a cell whose current comes from its row",
                remedy="study gate-driven cells with xc.nodal.read; a network cannot use them",
            )
        if self.readout is not None and self.readout.bits != self.output_bits:
            raise ParameterError.about(
                "output_bits",
                got=self.output_bits,
                expected=f"{self.readout.bits}, the width of the calibrated read-out",
                remedy="leave one of the two out, or calibrate a read-out of that width",
            )
        if self.tile_cols < self.columns_per_weight:
            raise ParameterError.about(
                "tile_cols",
                got=self.tile_cols,
                expected=f"at least the {self.columns_per_weight} columns of one weight",
                remedy="use a wider tile or fewer slices",
            )
        if self.input_coding == "bit serial" and self.input_bits is None:
            raise ParameterError.about(
                "input_bits",
                got="None",
                expected="a number of bits to apply one by one",
                remedy="set input_bits=8 or use input_coding='voltage'",
            )

    @property
    def loaded_terminals(self) -> Terminals:
        """The terminals with the read-out's input resistance in them."""
        if self.readout is None:
            return self.terminals
        ohm = max(self.readout.input_ohm, 0.0)
        bottom, top = (
            None if end is None else end + ohm
            for end in (self.terminals.bottom_ohm, self.terminals.top_ohm)
        )
        return replace(self.terminals, bottom_ohm=bottom, top_ohm=top)

    @property
    def slices(self) -> int:
        """Pairs of columns that hold one weight."""
        return max(1, len(self.slice_bits))

    @property
    def columns_per_weight(self) -> int:
        """Columns that hold one weight."""
        return 2 * self.slices

    @property
    def cell_range_siemens(self) -> tuple[float, float]:
        """Conductance range of a whole cell [S]."""
        return (
            self.devices_per_cell * self.g_min_siemens,
            self.devices_per_cell * self.g_max_siemens,
        )
