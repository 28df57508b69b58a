"""Change the physics and the accounting one line at a time, and see whether a test notices.

Mutations are those of Cosmic Ray (https://cosmic-ray.readthedocs.io): a plus for a minus, a product
for a quotient, a number doubled, a comparison turned around. A sample of them, spread over the
modules, is written one by one into a copy of the tree, and the tests that are mapped to the module
run until the first failure. A mutation that no mapped test notices survives. Run it by
``make mutants``; the list and every survivor's change go into ``out/mutants/mutants.json``.
"""

import argparse
import ast
import difflib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("xbar_circuit", "tests", "device_models", "netlists", "pyproject.toml")
OPERATORS = (
    *(
        f"core/ReplaceBinaryOperator_{pair}"
        for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Mul_Add", "Pow_Mul")
    ),
    *(
        f"core/ReplaceComparisonOperator_{pair}"
        for pair in ("Lt_Gt", "Gt_Lt", "LtE_Gt", "GtE_Lt", "Eq_NotEq")
    ),
    "core/ReplaceUnaryOperator_Delete_USub",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "double",
)
_PERIPHERALS = ("tests/peripherals",)
_CONVERTERS = (*_PERIPHERALS, "tests/studies/readout/test_characterize_converter.py")
_TRANSIENT = ("tests/nodal/test_modes.py", "tests/nodal/test_transient.py")
#: Beginnings of lines on which no result depends.
IDLE = ("@dataclass(", "_KEPT_FACTORS", "_MOST_STEPS", "_MOST_STATES", "_BISECTIONS", "_FEW")
#: Tests of each module or folder, quickest first.
MAPPED: dict[str, tuple[str, ...]] = {
    "architecture": ("tests/architecture",),
    "tile/cost.py": ("tests/tile/test_cost.py",),
    "peripherals/amplifiers": _PERIPHERALS,
    "peripherals/converters/sar.py": _CONVERTERS,
    "peripherals/converters/ramp.py": _CONVERTERS,
    "peripherals/converters/flash.py": _CONVERTERS,
    "peripherals/converters/oscillator.py": _CONVERTERS,
    "peripherals/drivers/dac.py": _PERIPHERALS,
    "peripherals/drivers/bit_serial.py": _PERIPHERALS,
    "peripherals/drivers/pulse_width.py": _PERIPHERALS,
    "studies/readout/_sine.py": ("tests/studies/readout/test_sine.py",),
    "devices/pcm/statistics.py": ("tests/devices/pcm/test_statistics.py",),
    "devices/pcm/_published.py": ("tests/devices/pcm/test_statistics.py",),
    "devices/pcm/pulsed_set.py": ("tests/devices/pcm/test_statistics.py",),
    "nodal/_modes.py": _TRANSIENT,
    "nodal/_dynamics.py": _TRANSIENT,
    "nodal/waveform.py": _TRANSIENT,
    "nodal/stepping.py": _TRANSIENT,
    "nodal/transient.py": _TRANSIENT,
    "nodal/noise.py": ("tests/nodal/test_noise.py",),
    "_kirchhoff.py": ("tests/test_result.py", "tests/test_conventions.py"),
    "result.py": ("tests/test_result.py", "tests/test_conventions.py"),
    "cells/synapse.py": ("tests/cells/test_synapses.py",),
}


class Double(NumberReplacer):
    """A number twice as large, and 1 for 0: one more is nothing to 1e12, all to 1e-12."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        yield from itertools.islice(super().mutation_positions(node), 1)

    def mutate(self, node: Any, index: int) -> Any:
        value = ast.literal_eval(node.value)
        changed = super().mutate(node, index)
        changed.value = f" {2 * value or 1!r}"
        return changed


def operator_of(name: str) -> Any:
    """Return the operator of a name."""
    return Double() if name == "double" else get_operator(name)()


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one module below `root`, and the tests that must notice it."""

    root: Path
    module: str
    operator: str
    occurrence: int
    tests: tuple[str, ...]

    def code(self) -> str | None:
        """Return the changed module; None where there are no more such places."""
        source = (self.root / self.module).read_text(encoding="utf-8")
        return mutate_code(source, operator_of(self.operator), self.occurrence)

    def diff(self) -> str:
        """Return what it changes, the lines alone."""
        lines = difflib.unified_diff(
            (self.root / self.module).read_text(encoding="utf-8").splitlines(),
            (self.code() or "").splitlines(),
            lineterm="",
            n=0,
        )
        return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def mutants(root: Path, only: str) -> Iterator[Mutant]:
    """Yield every mutation of the mapped modules whose path contains `only`."""
    for part, tests in MAPPED.items():
        place = root / "xbar_circuit" / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            module = path.relative_to(root).as_posix()
            if only not in module:
                continue
            tree = get_ast(path.read_text(encoding="utf-8"))
            for operator in OPERATORS:
                for occurrence in range(_places(tree, operator_of(operator))):
                    yield Mutant(
                        root=root,
                        module=module,
                        operator=operator,
                        occurrence=occurrence,
                        tests=tests,
                    )


