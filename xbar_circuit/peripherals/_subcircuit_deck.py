"""What several users' circuits in one deck need of the simulator, and whether they go together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from xbar_circuit.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["RunSettings", "run_settings"]


class RunSettings(TypedDict):
    """Arguments of :func:`xbar_circuit.spice.run` that the circuits in a deck decide."""

    osdi: tuple[Path, ...]
    compatibility: str
    seed: int


def run_settings(circuits: Iterable[Subcircuit | None], *, meters: bool = False) -> RunSettings:
    """Return how a deck with these circuits has to be run.

    Parameters
    ----------
    circuits
        The circuits in the deck; None is no circuit.
    meters
        Whether the deck also has transistors of this package, whose geometry is in metres.

    Raises
    ------
    ParameterError
        Two of them need different dialects, count their geometry in different units, or define a
        subcircuit of the same name in different files.
    """
    known = [circuit for circuit in circuits if circuit is not None]
    dialects = {circuit.compatibility: circuit for circuit in known}
    if len(dialects) > 1:
        _refuse("compatibility", " and ".join(map(repr, dialects)), "one dialect for a deck")
    scales = {circuit.declared.scale_metre or 1.0 for circuit in known} | (
        {1.0} if meters else set()
    )
    if len(scales) > 1:
        shown = " and ".join(f"{scale:g} m" for scale in sorted(scales))
        _refuse("accept", f"a deck whose transistors count in {shown}", "one unit for a deck")
    homes: dict[str, Subcircuit] = {}
    for circuit in known:
        for name in circuit.declared.definitions:
            other = homes.setdefault(name, circuit)
            if other.path != circuit.path and not _shared(other, circuit):
                _refuse(
                    "path",
                    f"a .subckt {name} in {other.path} and in {circuit.path}",
                    "one definition of each name in a deck",
                )
    seeds = [circuit.seed for circuit in known if circuit.seed != 1]
    return RunSettings(
        osdi=tuple(dict.fromkeys(path for circuit in known for path in circuit.osdi)),
        compatibility=next(iter(dialects), ""),
        seed=seeds[0] if seeds else 1,
    )


def _shared(first: Subcircuit, second: Subcircuit) -> bool:
    """Say whether two files include each other's definitions, which are then the same."""
    return bool(set(first.declared.files) & set(second.declared.files))


def _refuse(name: str, got: str, expected: str) -> None:
    raise ParameterError.about(
        name, got=got, expected=expected, remedy="rename, convert, or measure them apart"
    )
