"""Logical lines of a SPICE text: comments taken off, continuations joined."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["declared_sections", "statements"]

# a quoted string, or what begins a comment
_TOKEN = re.compile(r"""\\.|"(?:[^"\n\\]|\\.)*"|'[^'\n]*'|;|(?:(?<=[ \t,])|^)\$|//""")
_LIB = re.compile(
    r"""\.lib[ \t]+(?:"([^"]*)"|'([^']*)'|([^\s"']+))[ \t]*$""", re.IGNORECASE | re.ASCII
)


def statements(text: str) -> Iterator[str]:
    r"""Yield the logical lines of a text.

    A line is a comment from its beginning with ``*``, ``#``, ``;``, ``$`` or ``//``, and from a
    ``;``, ``//``, or a ``$`` behind a blank on, outside quotes; a line that begins with ``+``
    continues the one before, comments between them do not matter.

    Parameters
    ----------
    text
        Text of a file.

    Yields
    ------
    str
        One logical line, continuations joined and comments gone.

    >>> list(statements("* head\nR1 a 0 1k ; load\n* one\n+ tc1=1m $ more\n.ends\n"))
    ['R1 a 0 1k tc1=1m', '.ends']
    """
    whole = ""
    for raw in text.split("\n"):
        line = _uncommented(raw.strip(" \t\r"))
        if not line:
            continue
        if line.startswith("+"):
            whole += " " + line[1:].lstrip(" \t")
            continue
        if whole:
            yield whole.strip()
        whole = line
    if whole:
        yield whole.strip()


def declared_sections(text: str) -> tuple[str, ...]:
    r"""Return the names of the sections that a library file's text opens, as they are written.

    Parameters
    ----------
    text
        Text of a library file.

    Returns
    -------
    tuple
        The names, in order.

    >>> declared_sections(".lib tt\n.endl\n.lib ff\n.endl")
    ('tt', 'ff')
    """
    found = (_LIB.match(line) for line in statements(text) if line[:4].lower() == ".lib")
    return tuple(
        dict.fromkeys("".join(match.groups(default="")) for match in found if match is not None)
    )


def _uncommented(line: str) -> str:
    if line.startswith(("*", "#")):
        return ""
    if not any(sign in line for sign in (";", "$", "//")):
        return line
    for match in _TOKEN.finditer(line):
        if match.group()[0] in ";$/":
            return line[: match.start()].rstrip(" \t")
    return line
