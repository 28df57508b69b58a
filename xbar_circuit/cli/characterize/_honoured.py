"""Options that would have no effect are refused, not ignored."""

from __future__ import annotations

from collections.abc import Collection

import typer

from xbar_circuit.cli._idle import typed_as, was_given
from xbar_circuit.errors import ParameterError

__all__ = ["OWN_CIRCUIT", "refuse_ignored", "refuse_unused"]

#: What every part of the verb looks at.
_ALWAYS = ("circuit", "out", "image_format")
#: What describes a circuit of the user's own, besides ``--subcircuit``.
OWN_CIRCUIT = ("ports", "supplies", "library", "bias", "osdi", "compatibility", "accept")


def refuse_ignored(context: typer.Context, kind: str, honoured: Collection[str]) -> None:
    """Refuse an option that was given and that what is measured does not look at.

    Raises
    ------
    ParameterError
        There is one; the message names it and those that have an effect.
    """
    for name in context.params:
        if not was_given(context, name) or name in honoured or name in _ALWAYS:
            continue
        raise ParameterError.about(
            typed_as(context, name),
            got=f"an option that has no effect on {kind}",
            expected="one of "
            + ", ".join(typed_as(context, one) for one in sorted(honoured) if one != "circuit"),
            remedy="leave it out",
        )
    if "subcircuit" in honoured and not context.params.get("subcircuit"):
        alone = [name for name in OWN_CIRCUIT if context.params.get(name)]
        if alone:
            raise ParameterError.about(
                typed_as(context, alone[0]),
                got=f"it without a circuit of your own for {kind}",
                expected="--subcircuit FILE:NAME with it",
                remedy="give the circuit, or leave the option out",
            )


def refuse_unused(context: typer.Context, *, samples: int, kit_samples: int) -> None:
    """Refuse options of a Monte Carlo study without samples, and of a circuit without one.

    Raises
    ------
    ParameterError
        There is one.
    """
    idle = [] if samples > 1 else ["vary"]
    known = set(context.params) - set(idle)
    varied = context.params.get("corner") or context.params.get("supply")
    if samples == 1 and not kit_samples and not varied:
        several = len(context.params.get("celsius") or ()) > 1
        known -= set() if several else {"workers"}
    refuse_ignored(context, "a single sample", known)
