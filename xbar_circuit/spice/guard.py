"""What a deck may do: a look at text before it reaches the simulator.

ngspice decks can run programs: a control block has a shell, a comment that starts with ``*#`` is a
command, and two digital code models start a process or load a library. None of it is needed to
describe a circuit, so it is refused unless the caller allows it, in the deck and in every file it
includes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from xbar_circuit.errors import ModelFileError

__all__ = ["check_text", "plain_lines"]

_COMMAND = re.compile(
    r"^[ \t]*(?:\.control|\.endc|\*#|\*[ \t]*ng_script)|\bd_process\b|\bd_cosim\b",
    re.IGNORECASE | re.MULTILINE,
)
# what our own decks say to print all digits in batch mode
_HARMLESS = re.compile(
    r"^\.control[ \t]*\nset numdgt=\d+[ \t]*\n\.endc[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_BREAKS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_SIGNS = (".control", ".endc", "*#", "ng_script", "d_process", "d_cosim")
_INCLUDE = re.compile(
    r"""^[ \t]*\.(?P<word>inc|lib)[^\s"']*[ \t]+
        (?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s"']+))(?P<rest>[^\n]*)$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_DEEPEST = 32


def check_text(text: str, *, folder: Path, origin: str, allow_control: bool) -> None:
    """Refuse a deck that runs commands or includes what is not there.

    Parameters
    ----------
    text
        SPICE text.
    folder
        Where its relative file names start from.
    origin
        What to call the text in a message.
    allow_control
        Let commands pass; missing files are refused all the same.

    Raises
    ------
    ModelFileError
        A control block, a command in a comment, a code model that starts programs; or an included
        file that is missing or unreadable.
    """
    _check(text, (folder,), origin, allow_control=allow_control, depth=0, seen=set())


def plain_lines(text: str) -> str:
    r"""Return the text with every kind of line break as a newline.

    What stands between the deck and ngspice breaks lines at more characters than newlines; a
    command behind one of them must not look like the tail of a harmless line.

    >>> plain_lines("R1 a 0 1k\r.control")
    'R1 a 0 1k\n.control'
    """
    return "\n".join(text.splitlines()) if any(sign in text for sign in _BREAKS) else text


def _check(
    text: str,
    folders: tuple[Path, ...],
    origin: str,
    *,
    allow_control: bool,
    depth: int,
    seen: set[Path],
) -> None:
    text = plain_lines(text)
    lower = text.lower()
    if not allow_control and any(sign in lower for sign in _SIGNS):  # the quick look comes first
        found = _COMMAND.search(_HARMLESS.sub("\n\n", text))
        if found is not None:
            line = text.count("\n", 0, found.start()) + 1
            raise ModelFileError(
                f"{origin}, line {line}: got {found.group().strip()!r}, expected a circuit and"
                " nothing that runs commands; take it out, or pass allow_control=True if you"
                " trust this text with your account"
            )
    if depth > _DEEPEST:
        raise ModelFileError(
            f"{origin}: got files that include each other more than {_DEEPEST} deep, expected an"
            " end; look for a file that includes itself"
        )
    if not any(word in lower for word in (".inc", ".lib")):
        return
    for name in _names(text):
        path = _resolve(name, folders, origin)
        if path in seen:
            continue
        seen.add(path)
        try:
            inner = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ModelFileError(
                f"{origin}: got {path} which cannot be read ({error.strerror}), expected a"
                " readable file; check its permissions"
            ) from error
        _check(
            inner,
            (path.parent, *folders[-1:]),
            str(path),
            allow_control=allow_control,
            depth=depth + 1,
            seen=seen,
        )


def _names(text: str) -> Iterator[str]:
    """Yield the file names of ``.include FILE`` and ``.lib FILE SECTION``.

    A ``.lib NAME`` alone opens a section inside a library and names no file.
    """
    for match in _INCLUDE.finditer(text):
        name = match["double"] or match["single"] or match["bare"] or ""
        rest = re.split(r"[;$]", match["rest"], maxsplit=1)[0].strip()
        if match["word"].lower() == "lib" and not rest:
            continue
        yield name


def _resolve(name: str, folders: tuple[Path, ...], origin: str) -> Path:
    wanted = Path(name).expanduser()
    for folder in folders:
        path = folder / wanted
        if path.is_file():
            return path.resolve()
    raise ModelFileError(
        f"{origin}: got an include of {name!r} which is not there, expected it in"
        f" {' or '.join(map(str, dict.fromkeys(folders)))}; give its absolute path, or pass"
        " folder="
    )
