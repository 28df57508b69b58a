"""Options that only mean something with another one are refused without it, not ignored."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from xbar_circuit.errors import ParameterError

__all__ = ["refuse_idle", "typed_as", "was_given"]


def was_given(context: typer.Context, name: str) -> bool:
    """Return whether an argument was typed, whatever its value."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def typed_as(context: typer.Context, name: str) -> str:
    """Return the option of an argument, as it is typed."""
    return next((p.opts[0] for p in context.command.params if p.name == name), name)


def refuse_idle(context: typer.Context, needs: Mapping[str, str]) -> None:
    """Refuse an option that was typed although nothing would look at it.

    Parameters
    ----------
    context
        Of the verb.
    needs
        Argument that has no effect in this run -> the options with which it has one.

    Raises
    ------
    ParameterError
        One was typed; the message names it and what it needs.
    """
    for name, needed in needs.items():
        if was_given(context, name):
            raise ParameterError.about(
                typed_as(context, name),
                got="an option that has no effect here",
                expected=f"{needed} with it",
                remedy="give that too, or leave it out",
            )
