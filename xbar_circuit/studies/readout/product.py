"""What a matrix-vector product of a tile costs, by component, compared with the HERMES core.

Energies of circuits are measured in ngspice, as mean power of their supplies over a product, on one
column; those of behavioural parts are their formulas. Areas are published densities: of the
components from the ISAAC design's table, of the whole from the HERMES core; no circuit of ours has
a layout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.architecture import Logic, isaac
from xbar_circuit.tile import HERMES_CORE, Tile

__all__ = ["REST_WATT_PER_SQUARE_METRE", "ProductReport", "characterize_product"]

_MEASURED = 3  # products in ngspice; the power hardly depends on the inputs
_KEYS = ("drivers", "array", "amplifiers", "converters")
_DIGITAL_HERTZ = 1e9  # of the logic around the tile; the HERMES core's own
_WRITES = 10  # pulses to program a device, with verification: assumed; 30 are the chip's limit
_WRITE_JOULE = 440e-6**2 * 2e3 * 1e-6  # 440 uA for 1 us (Sebastian et al. 2017) in 2 kohm

#: Power over area that takes the preset of the HERMES core to its published 12.5 nJ [W/m2]. Fitted:
#: leakage, the clock's wires, references, control, all that no public number tells apart.
REST_WATT_PER_SQUARE_METRE = 1.021e5


@brief(lambda self: headline(self, self.name, "latency_second"), table=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReport:
    """The cost of a product.

    name : of the tile.
    rows, outputs : its size in weights, one code an output.
    latency_second : from the inputs' first edge to the codes.
    energy_joule : by component; ``rest, fitted`` is the fitted one, where it is asked for.
    programming_joule : of all devices, once; not part of a product.
    area_square_metre : by component, from the ISAAC design's densities.
    whole_area_square_metre : at the HERMES core's density.
    measured : whether circuits were measured in ngspice.
    assumptions : what the numbers rest on, in words.
    """

    name: str
    rows: int
    outputs: int
    latency_second: float
    energy_joule: dict[str, float]
    programming_joule: float
    area_square_metre: dict[str, float]
    whole_area_square_metre: float
    measured: bool
    assumptions: tuple[str, ...]

    @property
    def total_joule(self) -> float:
        """All components [J]."""
        return sum(self.energy_joule.values())

    @property
    def tops_per_watt(self) -> float:
        """Two operations a weight, over the energy [10**12/J]."""
        return 2.0 * self.rows * self.outputs / self.total_joule * 1e-12

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The fields by name, the whole energy [J] and the efficiency, and ``hermes_core``, the
            published figures of the HERMES core to compare with.
        """
        return dataclasses.asdict(self) | {
            "total_joule": self.total_joule,
            "tops_per_watt": self.tops_per_watt,
            "hermes_core": HERMES_CORE,
        }


