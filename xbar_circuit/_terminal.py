"""The terminal: names from files are shown as they are written, and change nothing there.

A layer may be called ``[/foo]`` or carry an escape sequence; neither is markup or a command.
"""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["SafeConsole", "shown"]

# C0 but tab and newline, DEL and C1: escape sequences begin with one of them
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def shown(text: str) -> str:
    r"""Return a text whose control characters are replaced.

    >>> shown("conv1\x1b[2J")
    'conv1\ufffd[2J'
    """
    return _CONTROL.sub("\ufffd", text)


class SafeConsole(Console):
    """A console without markup and emoji codes, whose control characters become U+FFFD.

    stderr : whether it writes to the standard error.
    soft_wrap : whether long lines are left to the terminal.
    """

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text as it is shown."""
        return super().render_str(shown(text), **options)
