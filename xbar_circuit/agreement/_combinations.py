"""Combinations of parts: three ways to compute a small tile's products, and their codes compared.

The compiled form that networks use, the tile's fast model, and ngspice with the whole deck, from
driver to code; the same noise is drawn for all three. Compared with ngspice is the code of every
converter in every read, before reads and digits are added. Ideal and behavioural parts must give
equal codes but for ties: an input that lies closer to a threshold than ngspice's tolerance may fall
on its other side, one LSB away. Read-outs of transistors are calibrated first, and held to the
error that the calibration states, or to one LSB where it saw none among its few held-out codes.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.agreement._parts import (
    DRIVERS,
    GATE_DRIVERS,
    READOUTS,
    SYNAPSES,
    TRANSISTOR_SYNAPSES,
    with_table,
)
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError, SimulatorError
from xbar_circuit.tile import Tile, calibrate, chain, compile_tile, random_inputs
from xbar_circuit.wires import Wires

__all__ = [
    "TRANSISTORS",
    "Combination",
    "CombinationOutcome",
    "calibrated_outcomes",
    "check_combination",
    "combinations",
    "refused",
]

_INPUTS, _OUTPUTS, _PRODUCTS = 3, 1, 4
_EQUAL = 0.75  # share of codes without a tie
_TIE_LSB = 1.0
_EXACT = 1e-4  # of the largest code, of exact converters in ngspice
_SINGLE = 1e-6  # the same in single precision
_BEHAVIOURAL_SECOND, _TRANSISTORS_SECOND = 20.0, 600.0  # for ngspice
#: Read-outs of transistors and their bits; the oscillator counts some 250 cycles at full scale.
TRANSISTORS = {"transistor-sar": 6, "transistor-ramp": 6, "transistor-oscillator": 8}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combination:
    """A driver, a read-out and a synapse by name, their tile, and inputs (products, inputs)."""

    driver: str
    readout: str
    synapse: str
    tile: Tile
    x: FloatArray = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CombinationOutcome:
    """How the codes agree.

    codes : how many of converters were compared, of all reads.
    compiled_apart : largest difference of a product's code to the tile's fast model [LSB].
    spice_apart : largest difference of a converter's code to it [LSB].
    equal : share of ngspice's codes that are equal; real ones within what is allowed.
    allowed : largest difference of ngspice's codes that is a tie, or the stated error [LSB].
    second : inside ngspice [s].
    failure : what ngspice said where it gave no answer.
    """

    case: Combination
    codes: int
    compiled_apart: float
    spice_apart: float
    equal: float
    allowed: float
    second: float
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether compiled form and fast model are the same, and ngspice within what is allowed."""
        exact = self.case.tile.readout.converter.exact
        if self.failure or self.compiled_apart > (_SINGLE if exact else 0.0):
            return False
        most = self.spice_apart <= self.allowed
        return most and (exact or self.case.tile.model is not None or self.equal >= _EQUAL)


def combination_tile(
    driver: str, readout: str, synapse: str, rng: np.random.Generator, *, table: bool = True
) -> Tile:
    """Return the tile of a combination; mismatch is drawn for every converter of its own.

    Parameters
    ----------
    driver, readout, synapse
        Names of the parts. Gates are driven from 0 V up, by drivers without sign.
    rng
        Draws conductances and mismatch.
    table
        Whether cells with transistors get their tables.

    Raises
    ------
    ParameterError
        The parts do not fit each other.
    """
    if synapse in SYNAPSES:
        kind = SYNAPSES[synapse]
    else:
        kind = with_table(synapse) if table else TRANSISTOR_SYNAPSES[synapse]
    gates = kind is not None and not kind.cell.loads_row
    drives = (GATE_DRIVERS if gates else DRIVERS)[driver]
    wires = Wires(row_ohm=2.0, column_ohm=3.0)
    if kind is None:
        shape = (_INPUTS, 2 * _OUTPUTS)
        crossbar = Crossbar(conductance=rng.uniform(1e-6, 25e-6, shape), wires=wires)
    else:
        crossbar = kind.crossbar(rng.uniform(-1.0, 1.0, (_INPUTS, _OUTPUTS)), wires=wires)
    tile = Tile(crossbar, drives, READOUTS[readout], synapse=kind)
    if readout == "sar, mismatch":
        drawn = tile.readout.drawn(rng, tile.converters, unit_sigma=0.05)
        tile = Tile(crossbar, drives, drawn, synapse=kind)
    return tile


def _sorted_out() -> tuple[list[tuple[str, str, str]], Counter[str]]:
    """Return the names of parts that fit each other, and how many do not by the reason why."""
    names = itertools.chain(
        itertools.product(DRIVERS, READOUTS, SYNAPSES),
        itertools.product(DRIVERS, READOUTS, TRANSISTOR_SYNAPSES),
    )
    fit, reasons = [], Counter[str]()
    for one in names:
        try:
            combination_tile(*one, np.random.default_rng(0), table=False)
        except ParameterError as error:
            argument, _, rest = str(error).partition(": ")
            reasons[f"{argument}: expected {rest.rpartition(', expected ')[2]}"] += 1
        else:
            fit.append(one)
    return fit, reasons


