"""Whole tiles, driver to code, in both engines.

The read-outs are behavioural, so that nothing is fitted: the fast model is the formula of the
parts, and the noise of the converters' decisions is drawn once for both engines. Read-outs of
transistors have to be calibrated first: ``xbar calibrate`` does that, and judges them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.tile import Tile, chain, random_inputs

__all__ = ["TileCase", "TileOutcome", "check_tile", "tile_cases"]

_PRODUCTS = 12
_WITHIN_ONE = 0.99
_EQUAL = 0.8  # an input closer to a threshold than the engines agree may fall on either side
_CASES = (
    ("oscillator", 6, 2, 6, "full"),
    ("sar", 16, 2, 8, "full"),
    ("sar", 24, 12, 8, "macromodel"),
    ("flash", 16, 2, 5, "full"),
    ("ramp", 16, 1, 5, "full"),
    ("oscillator", 16, 2, 8, "full"),
    ("oscillator", 24, 12, 8, "macromodel"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TileCase:
    """A tile and its inputs.

    x : (products, rows), from -1 to 1.
    array : ``"full"`` or ``"macromodel"`` in ngspice.
    seed : of the converters' noise.
    """

    name: str
    tile: Tile
    x: FloatArray
    array: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TileOutcome:
    """How the codes of a tile agree.

    codes : how many were compared.
    equal, within_one : shares of them.
    worst_lsb : largest difference.
    spice_second : inside ngspice [s].
    """

    case: TileCase
    codes: int
    equal: float
    within_one: float
    worst_lsb: int
    spice_second: float

    @property
    def passed(self) -> bool:
        """Whether nearly all codes are within one LSB, and most are equal."""
        return self.within_one >= _WITHIN_ONE and self.equal >= _EQUAL


def tile_cases(*, max_side: int = 128, seed: int = 2026) -> Iterator[TileCase]:
    """Yield the tiles, whatever is left out the same ones.

    Parameters
    ----------
    max_side
        Leave out tiles with more rows or columns than this.
    seed
        Of conductances, inputs and noise.

    Yields
    ------
    TileCase
        A tile with its inputs.
    """
    rng = np.random.default_rng(seed)
    for name, rows, cols, bits, array in _CASES:
        tile = chain(name, rows=rows, cols=cols, bits=bits, rng=rng)
        x = random_inputs(rng, _PRODUCTS, rows)
        if max(rows, cols) <= max_side:
            yield TileCase(
                name=f"{name} {rows} x {cols}, {bits} bit, {array}",
                tile=tile,
                x=x,
                array=array,
                seed=seed,
            )


def check_tile(case: TileCase) -> TileOutcome:
    """Compute the products of one tile in both engines.

    Parameters
    ----------
    case
        Of `tile_cases`.

    Returns
    -------
    TileOutcome
        Codes of both engines, and how far they are apart [LSB].

    Raises
    ------
    ConvergenceError, SimulatorError, SimulatorNotFoundError
        ngspice is missing or failed.
    """
    fast = case.tile.mvm(case.x, rng=np.random.default_rng(case.seed))
    exact = case.tile.mvm(
        case.x, engine="spice", array=case.array, rng=np.random.default_rng(case.seed)
    )
    apart = np.abs(fast.code - exact.code)
    return TileOutcome(
        case=case,
        codes=int(apart.size),
        equal=float((apart == 0).mean()),
        within_one=float((apart <= 1).mean()),
        worst_lsb=int(apart.max()),
        spice_second=exact.simulator_second,
    )
