"""From bytes to text: one encoding, one line end, no control characters."""

from __future__ import annotations

import re
from pathlib import Path

from xbar_circuit.errors import ModelFileError

__all__ = ["checked", "read", "read_bytes", "text_of"]

_LARGEST_BYTES = 1 << 28
# all of C0 but tab and newline, DEL, C1, the two separators that some readers end a line at, and
# halves of a character, which no file can hold
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read(path: str | Path) -> str:
    """Return a SPICE file's text.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ModelFileError
        It is missing, unreadable, larger than 256 MiB, or has characters that are not text.
    """
    path = Path(path)
    return text_of(read_bytes(path, str(path)), str(path))


def read_bytes(path: Path, origin: str) -> bytes:
    """Return the content of a regular file of a sensible size.

    Raises
    ------
    ModelFileError
        It is missing, unreadable, not a regular file, or larger than 256 MiB.
    """
    try:
        if not path.is_file():
            raise ModelFileError(
                f"{origin}: got {path} which is not a file, expected a SPICE file; correct the path"
            )
        if path.stat().st_size > _LARGEST_BYTES:
            raise ModelFileError(
                f"{origin}: got {path} of {path.stat().st_size} bytes, expected at most"
                f" {_LARGEST_BYTES}; include only the section that is needed"
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:  # the second: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(
            f"{origin}: got {path} which cannot be read ({reason}), expected a readable file;"
            " check its path and permissions"
        ) from error


def text_of(content: bytes, origin: str) -> str:
    """Return bytes as checked text: UTF-8, or else Windows-1252 as older kits have it.

    Raises
    ------
    ModelFileError
        See :func:`checked`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return checked(text, origin)


def checked(text: str, origin: str) -> str:
    r"""Return the text with newlines as its only line ends, ending with one.

    A carriage return counts as part of a line end only where a newline follows it.

    Parameters
    ----------
    text
        Text of a file.
    origin
        Where it comes from, for errors.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ModelFileError
        There is a control character other than tab and newline, or another kind of line end.

    >>> checked("R1 a 0 1k\r\nR2 a 0 1k", "the deck")
    'R1 a 0 1k\nR2 a 0 1k\n'
    """
    text = text.replace("\r\n", "\n")
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise ModelFileError(
            f"{origin}, line {line}: got the control character U+{ord(found.group()):04X}, expected"
            " text whose lines end with a newline (or carriage return and newline); take it out"
        )
    return text if text.endswith("\n") or not text else text + "\n"
