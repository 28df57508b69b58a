"""Names: one meaning each, units in one spelling, nothing public that users do not need."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import types
from collections import defaultdict
from pathlib import Path

import xbar_circuit as xc
from xbar_circuit import glossary

ROOT = Path(xc.__file__).parent
MODULES = [
    m for m in pkgutil.walk_packages(xc.__path__, "xbar_circuit.") if "__main__" not in m.name
]
FACES = ["xbar_circuit", *(m.name for m in MODULES if m.ispkg)]
#: Rooms whose modules are one for each verb, reached by the command line only.
LEAVES = ("xbar_circuit.cli", "xbar_circuit.plots", "xbar_circuit.report")
#: Standard figures of merit and a technology's customary name.
CUSTOMARY = {"tops_per_mm2", "nm"}


def public():
    """Yield (face, name, object) of everything that a face exports, submodules excepted."""
    for face in FACES:
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            found = getattr(module, name)
            if not isinstance(found, types.ModuleType):
                yield face, name, found


def words_of(name, found):
    """Yield a name with its fields, methods and their arguments."""
    yield name
    if inspect.isfunction(found):
        yield from inspect.signature(found).parameters
    if not inspect.isclass(found):
        return
    if dataclasses.is_dataclass(found):
        yield from (field.name for field in dataclasses.fields(found))
    for member, value in vars(found).items():
        if not member.startswith("_"):
            yield member
            method = getattr(value, "__func__", value)
            if inspect.isfunction(method):
                yield from inspect.signature(method).parameters


def test_units_are_spelt_once():
    wrong = {
        (face, name, word): glossary.REFUSED[part]
        for face, name, found in public()
        for word in words_of(name, found)
        if word not in CUSTOMARY
        for part in word.lower().split("_")
        if part in glossary.REFUSED
    }
    assert not wrong


def test_a_plural_unit_stands_alone():
    plurals = {f"{unit}s" for unit in glossary.UNITS} - {"celsiuss", "siemenss", "lsbs"}
    wrong = {
        (name, word)
        for _, name, found in public()
        for word in words_of(name, found)
        if set(word.lower().split("_")[1:]) & plurals
    }
    assert not wrong


def test_no_public_name_has_two_meanings():
    homes = defaultdict(set)
    for _, name, found in public():
        home = getattr(found, "__module__", None)
        homes[name].add(
            home if inspect.isclass(found) or inspect.isfunction(found) else repr(found)
        )
    twice = {name: where for name, where in homes.items() if len(where) > 1}
    assert set(twice) <= set(glossary.SHARED), twice


def test_no_class_name_is_defined_twice():
    homes = defaultdict(set)
    for module in MODULES:
        if module.name.startswith(LEAVES):
            continue
        for node in ast.parse(source(module.name).read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].add(module.name)
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def source(name):
    path = ROOT.parent / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_a_module_from_which_no_face_exports_is_private():
    homes = {getattr(found, "__module__", None) for _, _, found in public()}
    offered = {(name, id(found)) for _, name, found in public()}
    open_modules = []
    for module in (m.name for m in MODULES if not m.ispkg and m.name.count(".") > 1):
        if module.startswith(LEAVES) or any(part[0] == "_" for part in module.split(".")):
            continue
        own = vars(importlib.import_module(module))
        if module not in homes and not {(n, id(v)) for n, v in own.items()} & offered:
            open_modules.append(module)
    assert not open_modules


def test_what_says_a_result_in_plain_values_is_called_to_dict():
    wrong = {
        (name, member)
        for _, name, found in public()
        if inspect.isclass(found)
        for member in vars(found)
        if member in {"summary", "as_dict", "asdict", "summarize"}
    }
    assert not wrong


def test_studies_that_measure_a_part_are_called_characterize():
    assert not [n for _, n, _ in public() if n.startswith(("characterise", "measure_latches"))]
    names = {n for n in xc.studies.__all__ if n.startswith("characterize_")}
    parts = {"amplifier", "column", "converter", "device", "integrator", "product"}
    assert names == {f"characterize_{part}" for part in (*parts, "sense_amplifier")}


def test_the_glossary_of_the_documentation_is_this_one():
    page = ROOT.parent / "docs" / "glossary.md"
    assert page.read_text(encoding="utf-8") == glossary.page(), "write glossary.page() to it"


def is_kernel(name):
    """Whether a module is compiled loops, which import nothing of the rooms above."""
    if not name.endswith("_kernel"):
        return False
    taken = [
        node.module or ""
        for node in ast.walk(ast.parse(source(name).read_text()))
        if isinstance(node, ast.ImportFrom)
    ]
    return not any(
        one.startswith(("xbar_circuit.accelerator", "xbar_circuit.tile")) for one in taken
    )


def test_no_import_hides_a_circle_in_the_accelerator():
    """What a module of `accelerator` or `tile` takes from the package stands at its top.

    But for compiled loops, which load the compiler: they import nothing of either room.
    """
    hidden = []
    for module in MODULES:
        if not module.name.startswith(("xbar_circuit.accelerator", "xbar_circuit.tile")):
            continue
        tree = ast.parse(source(module.name).read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.If):
                hidden += [
                    (module.name, node.lineno)
                    for node in ast.walk(function)
                    if isinstance(node, ast.ImportFrom)
                    and (node.module or "").startswith("xbar_circuit")
                    and not is_kernel(node.module)
                ]
    assert not hidden


def test_a_name_becomes_the_label_of_an_axis():
    labels = {
        "row_ohm": "row resistance [ohm]",
        "ohm": "resistance [ohm]",
        "seconds": "time [s]",
        "settle_second": "settle [s]",
        "chip_square_metre": "chip area [m2]",
        "chip_celsius": "chip temperature [degree Celsius]",
        "g_max_siemens": "g max conductance [S]",
        "slew_volt_per_second": "slew volt per second",
        "worst_error": "worst error",
    }
    assert {name: glossary.axis_label(name) for name in labels} == labels
    assert glossary.unit_of("slew_volt_per_second") is None
