"""One page of HTML for every study: self-contained, readable without a network.

A page is a list of sections, each a heading with prose, tables and figures in it. The figures are
inlined, so the file can be mailed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from xbar_circuit._files import write_text
from xbar_circuit.errors import ModelFileError

__all__ = ["Figure", "Section", "Table", "write_page"]

_NUMBER = re.compile(r"[<>~+-]?\.?\d")
_LONG = 40  # characters; a column of such cells is prose, though each begins with a number
#: Smallest size at which a figure of 10 pt letters and 150 dots per inch can be read.
_LEGIBLE = 0.42
_NATURAL = 0.75  # of these dots: letters of 15 pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of ready text; numbers are formatted by who knows their unit.

    The first column and columns without a number in them are aligned left, numbers right.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    @property
    def kinds(self) -> list[str]:
        """Class of each column in the page: ``"number"`` or ``"text"``."""
        found = []
        for k in range(len(self.columns)):
            cells = [row[k] for row in self.rows if k < len(row)]
            numbers = sum(bool(_NUMBER.match(cell)) for cell in cells)
            long = sum(len(cell) > _LONG for cell in cells)
            found.append("number" if k and numbers and 2 * long < len(cells) else "text")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A PNG file with the sentence that says what it shows."""

    path: Path
    caption: str

    @property
    def data_uri(self) -> str:
        """The image itself, as text.

        Raises
        ------
        ModelFileError
            The file is missing or unreadable.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelFileError(
                f"figure {self.path}: got {error}, expected a PNG file; draw it before the page"
            ) from error
        return "data:image/png;base64," + base64.b64encode(content).decode("ascii")

    @property
    def legible_width(self) -> int:
        """Width below which its letters are too small to read; a phone scrolls then [CSS pixel]."""
        return round(_LEGIBLE * self._dots)

    @property
    def natural_width(self) -> int:
        """Width at which its letters are about as large as the page's [CSS pixel]."""
        return round(_NATURAL * self._dots)

    @property
    def _dots(self) -> int:
        with self.path.open("rb") as file:  # the header of a PNG has its width at byte 16
            header = file.read(20)
        return int.from_bytes(header[16:20], "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and its paragraphs, tables, figures, code and links to files, in this order.

    code : text that is shown letter by letter, such as a TOML file.
    files : paths relative to the page.
    """

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    code: str = ""
    files: Sequence[str] = ()


def write_page(
    path: Path,
    *,
    title: str,
    lead: str,
    sections: Sequence[Section],
    key_numbers: Mapping[str, str] | None = None,
    footer: str = "",
) -> None:
    """Write one self-contained HTML page, whole or not at all.

    Parameters
    ----------
    path
        Where to; the folder is made if it is missing.
    title, lead
        Heading, and the one sentence under it.
    sections
        What follows.
    key_numbers
        Label -> ready text of the few numbers that a reader looks for first.
    footer
        Versions, seeds, command: how to make the page again.

    Raises
    ------
    ModelFileError
        A figure is missing.
    OSError
        The page cannot be written.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> section = Section(title="Losses", paragraphs=["Word lines lose most."])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "index.html"
    ...     write_page(path, title="IR drop", lead="128 x 128 cells", sections=[section])
    ...     print("<h2>Losses</h2>" in path.read_text(encoding="utf-8"))
    True
    """
    environment = Environment(
        loader=PackageLoader("xbar_circuit.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page.html").render(
        title=title,
        lead=lead,
        sections=sections,
        key_numbers=dict(key_numbers or {}),
        footer=footer,
    )
    write_text(path, html)
