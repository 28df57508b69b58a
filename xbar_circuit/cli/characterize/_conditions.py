"""Under which conditions a circuit is measured, as the command line asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli.characterize._subcircuit import pairs
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.units import parse_spice

__all__ = ["Conditions", "footer_of"]

# Threshold mismatch [V] of our circuits by the area of their gates, 2 mV um / sqrt(W L) (Pelgrom et
# al., IEEE J. Solid-State Circuits 24, 1433, 1989; the constant is a textbook value for 45 nm)
_MISMATCH = {
    "amplifier": {"offset_volt": 2e-3},
    "transistor-amplifier": {"dvtp": 1e-3, "dvtn": 3.2e-3},
    "conveyor": {"offset_ampere": 0.5e-6},
    "transistor-conveyor": {"dvtp": 1.4e-3, "dvtn": 3.2e-3, "dvtc": 0.5e-3, "dvtm": 0.4e-3},
    "sense-amplifier": {
        "dvt1": 4.5e-3,
        "dvt2": 4.5e-3,
        "dvt3": 6.3e-3,
        "dvt4": 6.3e-3,
        "dvt5": 8.9e-3,
        "dvt6": 8.9e-3,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What to measure besides the nominal circuit, and by how many workers.

    vary : ``"dvtp=1m,dvtn=3m"``, or empty for our circuits' own mismatch.
    samples : more than one is a Monte Carlo study.
    """

    celsius: list[float]
    corners: list[str]
    supplies: list[dict[str, float]]
    vary: str
    samples: int
    kit_samples: int
    workers: int
    seed: int

    def mismatch(self, kind: str, circuit: Subcircuit | None) -> dict[str, float]:
        """Return the standard deviations: what was given, else what we know of our circuits.

        Raises
        ------
        ParameterError
            Samples of a user's circuit are asked for, and nothing says of what.
        """
        given = {key: parse_spice(text) for key, text in pairs("--vary", self.vary).items()}
        if given or circuit is None:
            return given or _MISMATCH.get(kind, {})
        if self.samples > 1 and not self.kit_samples:
            raise ParameterError.about(
                "--samples",
                got=f"{self.samples} samples of a circuit of your own",
                expected="its mismatch",
                remedy="give --vary PARAMETER=SIGMA, or --kit-samples for the library's own",
            )
        return {}


def footer_of(conditions: Conditions, own: Subcircuit | None = None) -> str:
    """Return the line under a page: by what, under which conditions and of which files it is.

    Parameters
    ----------
    conditions
        As asked for.
    own
        The circuit, of whose files and supplies it tells.
    """
    parts = [f"{', '.join(f'{celsius:g}' for celsius in conditions.celsius)} C"]
    if conditions.corners:
        parts.append(f"corners {', '.join(conditions.corners)}")
    if conditions.supplies:
        rails = [
            " ".join(f"{port}={volt:g}" for port, volt in one.items())
            for one in conditions.supplies
        ]
        parts.append(f"supplies {', '.join(rails)}")
    if own is not None:
        rails = [f"{port} {volt:g} V" for port, volt in own.supplies.items()]
        libraries = [f"{path.name}{f' {corner}' if corner else ''}" for path, corner in own.models]
        parts.append(f"{own.path.name} ({own.name}), {', '.join([*rails, *libraries])}")
    samples = f"{conditions.samples} samples" if conditions.samples > 1 else "one sample"
    if conditions.kit_samples:
        samples = f"{conditions.kit_samples} samples of the library"
    return made_by(*parts, f"{samples}, seed {conditions.seed}")
