"""The text: the King James Version of the Bible, in the public domain, by its Debian package.

``apt-get install bible-kjv-text`` puts it at ``/usr/lib/bible.data``: a table of big-endian offsets
and, from each, 64 KiB of text in the format of ``compress`` without its three bytes of header.
Every line is one verse behind its reference (``Ge1:1 In the beginning ...``); the references are
dropped, an empty line parts the chapters.

Every twentieth chapter is kept for the test and every twentieth for the choice of settings
(validation); a network never sees either in its training. The package carries the test chapters and
a few of the training chapters, by which the ranges of a chip are set.
"""

from __future__ import annotations

import gzip
import re
import struct
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from xbar_circuit.errors import ModelFileError
from xbar_circuit.resources import data_file

__all__ = ["DEBIAN_FILE", "Chapters", "read_debian", "shipped_text", "split_chapters"]

#: Where the Debian package ``bible-kjv-text`` puts the text.
DEBIAN_FILE = Path("/usr/lib/bible.data")

_MAGIC = b"EC02Compressed Data File"
_TABLE = 0x5C  # where the offsets begin; their count stands 4 bytes before, less the last
_COMPRESS = b"\x1f\x9d\x90"  # header of compress: 16 bits, block mode
_VERSE = re.compile(r"(\w+?)(\d+):(\d+) (.*)")
_EVERY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapters:
    """Three parts of a text that share no chapter, and a sample of the first.

    train, validation, test : one verse a line, an empty line between chapters.
    calibration : every hundredth chapter, all of them of `train`.
    """

    train: str
    calibration: str
    validation: str
    test: str


def read_debian(path: Path | str = DEBIAN_FILE) -> str:
    """Return the text of the Debian package, one verse a line behind its reference.

    Parameters
    ----------
    path
        The file ``bible.data``.

    Raises
    ------
    ModelFileError
        There is no such file, or it is another one.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"text: got {path} ({error}), expected the file bible.data of the Debian package"
            " bible-kjv-text; apt-get install bible-kjv-text, or give its path"
        ) from error
    if not data.startswith(_MAGIC):
        raise ModelFileError(
            f"text: got {path}, which does not begin with {_MAGIC.decode()!r}, expected the file"
            " bible.data of the Debian package bible-kjv-text; give its path"
        )
    (count,) = struct.unpack_from(">I", data, _TABLE - 4)
    offsets = struct.unpack_from(f">{count + 1}I", data, _TABLE)
    return "".join(_expanded(data[start:end]) for start, end in pairwise(offsets))


def _expanded(window: bytes) -> str:
    """Return one window's text; gzip reads the format of compress."""
    done = subprocess.run(
        ["gzip", "-dc"],  # noqa: S607
        input=_COMPRESS + window,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ModelFileError(
            f"text: gzip said {done.stderr.decode().strip()!r}, expected a window of compressed"
            " text; install the Debian package bible-kjv-text again"
        )
    return done.stdout.decode("ascii")


def split_chapters(text: str) -> Chapters:
    r"""Cut a text with references into chapters, and these into three parts.

    Parameters
    ----------
    text
        As `read_debian` gives it.

    >>> parts = split_chapters("".join(f"Ge{k}:1 In verse {k}.\n" for k in range(1, 41)))
    >>> parts.test
    'In verse 20.\n\nIn verse 40.\n\n'
    >>> parts.validation
    'In verse 10.\n\nIn verse 30.\n\n'
    """
    chapters: dict[str, list[str]] = {}
    for line in text.splitlines():
        verse = _VERSE.fullmatch(line)
        if verse is not None:
            chapters.setdefault(f"{verse[1]} {verse[2]}", []).append(verse[4])
    whole = ["\n".join([*verses, "", ""]) for verses in chapters.values()]

    def those(remainders: set[int], every: int = _EVERY) -> str:
        return "".join(c for k, c in enumerate(whole, start=1) if k % every in remainders)

    held_out = {0, _EVERY // 2}
    return Chapters(
        train=those(set(range(_EVERY)) - held_out),
        calibration=those({1}, 5 * _EVERY),
        validation=those({_EVERY // 2}),
        test=those({0}),
    )


def shipped_text(name: str) -> str:
    """Return a text of the package: ``"test"``, or ``"calibration"``, which is training text.

    Raises
    ------
    ModelFileError
        There is no such file.
    """
    return gzip.decompress(data_file(f"kjv/{name}.txt.gz").read_bytes()).decode("ascii")
