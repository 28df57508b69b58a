"""Plain ``ngspice -b``, as a designer runs a deck; also where ngspice lies in the source tree."""

import os
import shutil
import subprocess
from pathlib import Path

from xbar_circuit import spice


def program() -> str:
    """The ngspice program that came with the library, or the one on the search path."""
    library = spice.locate().library.resolve()
    own = [parent / "bin" / "ngspice" for parent in library.parents[:3]]
    found = next((path for path in own if path.is_file()), None) or shutil.which("ngspice")
    assert found, "ngspice -b: the program is not beside its library and not on the search path"
    return str(found)


def run_deck(deck: Path) -> subprocess.CompletedProcess[str]:
    """Run a deck in its own folder."""
    home = spice.locate().scripts
    return subprocess.run(
        [program(), "-b", deck.name],
        cwd=deck.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **({} if home is None else {"SPICE_SCRIPTS": str(home)})},
    )
