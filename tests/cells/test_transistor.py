"""A transistor's model is found before anything is simulated, or refused by its own name."""

import dataclasses

import pytest

import xbar_circuit as xc
from xbar_circuit.devices import Transistor
from xbar_circuit.devices._model_library import scan

LIBRARY = """* a kit
.lib tt
.include "models/core.inc"
.param vt=0.4
.endl tt
.lib ff
.subckt nfet d g s b
.model inner nmos level=1
M1 d g s b inner W=1u L=1u
.ends nfet
.endl ff
"""
CORE = """.model nch.1 nmos level=1 vto=0.4 kp=1e-3
+ lambda=0.1
.model nch.2 nmos level=1 vto=0.5
"""


@pytest.fixture
def kit(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "core.inc").write_text(CORE)
    library = tmp_path / "kit.lib"
    library.write_text(LIBRARY)
    return library


def of(kit, **changes):
    parts = {"model": "nch", "section": "tt", "width_metre": 1e-6, "length_metre": 1e-6}
    return Transistor(library=kit, **(parts | changes))


def test_a_section_has_what_it_includes_and_no_other_sections(kit):
    assert scan(kit, "TT").models == {"nch.1", "nch.2"}
    assert scan(kit, "ff").subcircuits == {"nfet"}
    assert scan(kit, "ff").models == frozenset()  # a subcircuit's own model is not seen outside
    assert scan(kit, "tt").sections == ("tt", "ff")


def test_a_binned_model_is_an_element_and_a_subcircuit_a_call(kit):
    assert of(kit).line("1", "d", "g", "s", "b") == "M1 d g s b nch W=1e-06 L=1e-06"
    call = of(kit, section="ff", model="nfet", geometry_unit_metre=1e-6, parallel=2)
    assert call.line("1", "d", "g", "s", "b") == "X1 d g s b nfet W=1.0 L=1.0 m=2"
    assert call.preamble() == f'.lib "{kit}" ff'


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": "pch"}, "pch.*nch.1, nch.2"),
        ({"section": "ss"}, "ss.*tt, ff"),
        ({"model": "inner", "section": "ff"}, "inner.*nfet"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(kit, changes, named):
    with pytest.raises(xc.ModelFileError, match=named):
        of(kit, **changes)


def test_missing_files_are_named(kit):
    with pytest.raises(xc.ModelFileError, match=r"nowhere\.lib"):
        of(kit.with_name("nowhere.lib"))
    (kit.parent / "models" / "core.inc").unlink()
    with pytest.raises(xc.ModelFileError, match=r"kit\.lib, line 3: .*core\.inc"):
        of(kit)


def test_files_that_include_each_other_come_to_an_end(tmp_path):
    a, b = tmp_path / "a.lib", tmp_path / "b.lib"
    a.write_text('.include "b.lib"\n.model m nmos\n')
    b.write_text('.include "a.lib"\n')
    with pytest.raises(xc.ModelFileError, match="32 deep"):
        scan(a)


def test_the_fingerprint_follows_included_files(kit):
    before = of(kit).fingerprint
    assert of(kit).fingerprint == before
    (kit.parent / "models" / "core.inc").write_text(CORE.replace("0.4", "0.41"))
    assert of(kit).fingerprint != before
    assert dataclasses.replace(of(kit), width_metre=2e-6).fingerprint != of(kit).fingerprint


@pytest.mark.parametrize("value", [0.0, -1e-7, float("nan"), float("inf")])
def test_impossible_geometry_is_refused(value):
    with pytest.raises(xc.ParameterError, match="width_metre"):
        Transistor.nmos45(width_metre=value)