def fitting() -> list[tuple[str, str, str]]:
    """Return the names of drivers, read-outs and synapses that fit each other."""
    return _sorted_out()[0]


def refused() -> Mapping[str, int]:
    """Return how many combinations a tile refuses, by the reason that it gives."""
    return _sorted_out()[1]


def combinations(*, seed: int = 2026, every: int = 1) -> Iterator[Combination]:
    """Yield the combinations of behavioural parts that fit, with any synapse.

    Parameters
    ----------
    seed
        Of conductances and inputs.
    every
        1 yields all; 7 every seventh, in which all parts have their turn.
    """
    for k, (driver, readout, synapse) in enumerate(fitting()):
        if k % every:
            continue
        rng = np.random.default_rng((seed, k))
        tile = combination_tile(driver, readout, synapse, rng)
        least = -1.0 if tile.crossbar.cell.loads_row else 0.0
        x = rng.uniform(least, 1.0, (_PRODUCTS, tile.inputs))
        yield Combination(driver=driver, readout=readout, synapse=synapse, tile=tile, x=x)


def calibrated_outcomes(
    *, seed: int = 2026, folder: Path | None = None
) -> Iterator[CombinationOutcome]:
    """Yield what tiles with read-outs of transistors give, each calibrated against ngspice first.

    One that cannot be calibrated is an outcome that says why, and the others go on.

    Parameters
    ----------
    seed
        Of conductances and inputs.
    folder
        Where decks and answers of the calibrations are kept; None keeps none.

    Raises
    ------
    SimulatorNotFoundError
        ngspice is missing.
    """
    for k, (name, bits) in enumerate(TRANSISTORS.items()):
        rng = np.random.default_rng((seed, 10_000 + k))
        plain = chain(name, rows=8, cols=2, bits=bits, rng=rng)
        x = random_inputs(rng, 2 * _PRODUCTS, plain.inputs)
        case = Combination(driver="dac", readout=name, synapse="none", tile=plain, x=x)
        try:
            tile = calibrate(
                plain,
                rng=rng,
                samples=24,
                held_out=12,
                analog=False,
                folder=None if folder is None else folder / name,
            )
        except (ConvergenceError, ParameterError, SimulatorError) as error:
            yield CombinationOutcome(
                case=case,
                codes=0,
                compiled_apart=0.0,
                spice_apart=np.inf,
                equal=0.0,
                allowed=0.0,
                second=0.0,
                failure=f"not calibrated: {error}",
            )
        else:
            yield check_combination(replace(case, tile=tile))


def check_combination(case: Combination, *, seed: int = 3) -> CombinationOutcome:
    """Compute the products of one tile in three ways.

    Parameters
    ----------
    case
        What to compute.
    seed
        Of the noise.

    Raises
    ------
    SimulatorNotFoundError
        ngspice is missing.
    """
    tile, form = case.tile, compile_tile(case.tile)
    rng = np.random.default_rng(seed)
    reads = tile.reads(case.x, rng=rng)
    noises = tile.draw_noise(reads, rng)
    pairs = list(zip(reads, noises, strict=True))
    codes = [tile.codes_of(tile.column_current(read), noise) for read, noise in pairs]
    fast, product = np.stack(codes), tile.product_codes(reads, codes)
    single = form.codes(form.encode(case.x), rng=np.random.default_rng(seed))
    quiet = form.codes(form.encode(case.x)) - tile.mvm(case.x).code
    second, failure = 0.0, ""
    apart = np.full(fast.shape, np.inf)
    limit = _BEHAVIOURAL_SECOND if tile.model is None else _TRANSISTORS_SECOND
    try:
        for k, (read, noise) in enumerate(pairs):
            answers = tile.in_spice(read, noise=noise, time_limit_second=limit)
            apart[k] = np.abs(np.concatenate([one.codes for one in answers]) - fast[k])
            second += sum(one.seconds for one in answers)
    except (ConvergenceError, SimulatorError) as error:
        failure = str(error)
    exact, model = tile.readout.converter.exact, tile.model
    allowed = _TIE_LSB
    if exact:
        allowed = _EXACT * max(float(np.abs(fast).max()), 1.0)
    elif model is not None and model.held_out is not None:
        allowed = max(float(model.held_out.worst_lsb), _TIE_LSB)
    return CombinationOutcome(
        case=case,
        codes=int(apart.size),
        compiled_apart=float(max(np.abs(single - product).max(), np.abs(quiet).max())),
        spice_apart=float(apart.max()),
        equal=float((apart <= (allowed if exact else 0.0)).mean()),
        allowed=allowed,
        second=second,
        failure=failure,
    )
