"""A MOS transistor: a model card of this project or of the user's own process, and its geometry.

It has no fast law of its own: BSIM equations live in the simulator, and the fast engine gets them
as a table of the whole unit cell (:mod:`xbar_circuit.calibration`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from xbar_circuit import _checks as checks
from xbar_circuit.devices._model_library import LibraryContents, scan
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.resources import device_model
from xbar_circuit.units import spice_number

__all__ = ["Transistor"]

_NAME = re.compile(r"[A-Za-z_][\w.$-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transistor:
    """One transistor, rendered to SPICE as an ``M`` element or, for a subcircuit, an ``X`` call.

    Parameters
    ----------
    model
        Name of a ``.model`` (also a binned one, ``name.1``, ``name.2``) or ``.subckt`` with the
        terminals drain, gate, source, bulk.
    width_metre, length_metre
        Geometry [m].
    library
        The SPICE library with the model.
    section
        Its ``.lib`` section, the process corner; empty includes the whole file.
    parallel
        Number of such transistors in parallel.
    geometry_unit_metre
        Unit of the library's W and L [m]: 1 for SPICE's own unit, 1e-6 for libraries whose
        subcircuits count in micrometres.

    Raises
    ------
    ParameterError
        A number is not finite or out of range, or a name is not one word.
    ModelFileError
        The library, one of its includes, the section or the model does not exist.

    >>> Transistor.nmos45(width_metre=2e-7).line("acc", "d", "g", "s", "0")
    'Macc d g s 0 nmos45 W=2e-07 L=5e-08'
    """

    model: str
    width_metre: float
    length_metre: float
    library: Path
    section: str = ""
    parallel: int = 1
    geometry_unit_metre: float = 1.0
    _contents: LibraryContents = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("width_metre", "length_metre", "geometry_unit_metre"):
            value = checks.number(name, getattr(self, name), "m", above=True)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "parallel", checks.count("parallel", self.parallel))
        for name, word in (("model", self.model), ("section", self.section or "x")):
            if not isinstance(word, str) or not _NAME.fullmatch(word):
                raise ParameterError.about(
                    name, got=repr(word), expected="one SPICE name", remedy="give it without spaces"
                )
        library = Path(self.library).expanduser().resolve()
        if any(sign in str(library) for sign in '"\n'):
            raise ParameterError.about(
                "library",
                got=repr(str(library)),
                expected="a path that SPICE can read, without quotes and line breaks",
                remedy="move the library, or link to it",
            )
        object.__setattr__(self, "library", library)
        contents = scan(library, self.section)
        object.__setattr__(self, "_contents", contents)
        if not self._is_subcircuit and not self._is_model:
            known = sorted(contents.models | contents.subcircuits)
            shown = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
            where = f"section {self.section!r} of {library}" if self.section else str(library)
            raise ModelFileError(
                f"model: got {self.model!r}, expected a model or subcircuit of {where}:"
                f" {shown or 'there is none'}; correct the name or choose another section"
            )

    @classmethod
    def nmos45(cls, *, width_metre: float = 5e-7, length_metre: float = 5e-8) -> Transistor:
        """Return the n-channel transistor of ``device_models/cmos45.lib``.

        Parameters
        ----------
        width_metre, length_metre
            Geometry [m].

        Returns
        -------
        Transistor
            Model ``nmos45``, a BSIM4 card whose sources the library file states.
        """
        return cls(
            model="nmos45",
            width_metre=width_metre,
            length_metre=length_metre,
            library=device_model("cmos45.lib"),
        )

    @classmethod
    def pmos45(cls, *, width_metre: float = 1e-6, length_metre: float = 5e-8) -> Transistor:
        """Return the p-channel transistor of ``device_models/cmos45.lib``.

        Parameters
        ----------
        width_metre, length_metre
            Geometry [m].

        Returns
        -------
        Transistor
            Model ``pmos45``, a BSIM4 card whose sources the library file states.
        """
        return cls(
            model="pmos45",
            width_metre=width_metre,
            length_metre=length_metre,
            library=device_model("cmos45.lib"),
        )

    @property
    def fingerprint(self) -> str:
        """A digest of the transistor and of everything in its library's files."""
        return f"{self.line('x', 'd', 'g', 's', 'b')}|{self.section}|{self._contents.digest}"

    @property
    def _is_subcircuit(self) -> bool:
        return self.model.lower() in self._contents.subcircuits

    @property
    def _is_model(self) -> bool:
        name = self.model.lower()
        binned = re.compile(re.escape(name) + r"\.\d+")
        return name in self._contents.models or any(map(binned.fullmatch, self._contents.models))

    def preamble(self) -> str:
        """Return the line that makes the model known, needed once in a deck.

        Returns
        -------
        str
            A ``.lib`` line with the section, or an ``.include`` line where there is none.
        """
        if self.section:
            return f'.lib "{self.library}" {self.section}'
        return f'.include "{self.library}"'

    def line(self, name: str, drain: str, gate: str, source: str, bulk: str) -> str:
        """Return the SPICE line of one instance.

        Parameters
        ----------
        name
            Name of the instance, without the letter of an element.
        drain, gate, source, bulk
            Nodes of its terminals.

        Returns
        -------
        str
            An ``M`` element, or an ``X`` call where the model is a subcircuit, with W and L in the
            library's own unit.
        """
        letter = "X" if self._is_subcircuit else "M"
        width = spice_number(self.width_metre / self.geometry_unit_metre)
        length = spice_number(self.length_metre / self.geometry_unit_metre)
        many = f" m={self.parallel}" if self.parallel > 1 else ""
        return (
            f"{letter}{name} {drain} {gate} {source} {bulk} {self.model} W={width} L={length}{many}"
        )
