"""A layer at work: its tiles in their compiled form, and the digital arithmetic around them.

What the network multiplies with is ``tile.compiled()``: the exact transfer of the array with its
wires, driver and read-out folded into float32 matrices. Around it stand the layer's input scale,
which lays activations upon the driver's range, and one factor for each output, which turns codes
into products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit._scratch import Scratch
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator.mapping import LayerPlan
from xbar_circuit.network.operators import Array
from xbar_circuit.peripherals import Driver
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.tile import Tile, compile_tile
from xbar_circuit.tile._nonlinear import Correction

__all__ = ["AnalogLayer", "LayerParts", "encoded", "transfers_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerParts:
    """What a calibration set made of the parts of a layer.

    Parameters
    ----------
    input_scale
        The activation that becomes the driver's full scale.
    accelerators
        Of each tile: the layer's, with the ranges of this tile's driver and read-out in its parts.
    converters
        Of each tile, its converters where mismatch makes them differ; empty where all are alike.
    correction
        Of cells that are not linear; None for linear ones.
    gain
        Digital factor that gives the layer's products the size of the exact ones; 1 for linear
        cells.
    """

    input_scale: float
    accelerators: tuple[Hardware, ...]
    converters: tuple[tuple[Converter, ...], ...] = ()
    correction: Correction | None = None
    gain: float = 1.0

    def tile(self, number: int, conductance: FloatArray, *, celsius: float | None = None) -> Tile:
        """Return one of the layer's tiles, with its ranges and its converters.

        Parameters
        ----------
        number
            Of the tile in the layer.
        conductance
            (rows, cols) [S].
        celsius
            As for `Accelerator.tile`.
        """
        tile = self.accelerators[number].tile(conductance, celsius=celsius)
        if not self.converters:
            return tile
        return replace(tile, readout=replace(tile.readout, samples=self.converters[number]))


def encoded(driver: Driver, values: Array, scale: float) -> Array:
    """Return a driver's codes of activations, float32.

    Those beyond its range are cut off, but for an exact driver's.

    Parameters
    ----------
    driver
        Of any tile of a layer: all have the same codes.
    values
        Activations of any shape.
    scale
        The activation that becomes the highest code.
    """
    codes: Array = values * np.float32(driver.highest / scale)
    if driver.exact:
        return codes
    np.rint(codes, out=codes)
    return np.clip(codes, np.float32(driver.lowest), np.float32(driver.highest), out=codes)


def transfers_of(tiles: Sequence[Tile], *, device: str | None = None) -> tuple[FloatArray, ...]:
    """Return the transfer matrix of every tile's loaded array [S].

    Wires, terminals and the resistances of drivers and read-outs are exact. Cells that are not
    linear count with their conductance at zero bias; those whose rows drive gates, with what they
    hold. Tiles of one shape and with the same terminals are reduced together, on `device` as
    `nodal.transfer_tiles` takes it.
    """
    members: dict[object, list[int]] = {}
    for k, tile in enumerate(tiles):
        array = tile.loaded
        key = array.shape, array.wires, array.terminals, array.cell.loads_row
        members.setdefault(key, []).append(k)
    found: dict[int, FloatArray] = {}
    with threadpool_limits(limits=1, user_api="blas"):
        for places in members.values():
            first = tiles[places[0]].loaded
            held = np.stack([tiles[k].loaded.conductance for k in places])
            if not first.cell.loads_row:
                found.update(zip(places, held, strict=True))
                continue
            held = held if first.cell.linear else first.cell.zero_bias_conductance(held)
            ends = first.terminals
            made = nodal.transfer_tiles(held, wires=first.wires, terminals=ends, device=device)
            found.update(zip(places, made, strict=True))
    return tuple(found[k] for k in range(len(tiles)))


class AnalogLayer:
    """The tiles of one layer at one age and temperature.

    Parameters
    ----------
    plan, parts
        What sits where, in tiles of which parts.
    conductances, transfers
        Of each tile (rows, columns) [S].
    gains
        Digital factors of each tile's outputs (outputs,), such as a drift compensation; None is 1.
    celsius
        Temperature of the tiles [degree Celsius]; None is that of their parts.
    constants
        Of each tile, the value of one code [S] and the codes without an input, as they were known
        when the chip was programmed; None takes those of these tiles as they are now, as a
        compensation by known inputs finds them.
    """

    def __init__(
        self,
        plan: LayerPlan,
        parts: LayerParts,
        conductances: Sequence[FloatArray],
        transfers: Sequence[FloatArray],
        *,
        gains: Sequence[FloatArray] | None = None,
        celsius: float | None = None,
        constants: Sequence[tuple[float, Array]] | None = None,
    ) -> None:
        self.plan, self.parts = plan, parts
        self._groups, self._cols = plan.groups, plan.cols
        self._driver = parts.accelerators[0].driver  # of one coding in all tiles
        self._compiled = []
        self._factors: list[Array] = []
        self._offsets: list[Array] = []
        self.noisy = False
        measured: list[tuple[float, Array]] = []
        for j, (tile_plan, own) in enumerate(zip(plan.tiles, parts.accelerators, strict=True)):
            tile = parts.tile(j, conductances[j], celsius=celsius)
            self.noisy = self.noisy or tile.noisy
            correction = parts.correction
            if correction is not None:
                correction = correction.of_cell(tile.crossbar.cell)
            made = compile_tile(tile, transfer=transfers[j], correction=correction)
            measured.append((made.worth, made.zero))
            a_code, without = measured[j] if constants is None else constants[j]
            gain = parts.gain if gains is None else parts.gain * gains[j]
            worth = np.asarray(a_code, dtype=np.float64) * tile_plan.scale * gain
            factor = worth * (parts.input_scale / own.synapse.siemens_per_weight)
            self._compiled.append(made)
            self._factors.append(factor.astype(np.float32))
            offset = without.astype(np.float64) * factor
            self._offsets.append(offset.astype(np.float32))
        #: Of each tile as it is, the value of one code [S] and the codes without an input.
        self.constants = tuple(measured)

    def encode(self, values: Array) -> Array:
        """Return the drivers' codes of activations, same shape, float32."""
        return encoded(self._driver, values, self.parts.input_scale)

    def codes(self, tile: int, codes: Array) -> Array:
        """Return a tile's codes (vectors, outputs) of drivers' codes (vectors, groups, rows)."""
        flat = codes.reshape(len(codes), -1)
        made: Array = self._compiled[tile].codes(flat[:, slice(*self.plan.tiles[tile].rows)])
        return made

    def products(self, codes: Array, *, stream: Sequence[int] | None = None) -> Array:
        """Return the products (vectors, groups, cols) of codes (vectors, groups, rows).

        Parameters
        ----------
        codes
            Of the drivers.
        stream
            Names the random numbers of what is noisy; None draws none.
        """
        shape = len(codes), self._groups * self._cols
        if stream is None:
            return self._add_up(codes, np.zeros(shape, dtype=np.float32), Scratch())
        flat = codes.reshape(len(codes), -1)
        result = np.zeros(shape, dtype=np.float32)
        for j, made in enumerate(self._compiled):
            tile = self.plan.tiles[j]
            rng = np.random.default_rng((*stream, j))
            found = made.codes(flat[:, slice(*tile.rows)], rng=rng)
            found = found * self._factors[j]
            found -= self._offsets[j]
            result[:, slice(*tile.cols)] += found
        return result.reshape(len(codes), self._groups, self._cols)

    def block(self) -> Callable[[Array], Array]:
        """Return what gives the products without noise of one block of codes after the other.

        What it returns holds until its next call.
        """
        room, work = Scratch(), Scratch()

        def products(codes: Array) -> Array:
            result = room(len(codes), self._groups * self._cols)
            result.fill(0.0)
            return self._add_up(codes, result, work)

        return products

    def _add_up(self, codes: Array, result: Array, scratch: Scratch) -> Array:
        """Return the products without noise, in zeros (vectors, groups * cols)."""
        flat = codes.reshape(len(codes), -1)
        for j, made in enumerate(self._compiled):
            tile = self.plan.tiles[j]
            made.add_products(
                flat[:, slice(*tile.rows)],
                self._factors[j],
                self._offsets[j],
                result[:, slice(*tile.cols)],
                scratch,
            )
        return result.reshape(len(codes), self._groups, self._cols)
