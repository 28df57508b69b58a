"""The spot check: tiles of a chip in ngspice from the driver to the code, on inputs that occur.

A tile of the network is an `xbar_circuit.Tile`. Its deck (drivers, wires and cells, amplifiers and
converters) gets the activations that arrive at it while samples run through the network; its codes
are held against those that the network multiplies with. The array alone is checked too: the
currents of the compiled transfer against those of the bare array in ngspice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import nodal, spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._layer import AnalogLayer
from xbar_circuit.accelerator._working_chip import Inputs, WorkingChip
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.agreement import relative_difference
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import batch_size
from xbar_circuit.network.operators import Array
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.tile import Tile

__all__ = ["CodeAgreement", "TileCheck", "agreement_by_layer", "check_tiles", "choose_tiles"]

_FULL_CELLS = 1024  # of a linear array whose every wire is in the deck of drivers and read-outs
_SAMPLES = 64  # whose activations the vectors are chosen from


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAgreement:
    """Codes of the fast engine against codes of ngspice.

    codes : how many.
    within_one : share of them at most one apart.
    equal : share that is equal.
    mean : mean of fast less ngspice [LSB].
    sigma : its standard deviation [LSB].
    worst : largest difference [LSB].
    """

    codes: int
    within_one: float
    equal: float
    mean: float
    sigma: float
    worst: float

    @classmethod
    def between(cls, fast: NDArray[Any], exact: NDArray[Any]) -> CodeAgreement:
        """Compare two arrays of codes.

        Parameters
        ----------
        fast, exact
            Codes of the fast engine and of ngspice, of the same shape, in LSB; codes count as equal
            when they are less than half an LSB apart.

        Returns
        -------
        CodeAgreement
            The figures of ``fast - exact``.

        >>> import numpy as np
        >>> agreement = CodeAgreement.between(np.array([3, 4, 7]), np.array([3, 5, 7]))
        >>> agreement.within_one, round(agreement.equal, 3), agreement.worst
        (1.0, 0.667, 1.0)
        """
        apart = fast.astype(np.float64) - exact
        size = np.abs(apart)
        return cls(
            codes=int(apart.size),
            within_one=float((size <= 1.0).mean()),
            equal=float((size < 0.5).mean()),
            mean=float(apart.mean()),
            sigma=float(apart.std()),
            worst=float(size.max()),
        )

    def to_dict(self) -> dict[str, float]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            The fields by name; differences in LSB.
        """
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileCheck:
    """One tile in both engines.

    Parameters
    ----------
    layer, tile
        Name of the node and index of its tile.
    shape
        Used cells (rows, columns).
    volts
        Of the rows, while they are on (vectors, rows) [V]; bit by bit, of the highest bit.
    fast_code, spice_code
        (vectors, outputs): what the network multiplies with, and ngspice's; of exact converters in
        65,536ths of the range.
    codes
        The one against the other.
    worst_relative_difference
        Of the bare array: largest difference of column currents between nodal analysis and ngspice
        over the largest of its vector.
    float32_relative_difference
        The same between float32 and float64 products with the transfer.
    ideal_relative_difference
        The same between ngspice and an array without wires: what the wires do.
    array
        ``"full"``: the deck had every wire and cell; ``"macromodel"``: the array's exact reduction
        to its ports in their place, and every wire and cell in the deck of the bare array.
    seconds
        What ngspice took.
    """

    layer: str
    tile: int
    shape: tuple[int, int]
    volts: FloatArray
    fast_code: FloatArray
    spice_code: FloatArray
    codes: CodeAgreement
    worst_relative_difference: float
    float32_relative_difference: float
    ideal_relative_difference: float
    array: str
    seconds: float