def characterize_product(
    tile: Tile,
    *,
    rng: np.random.Generator,
    inputs: int = 64,
    logic: Logic | None = None,
    rest: bool = False,
    folder: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
    name: str = "tile",
) -> ProductReport:
    """Return energy and area by component, and time, of a product.

    Parameters
    ----------
    tile
        The tile. If its read-out contains circuits, one column is run in ngspice.
    rng
        Draws the inputs, independent and even from -1 to 1.
    inputs
        Number of inputs over which the energy of array and drivers is averaged.
    logic
        Node and supply of the digital logic; None is 14 nm at 0.8 V.
    rest
        Whether the power that is fitted to the HERMES core, `REST_WATT_PER_SQUARE_METRE`, is
        counted over the tile's area at that core's density.
    folder, progress
        As in :meth:`Tile.in_spice`.
    name
        Name in the report.

    Returns
    -------
    ProductReport
        Energy [J], area [m2] and time [s].

    Raises
    ------
    ParameterError
        An argument is out of range.
    SimulatorError, ConvergenceError
        ngspice failed.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> tile = xc.Accelerator().tile(np.full((16, 8), 5e-6))
    >>> report = characterize_product(tile, rng=np.random.default_rng(0), inputs=4)
    >>> report.rows, report.outputs, report.total_joule > 0.0
    (16, 8, True)
    """
    checks.count("inputs", inputs)
    rows, cols = tile.crossbar.shape
    x = rng.uniform(-1.0, 1.0, (inputs, rows))
    amplifiers, converters, measured = _readout(tile, x, folder=folder, progress=progress)
    cost = tile.cost(x, supply_watt=0.0)  # its read-outs are replaced by their two halves
    reads = tile.driver.read_count
    parts = (
        cost.energy_joule["drivers"],
        cost.energy_joule["array"],
        amplifiers * cols * reads,
        converters * tile.converters * reads,
    )
    outputs = cols if tile.readout.difference is None else cols // 2
    whole = HERMES_CORE["area_square_metre"] * rows * outputs / 256**2
    energy = dict(zip(_KEYS, parts, strict=True))
    energy |= _digital(tile, logic or Logic(), outputs, cost.latency_second)
    if rest:
        energy["rest, fitted"] = REST_WATT_PER_SQUARE_METRE * whole * cost.latency_second
    design = isaac()
    return ProductReport(
        name=name,
        rows=rows,
        outputs=outputs,
        latency_second=cost.latency_second,
        energy_joule=energy,
        programming_joule=rows * cols * _WRITES * _WRITE_JOULE,
        area_square_metre={
            "drivers": rows * (design.driver.square_metre or 0.0),
            "array": rows * cols * (design.cell_square_metre or 0.0),
            "converters": tile.converters * (design.readout.square_metre or 0.0),
        },
        whole_area_square_metre=whole,
        measured=measured,
        assumptions=(
            f"inputs: {inputs} vectors of independent numbers, even from -1 to 1",
            *(
                line
                for line in cost.assumptions
                if not line.startswith(("read-outs", "area", "no buffers"))
            ),
            "amplifiers and converters: circuits as measured in ngspice, from 45 nm-class cards;"
            " behavioural amplifiers their stated quiescent power, behavioural converters the"
            " energy model in their docstring",
            "counters: in the converters' own model, a SAR's search and a ramp's ticks too; the"
            " counter behind an oscillator of transistors is not counted",
            f"digital logic, {(logic or Logic()).nm} nm: operations of 45 nm (Horowitz, ISSCC 2014)"
            " scaled by Stillmaker and Baas (2017); a flip-flop's clock pin 1 fF (assumed)",
            "pulse generation: each row's code compared with a counter at every tick of the clock",
            "local logic: one multiplication and one addition an output; inputs and outputs: a byte"
            " each, from and to a memory of 8 KB",
            f"rest: {REST_WATT_PER_SQUARE_METRE:.3g} W/m2 over the area at the HERMES core's"
            " density, fitted to that core's published energy: leakage, the clock's wires,"
            " references, control"
            if rest
            else "rest: leakage, the clock's wires, references and control are not counted",
            f"programming, once and not part of a product: {_WRITES} pulses per device (assumed) of"
            " 440 uA for 1 us (Sebastian et al. 2017) in 2 kohm",
            "area by component: densities of the ISAAC design at 32 nm (one-bit drivers, bare"
            " cells, SAR converters); amplifiers are not counted",
            "area of the whole: density of the HERMES core, 14 nm",
            "HERMES core: 14 nm, energy and area follow from its published 10.5 TOPS/W and"
            " 1.59 TOPS/mm2, with everything on the core in them",
        ),
    )


def _digital(tile: Tile, logic: Logic, outputs: int, seconds: float) -> dict[str, float]:
    """Return the energy of a product's logic by component [J]."""
    rows, reads = tile.crossbar.rows, tile.driver.read_count
    width = max(2, tile.driver.highest.bit_length())
    codes = tile.readout.converter.bits or 1
    pulses = tile.driver.span_second > 0.0
    flip_flops = rows * (2 * width if pulses else width) + 2 * tile.converters * codes
    found = {
        "local logic": logic.affine(outputs) * reads,
        "clock": logic.clock(flip_flops, seconds * _DIGITAL_HERTZ),
        "inputs and outputs": logic.memory(rows + outputs),
    }
    if pulses:
        generated = logic.pulse_generation(rows, width, tile.driver.highest)
        found = {"pulse generation": generated * reads} | found
    return found


def _readout(tile: Tile, x: FloatArray, **settings: Any) -> tuple[float, float, bool]:
    """Return the energy of an amplifier and of a converter for a read [J], and if measured."""
    converter, amplifier = tile.readout.converter, tile.readout.amplifier
    period = tile.period_second
    own = converter.energy_joule
    inside = converter.circuit is not None
    power = 0.0 if amplifier is None else amplifier.power_watt
    if not inside and np.isfinite(power):
        return power * period, own, False
    array = "macromodel" if tile.crossbar.cell.linear else "full"
    column = tile.crossbar.cols // 2
    paired = tile.readout.subtracts_before
    answers = tile.in_spice(
        tile.one_read(x[:_MEASURED]),
        array=array,
        columns=None if paired else (column,),
        **settings,
    )
    watts = answers[0].supply_watt
    share = 1.0 if not paired else 1.0 / tile.crossbar.cols
    before = sum(watt for source, watt in watts.items() if source.startswith("Vamplifier"))
    after = sum(watt for source, watt in watts.items() if not source.startswith("Vamplifier"))
    if inside:
        own -= converter.circuit_joule
    return before * share * period, own + after * share * period, True
