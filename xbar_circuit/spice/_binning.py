"""Name the transistor that no model of its kit covers.

A kit's models are binned: each holds for a range of widths and lengths, ``wmin`` to ``wmax`` and
``lmin`` to ``lmax`` on its ``.model`` card, in metres. ngspice says of a transistor outside of all
bins only that it found no valid model name.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from xbar_circuit.errors import ParameterError
from xbar_circuit.units import parse_spice

__all__ = ["model_fault"]

_FAULT = re.compile(
    r"^(?:stderr |stdout )?(?P<card>[^\n]+)\n[^\n]*could not find a valid modelname", re.MULTILINE
)
_ASSIGNED = re.compile(r"\b\w+\s*=")
_SIZE = re.compile(r"\b(w|l)\s*=\s*(\S+)", re.IGNORECASE)
_LIMIT = re.compile(r"\b([wl]m(?:in|ax))\s*=\s*(\S+)", re.IGNORECASE)
_SCALE = re.compile(r"^\.opt(?:ions?)?\b[^\n]*\bscale\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bin:
    wmin: float
    wmax: float
    lmin: float
    lmax: float


def model_fault(said: str, deck: str) -> str | None:
    """Return what is wrong with a transistor's model, or None where ngspice said nothing of it.

    Parameters
    ----------
    said
        ngspice's words.
    deck
        The flat deck that it read.

    Returns
    -------
    str or None
        The device, its size, and the sizes that the model's bins offer.
    """
    found = _FAULT.search(said)
    if found is None:
        return None
    card = _ASSIGNED.split(found["card"], maxsplit=1)[0].split()
    sizes = {key.lower(): _number(value) for key, value in _SIZE.findall(found["card"])}
    path, model = card[0].partition(".")[2] or card[0], card[-1].rpartition(":")[2]
    bins = _bins(deck, model)
    if not bins:
        return (
            f"transistor {path}: got the model {model!r}, expected one that the libraries define;"
            " correct its name, or add the library and section that has it"
        )
    scale = _SCALE.search(deck)
    unit = 1.0 if scale is None else _number(scale[1])
    width, length = (sizes.get(key, math.nan) * unit for key in "wl")
    fitting = [one for one in bins if one.lmin <= length <= one.lmax]
    shown = fitting or bins
    ends = sorted({(one.wmin, one.wmax) for one in shown})
    offered = _joined(ends)
    widths = ", ".join(f"{_um(low)} to {_um(high)} um" for low, high in offered[:_SHOWN])
    widths += ", ..." if len(offered) > _SHOWN else ""
    lengths = f"{_um(min(one.lmin for one in bins))} to {_um(max(one.lmax for one in bins))} um"
    where = f"at this length w of {widths}" if fitting else f"l of {lengths}"
    widest = max(high for _, high in ends)
    count = math.ceil(width / widest) if fitting and width > widest else 0
    remedy = f"put {count} or more in parallel, m={count}" if count else "change its size"
    return (
        f"transistor {path}: got w={_um(width)} um, l={_um(length)} um, expected a size within the"
        f" bins of its model {model}, {where}; {remedy}"
    )


def _bins(deck: str, model: str) -> list[_Bin]:
    """Return the ranges of sizes of a model's cards; a card without limits holds everywhere."""
    card = re.compile(
        rf"^\.model[ \t]+{re.escape(model)}(?:\.\d+)?[ \t][^\n]*(?:\n\+[^\n]*)*",
        re.IGNORECASE | re.MULTILINE,
    )
    result = []
    for found in card.finditer(deck):
        limits = {key.lower(): _number(value) for key, value in _LIMIT.findall(found.group())}
        result.append(
            _Bin(
                wmin=limits.get("wmin", 0.0),
                wmax=limits.get("wmax", math.inf),
                lmin=limits.get("lmin", 0.0),
                lmax=limits.get("lmax", math.inf),
            )
        )
    return result


def _joined(ends: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return sorted ranges with those that touch put together."""
    result: list[tuple[float, float]] = []
    for low, high in ends:
        if result and low <= result[-1][1] * (1.0 + 1e-9):
            result[-1] = result[-1][0], max(high, result[-1][1])
        else:
            result.append((low, high))
    return result


def _number(text: str) -> float:
    try:
        return parse_spice(text.strip("'{}"))
    except ParameterError:
        return math.nan


def _um(metre: float) -> str:
    return f"{1e6 * metre:.6g}" if math.isfinite(metre) else "any"
