"""Every public function says what it takes, what it returns, and what it refuses."""

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


FUNCTIONS = dict(functions())


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
    """Return what the docstring of a function leaves out."""
    told, signature = sections(one), inspect.signature(one)
    missing = []
    named = told.get("Parameters", "")
    heads = {
        word.strip("* ")
        for line in named.splitlines()
        if line and not line.startswith(" ")
        for word in line.partition(" : ")[0].split(",")
    }
    unnamed = [p for p in signature.parameters if p not in heads]
    if unnamed:
        missing.append("Parameters: " + ", ".join(unnamed))
    if signature.return_annotation not in {None, "None"} and not {"Returns", "Yields"} & set(told):
        missing.append("Returns")
    unsaid = {name for name in raised(one) if name not in told.get("Raises", "")}
    if unsaid:
        missing.append("Raises: " + ", ".join(sorted(unsaid)))
    return missing


def test_the_faces_are_found():
    assert len(FACES) >= 12
    assert len(FUNCTIONS) >= 90


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_is_described(name):
    assert not lacking(FUNCTIONS[name])
