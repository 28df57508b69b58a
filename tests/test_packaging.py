"""Wheel and sdist carry everything: installed outside the source tree, the package still works."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from xbar_circuit.spice import simulator

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"xbar_circuit": "", "device_models": "xbar_circuit/", "netlists": "xbar_circuit/"}

USE_IT = """
import json, pathlib, sys
import numpy as np
import xbar_circuit as xc
from xbar_circuit import resources
from xbar_circuit.agreement import known_cases

home = pathlib.Path(sys.prefix).resolve()
assert home in pathlib.Path(xc.__file__).resolve().parents, xc.__file__
files = [resources.device_model("README.md"), resources.netlist_file("handwritten/divider.cir")]
assert all(home in path.resolve().parents for path in files), files
divider = xc.spice.run(files[1].read_text(encoding="utf-8"), xc.spice.Op())
xbar = xc.Crossbar(
    conductance=np.full((4, 3), 1e-5), wires=xc.Wires(row_ohm=5.0, column_ohm=7.0)
)
exact = xc.spice.read(xbar, [0.1, 0.2, 0.3, 0.2])
fast = xc.nodal.read(xbar, [0.1, 0.2, 0.3, 0.2])
np.testing.assert_allclose(exact.column_current, fast.column_current, rtol=1e-9)
known = sum(1 for case in known_cases())
print(json.dumps({"points": len(divider.plots), "known": known, "version": xc.__version__}))
"""


def command(*words, cwd, environment=None):
    done = subprocess.run(
        [str(word) for word in words],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean_environment():
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    # where ngspice was unpacked into the source tree, the installed package has to be told
    return kept | {"NGSPICE_LIBRARY_PATH": str(simulator().installation.library)}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT), cwd=folder
    )
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """A clean environment with the wheel in it; only the dependencies are shared with ours."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    site = Path(
        command(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).strip()
    )
    command(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index"),
        *("--no-deps", built[1]),
        cwd=folder,
        environment=clean_environment(),
    )
    # a path, not a site folder: an editable install over there stays unseen
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def sources():
    return {
        prefix + path.relative_to(ROOT).as_posix()
        for folder, prefix in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)
        and path.suffix not in {".pyc", ".osdi"}
    }


def test_the_wheel_holds_every_source_and_model_file(built):
    names = set(zipfile.ZipFile(built[1]).namelist())
    assert sources() - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_can_make_and_test_itself(built):
    with tarfile.open(built[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"Makefile", "README.md", "LICENSE", "pyproject.toml", ".ci/setup", ".ci/run"} <= names
    assert "tests/test_packaging.py" in names
    assert not any(name.startswith((".venv", ".ngspice", "out/")) for name in names)


def test_the_installed_package_renders_and_runs_decks(installed):
    python = installed / "env" / "bin" / "python"
    said = command(python, "-c", USE_IT, cwd=installed, environment=clean_environment())
    assert '"points": 1' in said


def test_the_installed_command_line_works(installed):
    xbar = installed / "env" / "bin" / "xbar"
    assert "xbar_circuit" in command(
        xbar, "--version", cwd=installed, environment=clean_environment()
    )
    said = command(xbar, "doctor", cwd=installed, environment=clean_environment())
    assert "package files" in said
