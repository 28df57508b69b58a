"""Every public function and method says what it takes, what it returns, and what it refuses."""

import ast
import inspect
import pkgutil
import textwrap
from importlib import import_module

import pytest

import xbar_circuit as xc
from xbar_circuit.errors import XbarError

#: Packages whose faces users import from.
FACES = sorted(
    f"xbar_circuit.{found.name}"
    for found in pkgutil.iter_modules(xc.__path__)
    if found.ispkg and not found.name.startswith("_") and found.name not in {"cli", "data"}
)


def functions():
    """Yield name and function for every function that a face offers."""
    seen = set()
    for face in ("xbar_circuit", *FACES):
        module = import_module(face)
        for name in getattr(module, "__all__", ()):
            one = getattr(module, name)
            if inspect.isfunction(one) and one not in seen:
                seen.add(one)
                yield f"{face}.{name}", one


def public_modules():
    yield xc
    for found in pkgutil.walk_packages(xc.__path__, "xbar_circuit."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield import_module(found.name)


def methods():
    """Yield name and method for every method of every public class; own or inherited ones once."""
    seen = set()
    for module in public_modules():
        for kind in map(vars(module).get, getattr(module, "__all__", ())):
            if not inspect.isclass(kind) or not kind.__module__.startswith("xbar_circuit."):
                continue
            for name, static in inspect.getmembers_static(kind):
                function = getattr(static, "__func__", static)
                if (
                    name.startswith("_")
                    or not inspect.isfunction(function)
                    or not function.__module__.startswith("xbar_circuit.")
                    or function.__name__ == "<lambda>"
                    or function in seen
                ):
                    continue
                seen.add(function)
                place = function.__module__.removeprefix("xbar_circuit.")
                yield f"{place}.{function.__qualname__}", getattr(kind, name)


FUNCTIONS = dict(functions())
METHODS = dict(methods())


def sections(one):
    """Return heading -> text of a NumPy docstring."""
    lines = (inspect.getdoc(one) or "").splitlines()
    heads = [k for k in range(len(lines) - 1) if lines[k + 1] and set(lines[k + 1]) == {"-"}]
    ends = [*heads[1:], len(lines)] if heads else []
    return {lines[k]: "\n".join(lines[k + 2 : end]) for k, end in zip(heads, ends, strict=True)}


def raised(one):
    """Return the errors of the package that a function raises itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(one))))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            for part in ast.walk(node.exc):
                kind = getattr(xc.errors, getattr(part, "id", ""), None)
                if inspect.isclass(kind) and issubclass(kind, XbarError):
                    found.add(kind.__name__)
    return found


def lacking(one):
    """Return what the docstring of a function or a method leaves out."""
    described, signature = sections(one), inspect.signature(one)
    missing = []
    named = described.get("Parameters", "")
    heads = {
        word.strip("* ")
        for line in named.splitlines()
        if line and not line.startswith(" ")
        for word in line.partition(" : ")[0].split(",")
    }
    unnamed = [p for p in signature.parameters if p not in heads | {"self"}]
    if unnamed:
        missing.append("Parameters: " + ", ".join(unnamed))
    returned = described.get("Returns", described.get("Yields", ""))
    nothing = signature.return_annotation in {None, "None", "NoReturn"}
    if not nothing and not any(line.startswith("    ") for line in returned.splitlines()):
        missing.append("Returns")
    unsaid = {name for name in raised(one) if name not in described.get("Raises", "")}
    if unsaid:
        missing.append("Raises: " + ", ".join(sorted(unsaid)))
    return missing


def test_the_faces_are_found():
    assert len(FACES) >= 12
    assert len(FUNCTIONS) >= 90
    assert len(METHODS) >= 580
    assert "nodal.hierarchical.PreparedHierarchical.read" in METHODS
    assert "accelerator._working_chip.WorkingChip.run" in METHODS  # what `Chip` inherits


class _Bare:
    def read(self, volts: float) -> float:
        """Return the current.

        Returns
        -------
        float
        """
        raise XbarError(str(volts))

    def close(self) -> None:
        """Close it."""


def test_what_is_missing_is_named():
    assert lacking(_Bare.read) == ["Parameters: volts", "Returns", "Raises: XbarError"]
    assert lacking(_Bare.close) == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_is_described(name):
    assert not lacking(FUNCTIONS[name])


@pytest.mark.parametrize("name", METHODS)
def test_a_public_method_is_described(name):
    assert not lacking(METHODS[name])
