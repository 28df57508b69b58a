"""Values of an accelerator's file that are legal and probably not meant."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator.settings import InferenceSettings, read_settings
from xbar_circuit.cli._words import LARGEST_LIKELY
from xbar_circuit.units import engineering

__all__ = ["read_config"]


def read_config(path: Path) -> InferenceSettings:
    """Return what the file of ``--config`` says, with a warning of each doubtful conductance.

    Raises
    ------
    ParameterError, ModelFileError, OSError
        As :func:`xbar_circuit.accelerator.settings.read_settings`.
    """
    settings = read_settings(path)
    named = {"accelerator": settings.accelerator}
    named |= {f"layers.{name}": one for name, one in settings.elsewhere.items()}
    warn = SafeConsole(stderr=True)
    for name, one in named.items():
        largest = one.synapse.g_max_siemens
        if largest > LARGEST_LIKELY:
            warn.print(
                f"warning: {name}.synapse.g_max_siemens of {engineering(largest, 'S')}; the unit is"
                " siemens: write 25e-6 for 25 microsiemens",
                style="yellow",
                highlight=False,
                soft_wrap=True,
            )
    return settings
