"""What a spreadsheet would compute is text in front of which an apostrophe stands."""

import ast
import csv
import io
from pathlib import Path

import pytest

import xbar_circuit
from xbar_circuit._csv_text import csv_text

PACKAGE = Path(xbar_circuit.__file__).parent


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd|'/c calc'!A1", "-2+3", "@SUM(A1)", "\t=1", "  =1", "\n=1", "\uff1d1"]
)
def test_a_formula_is_text(name):
    (row,) = csv.reader(io.StringIO(csv_text([[name, "conv1"]]), newline=""))
    assert row == ["'" + name, "conv1"]


@pytest.mark.parametrize("cell", [-1.5, "-1.5e-6", "+3", "-inf", "a=1", "", "conv-1", "1-2"])
def test_what_is_none_stays(cell):
    assert next(csv.reader([csv_text([[cell, "x"]])])) == [str(cell), "x"]


def test_every_table_is_written_here():
    """Nothing else in the package makes CSV."""
    found = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"writer", "DictWriter", "to_csv"}
    ]
    assert found == ["_csv_text.py"]
