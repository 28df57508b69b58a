"""CSV that a spreadsheet shows and does not compute.

A cell of text that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet, which
may start programs or fetch pages; names come from files of others. Such a text gets an apostrophe
in front, as the OWASP page on CSV injection advises; numbers stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

__all__ = ["csv_text"]

_FORMULA = re.compile(r"[\s\x00]*[=+\-@\uff0b\uff0d\uff1d\uff20]")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    r"""Return rows as CSV.

    Parameters
    ----------
    rows
        Cells: numbers, text, None for an empty one.

    Returns
    -------
    str
        A line for each row, ended by a newline.

    >>> csv_text([["=1+1", -2.5, "-3e-6", None]])
    "'=1+1,-2.5,-3e-6,\n"
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return text.getvalue()


def _shown(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    if _FORMULA.match(text) is None:
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False
