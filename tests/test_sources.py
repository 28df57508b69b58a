"""Every number of the physics and the accounting says where it comes from.

A default of a device, a cell, a read-out or a preset is read from a paper, measured, fitted or
chosen; its line in the docstring, or a sentence on the defaults of its class, says which.
"""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "xbar_circuit"
PARTS = ("devices", "cells", "peripherals", "architecture", "programming", "accelerator")
MODULES = sorted(path for part in PARTS for path in (PACKAGE / part).rglob("*.py"))
ORIGIN = re.compile(
    r"et al|\b(19|20)\d\d\b|textbook|fitted|choice|chosen|published|paper|measured|assumed|exact"
    r"|\bsource\b|IEEE|SPICE's own",
    re.IGNORECASE,
)
DEFAULTS = re.compile(r"[^.]*\bdefaults?\b[^.]*\.", re.IGNORECASE)
PLAIN = {0, 1, -1, 2, 0.5}  # nothing, unity, none, both, half: no measurement


def has_number(node):
    """Whether an expression is made of numbers that somebody must have picked."""
    if isinstance(node, ast.Constant):
        number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return number and node.value not in PLAIN
    if isinstance(node, ast.UnaryOp | ast.BinOp | ast.Tuple | ast.List | ast.Dict | ast.Call):
        return any(has_number(child) for child in ast.iter_child_nodes(node))
    return False


def paragraph(docstring, name):
    """Return what a docstring says of one parameter; empty if nothing."""
    found = re.search(
        rf"(?ms)^( *)(?=[^\n]*\b{name}\b)((?:\w+, )*\w+)(?: :|$)(.*?)(?=^\1\S|\Z)", docstring
    )
    return f"{found[2]} {found[3]}" if found else ""


def unexplained(path):
    """Yield the numbers of a module that no words account for."""
    text = path.read_text("utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    module = ast.get_docstring(tree) or ""
    for k, node in enumerate(tree.body):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and has_number(node.value):
            after = tree.body[k + 1] if k + 1 < len(tree.body) else None
            explained = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            block = lines[max(node.lineno - 2, 0) : node.end_lineno]
            explained |= block[0].lstrip().startswith("#") or any("#" in line for line in block[1:])
            if not explained:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno} {lines[node.lineno - 1]}"
        if not isinstance(node, ast.ClassDef):
            continue
        docstring = ast.get_docstring(node) or ""
        whole = any(ORIGIN.search(one) for one in DEFAULTS.findall(f"{docstring}\n{module}"))
        for member in node.body:
            if isinstance(member, ast.AnnAssign) and member.value and has_number(member.value):
                name = ast.unparse(member.target)
                if not (whole or ORIGIN.search(paragraph(docstring, name))):
                    yield f"{path.relative_to(PACKAGE)}:{member.lineno} {node.name}.{name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_every_number_says_where_it_comes_from(path):
    assert list(unexplained(path)) == []


def test_a_number_without_words_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "odd.py").write_text(
        '_A = 3.0\n_B = 4.0  # of a paper\n_C = 0\n\n\nclass Odd:\n    """An oddity.\n\n'
        "    Parameters\n    ----------\n    first, second\n        A length; fitted to Joshi.\n"
        '    third\n        A width [m].\n    """\n\n    first: float = 5.0\n'
        "    second: float = -6e-9\n    third: float = 7.0\n    fourth: int = 1\n"
    )
    assert list(unexplained(tmp_path / "odd.py")) == ["odd.py:1 _A = 3.0", "odd.py:19 Odd.third"]
