"""The grammar of what matters beyond a circuit: includes, sections, commands.

A text is cut into parts: plain lines, which are only cleaned, and references to other files. A
dot word counts at the beginning of a line, as in ngspice (`inpcom.c`: there each card is compared
with ``.inc``, ``.lib``, ``.control`` by its first letters, so that ``.incredible`` includes too).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from xbar_circuit.errors import ModelFileError

__all__ = ["Part", "Reference", "Source", "parse", "section_name"]


@dataclass(frozen=True, slots=True)
class Reference:
    """An ``.include FILE`` (no section) or ``.lib FILE SECTION`` in line `line`."""

    file: str
    section: str
    line: int


Part = str | Reference


@dataclass(frozen=True, slots=True)
class Source:
    """One text taken apart.

    whole : its parts outside any section.
    sections : the parts of each section, by its name in lower case; the first of a name counts.
    """

    whole: tuple[Part, ...]
    sections: dict[str, tuple[Part, ...]]


# a card of which nothing but its first letters decides what ngspice does with it
_SPECIAL = re.compile(
    r"^[ \t]*(?P<word>\.(?:inc|lib|endl|control|endc|title)[^\s\"'(]*|\.end(?=[ \t\n;$/])"
    r"|@|\*[ \t]*ng_script|\*[ \t]*#(?=[ \t]*[a-z]))(?P<rest>[^\n]*)\n",
    re.IGNORECASE | re.MULTILINE | re.ASCII,
)
_PROGRAMS = re.compile(r"\bd_(?:process|cosim)\b", re.IGNORECASE | re.ASCII)
# what our own decks say to print all digits in batch mode
_HARMLESS = re.compile(
    r"^\.control[ \t]*\nset numdgt=\d{1,3}[ \t]*\n\.endc[ \t]*$",
    re.IGNORECASE | re.MULTILINE | re.ASCII,
)
_BLANK = re.compile(r"^[ \t]*(?:(?:[*#;$]|//)[^\n]*)?\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_CONTINUED = re.compile(r"^\+[ \t]*", re.MULTILINE)
_BACKSLASHES = re.compile(r"\\\\[ \t]*\n(?:\+[ \t]*)?(?=[^\n])")
_OPEN_END = re.compile(r"\\\\[ \t]*\n?\Z")
_FILE = re.compile(
    r"""[ \t]+(?:"(?P<double>[^"\n]+)"|'(?P<single>[^'\n]+)'|(?P<bare>[^\s"';]+))"""
    r"""(?:[ \t]+(?!\$[ \t]|//)(?P<quote>["']?)(?P<section>[^\s"';]+)(?P=quote))?"""
    r"""[ \t]*(?:;.*|(?<=[ \t])(?:\$|//).*)?""",
)
_INCLUDES = (".inc", ".incl", ".include")


def parse(text: str, origin: str, *, old_lib: bool, allow_control: bool, first: int = 1) -> Source:
    """Take a checked text apart.

    Parameters
    ----------
    text
        What :func:`~xbar_circuit.spice_text.checked` returned.
    origin
        Its name in messages.
    old_lib
        ``.lib FILE`` includes a file, as in PSpice and LTspice; otherwise ``.lib NAME`` opens a
        section.
    allow_control
        Keep commands and comments as they are.
    first
        Number of its first line.

    Raises
    ------
    ModelFileError
        Commands; a card that cannot be understood.
    """
    return _Parser(text, origin, old_lib=old_lib, allow_control=allow_control, first=first).source()


def section_name(word: str) -> str:
    """Return a section's name as it is compared: without quotes, in lower case."""
    return word.strip().strip("\"'").lower()