def choose_tiles(mapping: Mapping, *, most: int | None = None) -> list[tuple[int, int]]:
    """Return (layer, tile) of the first tile of every shape in every layer.

    Parameters
    ----------
    mapping
        A mapped network.
    most
        How many at most, spread evenly over them; None is all.
    """
    chosen = []
    for k, layer in enumerate(mapping.layers):
        shapes = set()
        for j, tile in enumerate(layer.tiles):
            if tile.shape not in shapes:
                shapes.add(tile.shape)
                chosen.append((k, j))
    if most is None:
        return chosen
    step = max(1, len(chosen) // most)
    return chosen[::step][:most]


def check_tiles(
    chip: WorkingChip,
    inputs: Inputs,
    *,
    tiles: Sequence[tuple[int, int]] | None = None,
    vectors: int = 4,
    outputs: int | None = None,
    array: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[TileCheck]:
    """Run chosen tiles of a chip through ngspice and compare; arguments as `Chip.spot_check`.

    Raises
    ------
    ParameterError
        A place that is no tile.
    SimulatorError, SimulatorNotFoundError
        ngspice is missing or failed.
    """
    places = choose_tiles(chip.mapping) if tiles is None else list(tiles)
    for k, j in places:
        if not (0 <= k < len(chip.mapping.layers) and 0 <= j < len(chip.mapping.layers[k].tiles)):
            raise ParameterError.about(
                "tiles",
                got=f"({k}, {j})",
                expected="(layer, tile) of the mapping, both counted from 0",
                remedy="xbar mapping lists them",
            )
    network, some = chip.network.fed(inputs)
    most = batch_size(network, chip.memory_bytes // 4, largest=_SAMPLES)
    codes = record_vectors(
        network, some[: max(1, most)], chip.multiplier(noise=False), vectors=vectors
    )
    checks = []
    for k, j in places:
        found = codes[chip.mapping.layers[k].name]
        checks.append(_check(chip, (k, j), found, array, outputs))
        if progress is not None:
            progress(1)
    return checks


def agreement_by_layer(checks: Sequence[TileCheck]) -> dict[str, CodeAgreement]:
    """Return the agreement of codes of all tiles of a layer together, by its name.

    Parameters
    ----------
    checks
        Checks of tiles, such as those of `Chip.spot_check`.

    Returns
    -------
    dict
        Layer -> how its codes agree with ngspice's.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
    >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
    >>> chip = xc.Accelerator(rows=4, cols=4).program(network, calibration=np.eye(2))
    >>> agreement_by_layer(chip.spot_check(np.eye(2), vectors=2))["dense"].within_one
    1.0
    """
    layers: dict[str, list[TileCheck]] = {}
    for check in checks:
        layers.setdefault(check.layer, []).append(check)
    return {
        name: CodeAgreement.between(
            np.concatenate([check.fast_code.ravel() for check in members]),
            np.concatenate([check.spice_code.ravel() for check in members]),
        )
        for name, members in layers.items()
    }


def _in_spice(
    tile: Tile, inputs: FloatArray, array: str, outputs: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return places of outputs, and their codes in ngspice (vectors, places).

    Columns of the other outputs have no read-out: they end in ideal virtual grounds.
    """
    every = np.arange(tile.outputs)
    if outputs is None or outputs >= tile.outputs or tile.readout.subtracts_before:
        return every, tile.mvm(inputs, engine="spice", array=array).code
    which = np.unique(np.linspace(0, tile.outputs - 1, outputs).round().astype(np.int64))
    wide = tile.crossbar.cols // tile.outputs
    columns = (which[:, None] * wide + np.arange(wide)).ravel()
    reads = tile.reads(inputs)
    codes = []
    for read in reads:
        answers = tile.in_spice(read, array=array, columns=columns.tolist())
        held = np.concatenate([answer.codes for answer in answers])
        whole = np.zeros((len(held), tile.converters), dtype=held.dtype)
        whole[:, columns] = held
        codes.append(whole)
    return which, tile.product_codes(reads, codes)[:, which]


def _check(
    chip: WorkingChip, place: tuple[int, int], codes: Array, array: str | None, outputs: int | None
) -> TileCheck:
    k, j = place
    plan = chip.mapping.layers[k]
    layer = chip.layers[plan.name]
    assert isinstance(layer, AnalogLayer)  # noqa: S101  plans of tiles are of analog layers
    own = layer.parts.accelerators[j]
    celsius = chip.temperature_celsius
    tile = layer.parts.tile(j, chip.conductances[k][j], celsius=celsius)
    codes = np.clip(codes, own.driver.lowest, own.driver.highest)  # of exact drivers
    drive = codes.reshape(len(codes), -1)[:, slice(*plan.tiles[j].rows)]
    inputs = drive.astype(np.float64) / own.driver.highest
    start = time.perf_counter()
    linear = tile.crossbar.cell.linear
    small = tile.crossbar.conductance.size <= _FULL_CELLS
    chosen = array or ("full" if small or not linear else "macromodel")
    which, exact = _in_spice(tile, inputs, chosen, outputs)
    volts = tile.reads(inputs)[-1].volt
    bare = spice.read(tile.loaded, volts, fields=False).column_current
    seconds = time.perf_counter() - start
    fast = layer.codes(j, codes)[:, which]
    scale = 65_536.0 if own.readout.converter.bits is None else 1.0
    solved = nodal.read(tile.loaded, volts).column_current
    transfer = chip.transfers[k][j]
    single = volts.astype(np.float32) @ transfer.astype(np.float32)
    double = volts @ transfer
    return TileCheck(
        layer=plan.name,
        tile=j,
        shape=plan.tiles[j].shape,
        volts=volts,
        fast_code=np.asarray(scale * fast, dtype=np.float64),
        spice_code=np.asarray(scale * exact, dtype=np.float64),
        codes=CodeAgreement.between(scale * fast, scale * exact),
        worst_relative_difference=relative_difference(solved, bare, scale=bare),
        float32_relative_difference=relative_difference(
            single.astype(np.float64), double, scale=double
        ),
        ideal_relative_difference=relative_difference(
            volts @ tile.loaded.conductance, bare, scale=bare
        ),
        array=chosen,
        seconds=seconds,
    )