def sample(every: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return `count` of them, the same share of every module, at least one of each."""
    rng = random.Random(seed)
    by_module: dict[str, list[Mutant]] = {}
    for one in every:
        by_module.setdefault(one.module, []).append(one)
    chosen = []
    for group in by_module.values():
        share = max(1, round(count * len(group) / len(every)))
        rng.shuffle(group)
        sound = (one for one in group if _compiles(one.code() or "") and not _idle(one.diff()))
        chosen += itertools.islice(sound, share)
    rng.shuffle(chosen)
    return chosen


def run(tests: tuple[str, ...], tree: Path, limit: float) -> tuple[str, str]:
    """Return ``passed``, ``failed`` or ``too long``, and the first test that failed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "too long", ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return ("passed" if done.returncode == 0 else "failed"), (failed or [""])[0][:160]


def main() -> int:
    """Run a sample and write what became of it; 1 if more survived than the goal allows."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--count", type=int, default=200, help="how many mutations")
    ask.add_argument("--seed", type=int, default=1, help="of the sample")
    ask.add_argument("--only", default="", help="part of the modules' paths")
    ask.add_argument("--goal", type=float, default=0.95, help="share that must be noticed")
    ask.add_argument("--out", type=Path, default=Path("out/mutants"), help="folder of the report")
    given = ask.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        whole, tree = Path(folder) / "whole", Path(folder) / "tree"
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, _made(whole / name))
        shutil.copytree(whole, tree)
        every = list(mutants(whole, given.only))
        chosen = sample(every, given.count, given.seed)
        print(f"{len(chosen)} of {len(every)} mutations", flush=True)
        given.out.mkdir(parents=True, exist_ok=True)
        usual: dict[tuple[str, ...], float] = {}
        for k, one in enumerate(chosen, 1):
            if one.tests not in usual:
                begin = time.monotonic()
                verdict, failed = run(one.tests, tree, 900.0)
                if verdict != "passed":
                    print(f"without a mutation: {verdict} {failed}")
                    return 2
                usual[one.tests] = time.monotonic() - begin
            path = tree / one.module
            path.write_text(one.code() or "", encoding="utf-8")
            verdict, failed = run(one.tests, tree, 60.0 + 4.0 * usual[one.tests])
            shutil.copy(whole / one.module, path)
            survived = verdict == "passed"
            results.append(
                asdict(one)
                | {"root": "", "survived": survived, "noticed_by": failed, "diff": one.diff()}
            )
            if survived:
                print(f"survived: {one.module} {one.operator}\n{one.diff()}", flush=True)
            elif k % 10 == 0:
                print(f"{k} of {len(chosen)}", flush=True)
            killed = sum(not result["survived"] for result in results)
            summary = {
                "mutations": len(results),
                "of": len(every),
                "killed": killed,
                "share": killed / len(results),
                "survivors_by_module": Counter(r["module"] for r in results if r["survived"]),
                "results": results,
            }
            (given.out / "mutants.json").write_text(json.dumps(summary, indent=1))
    print(f"killed {killed} of {len(results)}: {killed / len(results):.1%}")
    return 0 if killed >= given.goal * len(results) else 1


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


class _Counter(Visitor):
    """Counts the places where an operator applies."""

    def __init__(self, operator: Any) -> None:
        self.count, self._operator = 0, operator

    def visit(self, node: Any) -> Any:
        self.count += len(list(self._operator.mutation_positions(node)))
        return node


def _places(tree: Any, operator: Any) -> int:
    counter = _Counter(operator)
    counter.walk(tree)
    return counter.count


def _idle(diff: str) -> bool:
    """Whether a diff changes what no result depends on.

    The ``*`` before keyword arguments, which the operators take for a product; how a class is
    made; and limits on work, which cost time alone.
    """
    before = [line[1:] for line in diff.splitlines() if line.startswith("-")]
    after = [line[1:] for line in diff.splitlines() if line.startswith("+")]
    if [line.replace("*,", "/,") for line in before] == after:
        return True
    return all(line.lstrip().startswith(IDLE) for line in before)


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
