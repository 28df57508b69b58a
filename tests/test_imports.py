"""What an import pays for: nothing that is not used."""

import json
import subprocess
import sys

import pytest

import xbar_circuit as xc

_LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded_after(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{_LOADED}"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_the_package_imports_no_heavy_library():
    heavy = {"numpy", "scipy", "matplotlib", "PySpice", "typer", "numba", "torch"}
    assert not heavy & set(loaded_after("import xbar_circuit"))


def test_a_read_needs_neither_pictures_nor_simulators_nor_optimisers():
    code = """
import xbar_circuit as xc
bar = xc.Crossbar(conductance=[[1e-6]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
xc.nodal.read(bar, [0.1])"""
    loaded = set(loaded_after(code))
    assert not {"matplotlib", "PySpice", "typer", "torch", "scipy.optimize"} & loaded
    assert "xbar_circuit.studies" not in loaded


def test_the_list_of_verbs_imports_no_verb():
    code = """
from xbar_circuit import cli
try:
    cli.app(["--help"], standalone_mode=False)
except SystemExit:
    pass"""
    loaded = loaded_after(code)
    assert not [
        name for name in loaded if name.startswith("xbar_circuit.cli.") and "._" not in name
    ]
    assert "numpy" not in loaded


@pytest.mark.parametrize("name", xc.__all__)
def test_every_public_name_is_found(name):
    assert getattr(xc, name) is not None
    assert name in dir(xc)


def test_a_room_that_is_not_listed_is_found_and_nonsense_is_not():
    assert xc.agreement.__name__ == "xbar_circuit.agreement"
    with pytest.raises(AttributeError, match="nonsense"):
        _ = xc.nonsense