class _Parser:
    def __init__(
        self, text: str, origin: str, *, old_lib: bool, allow_control: bool, first: int
    ) -> None:
        self._text = text
        self._origin = origin
        self._old_lib = old_lib
        self._free = allow_control
        self._first = first
        self._whole: list[Part] = []
        self._sections: dict[str, list[Part]] = {}
        self._section: str | None = None
        self._parts = self._whole
        self._commands = False
        self._joined = True  # a `+` may not follow: the last card was not a circuit's

    def source(self) -> Source:
        text = self._text
        if not self._free:
            text = _HARMLESS.sub("\n\n", text)
        end = 0
        for match in _SPECIAL.finditer(text):
            line = self._first + text.count("\n", 0, match.start())
            self._plain(text[end : match.start()], line)
            self._card(match["word"], match["rest"], match.group(), line)
            end = match.end()
        self._plain(text[end:], self._first + text.count("\n", 0, end))
        if self._section is not None:
            self._refuse(
                self._first + text.count("\n"),
                f"no end of the section {self._section!r}",
                ".endl behind it",
                "close it",
            )
        return Source(
            whole=tuple(self._whole),
            sections={name: tuple(parts) for name, parts in self._sections.items()},
        )

    def _plain(self, text: str, line: int) -> None:
        if not text:
            return
        if not self._free:
            text = _CONTINUED.sub("+ ", _INDENT.sub("", _BLANK.sub("", text)))
            if "\\\\" in text:
                text = _BACKSLASHES.sub("\n+ ", text)
                if _OPEN_END.search(text):
                    self._refuse(
                        line + text.count("\n"), "a line that goes on", "its other half", "add it"
                    )
            found = _PROGRAMS.search(text)
            if found is not None:
                self._refuse_command(line, found.group())
        if self._joined and text.lstrip(" \t\n").startswith("+"):
            self._refuse(line, "a continuation of a line that is no part of a circuit", "none", "")
        if text.strip():
            self._joined = False
            self._parts.append(text)

    def _card(self, word: str, rest: str, card: str, line: int) -> None:
        word = word.lower()
        begins, ends = word.startswith(".control"), word.startswith(".endc")
        if self._free and (self._commands or begins or ends or word[0] in "*@"):
            self._commands = (self._commands or begins) and not ends
            self._parts.append(card)
            return
        if begins or ends or word[0] in "*@":
            self._refuse_command(line, word + rest)
        self._joined = True
        if word in _INCLUDES:
            self._reference(word, rest, line)
        elif word == ".lib":
            self._lib(rest, line)
        elif word.startswith(".endl"):
            self._end_section(line)
        elif word not in {".end", ".title"}:  # both are ours to write
            self._refuse(line, repr(word), ".include or .lib", "correct the word")

    def _lib(self, rest: str, line: int) -> None:
        found = self._file(".lib", rest, line)
        if found.section or self._old_lib:
            self._parts.append(found)
            return
        if self._section is not None:
            self._refuse(
                line, f"a section inside the section {self._section!r}", ".endl first", "close it"
            )
        self._section = section_name(found.file)
        new: list[Part] = []
        self._parts = new
        self._sections.setdefault(self._section, new)

    def _end_section(self, line: int) -> None:
        if self._section is None:
            self._refuse(line, ".endl outside of a section", ".lib NAME before it", "take it out")
        self._section = None
        self._parts = self._whole

    def _reference(self, word: str, rest: str, line: int) -> None:
        found = self._file(word, rest, line)
        if found.section:
            self._refuse(
                line, f"two names behind {word}", "one", "put a name with blanks into quotes"
            )
        self._parts.append(found)

    def _file(self, word: str, rest: str, line: int) -> Reference:
        match = _FILE.fullmatch(rest)
        if match is None:
            self._refuse(
                line,
                repr((word + rest).strip()),
                f'{word} "FILE" with whole quotes and nothing behind but a section or a comment',
                "correct the line",
            )
        name = match["double"] or match["single"] or match["bare"] or ""
        return Reference(name, section_name(match["section"] or ""), line)

    def _refuse_command(self, line: int, what: str) -> None:
        self._refuse(
            line,
            repr(what.strip()[:80]),
            "a circuit and nothing that runs commands",
            "take it out, or pass allow_control=True if you trust this text with your account",
        )

    def _refuse(self, line: int, got: str, expected: str, remedy: str) -> NoReturn:
        raise ModelFileError(
            f"{self._origin}, line {line}: got {got}, expected {expected}; {remedy}"
        )
