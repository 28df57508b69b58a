"""The set-up compiles every loop there is, the next one that somebody writes included."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import xbar_circuit

PACKAGE = Path(xbar_circuit.__file__).parent
SCRIPT = """
from xbar_circuit.cli import _warm_up
_warm_up.warm_up()
print(*_warm_up.idle(), sep="\\n")
"""


def loops_in_the_source():
    """Functions that ``@jit`` compiles and that Python code may call, read from the files."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "@jit" not in text:
            continue
        module = ".".join(("xbar_circuit", *path.relative_to(PACKAGE).with_suffix("").parts))
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(d, ast.Name) and d.id == "jit" for d in node.decorator_list
            ):
                found.add((module, node.name))
    return found


def test_no_loop_waits_for_its_first_use():
    found = loops_in_the_source()
    assert len(found) > 20
    own = "import importlib\n" + "".join(
        f"importlib.import_module({module!r})\n" for module in {module for module, _ in found}
    )
    run = subprocess.run(
        [sys.executable, "-c", own + SCRIPT], capture_output=True, text=True, check=True
    )
    assert not run.stdout.split(), f"not compiled by the set-up: {run.stdout}"


def test_the_loops_are_known_by_name():
    from xbar_circuit._compiler import kernels

    found = loops_in_the_source()
    for module, _ in found:
        importlib.import_module(module)
    public = {f"{module}.{name}" for module, name in found if not name.startswith("_")}
    assert public <= set(kernels())
