"""Where a number came from: the deck, the model files that it includes, the package's version.

Code that keeps a result keeps its provenance with it. When any of the three has changed, the
result is stale, and the provenance can say which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xbar_circuit.spice_text import flatten
from xbar_circuit.version import __version__

__all__ = ["Provenance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a result depends on.

    deck : SHA-256 of the text.
    models : SHA-256 of every included file, by its name; files that those include count too.
    version : of the package.
    simulator : version of ngspice, for the record; it does not make a result stale.
    """

    deck: str
    models: Mapping[str, str]
    version: str
    simulator: str = ""

    @classmethod
    def of(cls, deck: str, *, simulator: str = "") -> Provenance:
        """Return the provenance of a deck's results.

        Raises
        ------
        ModelFileError
            An included file is missing or cannot be read as SPICE text.
        """
        return cls(
            deck=_digest(deck.encode()),
            models=_models(deck),
            version=__version__,
            simulator=simulator,
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Provenance:
        """Return what `to_dict` wrote.

        Raises
        ------
        KeyError, TypeError
            It is something else.
        """
        return cls(
            deck=str(content["deck"]),
            models=dict(content["models"]),
            version=str(content["version"]),
            simulator=str(content["simulator"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    @property
    def key(self) -> str:
        """A digest of all that makes a result stale."""
        files = sorted(self.models.values())
        return _digest("\n".join([self.version, self.deck, *files]).encode())

    def changes(self, now: Provenance) -> tuple[str, ...]:
        """Say what has changed since, in words; empty is nothing."""
        found = []
        if self.version != now.version:
            found.append(f"the package from {self.version} to {now.version}")
        names = sorted(set(self.models) | set(now.models))
        changed = [name for name in names if self.models.get(name) != now.models.get(name)]
        if changed:
            found.append(f"the model files {', '.join(changed)}")
        if self.deck != now.deck:
            found.append("the deck")
        return tuple(found)


def _models(deck: str) -> dict[str, str]:
    """Return the digests of the files that a simulator would be given with this deck."""
    flat = flatten(
        deck.partition("\n")[2], folder=Path.cwd(), origin="the deck", allow_control=True
    )
    found: dict[str, str] = {}
    for path, digest in flat.files.items():
        found[path.name if path.name not in found else str(path)] = digest
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
