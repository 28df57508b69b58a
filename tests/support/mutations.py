"""Mutations of the physics and the accounting: what is changed, in which modules, and the sample.

Mutations are those of Cosmic Ray (https://cosmic-ray.readthedocs.io): a plus for a minus, a product
for a quotient, a number doubled, a comparison turned around.
"""

import ast
import difflib
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.plugins import get_operator

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
_PERIPHERALS = (
    "tests/peripherals/test_amplifiers.py",
    "tests/peripherals/test_converters.py",
    "tests/peripherals/test_cyclic.py",
    "tests/peripherals/test_drivers.py",
    "tests/peripherals/test_noise.py",
    "tests/peripherals/test_temperature.py",
    "tests/peripherals/test_decks.py",
    "tests/peripherals/test_own_parts.py",
    "tests/test_part_numbers.py",
    "tests/studies/readout/test_characterize_converter.py",
)
_TRANSIENT = ("tests/nodal/test_modes.py", "tests/nodal/test_transient.py")
_PCM = (
    "tests/devices/pcm/test_cell.py",
    "tests/devices/pcm/test_law.py",
    "tests/devices/pcm/test_variability.py",
    "tests/devices/pcm/test_noise.py",
    "tests/devices/pcm/test_read_states.py",
    "tests/devices/pcm/test_statistics.py",
    "tests/test_part_numbers.py",
)
#: Tests of each module or folder: those of them that run a changed line must notice it.
MAPPED: dict[str, tuple[str, ...]] = {
    "architecture": ("tests/architecture", "tests/test_part_numbers.py"),
    "tile/cost.py": ("tests/tile/test_cost.py",),
    "tile/noise.py": ("tests/tile/test_compiled.py", "tests/peripherals/test_noise.py"),
    "peripherals/amplifiers": _PERIPHERALS,
    "peripherals/converters": _PERIPHERALS,
    "peripherals/drivers": _PERIPHERALS,
    "studies/readout/_sine.py": ("tests/studies/readout/test_sine.py",),
    "devices/pcm": _PCM,
    "nodal/_modes.py": _TRANSIENT,
    "nodal/_dynamics.py": _TRANSIENT,
    "nodal/waveform.py": _TRANSIENT,
    "nodal/stepping.py": _TRANSIENT,
    "nodal/transient.py": _TRANSIENT,
    "nodal/noise.py": ("tests/nodal/test_noise.py",),
    "_kirchhoff.py": ("tests/test_result.py", "tests/test_conventions.py"),
    "result.py": ("tests/test_result.py", "tests/test_conventions.py", "tests/test_brief.py"),
    "cells/synapse.py": ("tests/cells/test_synapses.py",),
}
#: Beginnings of lines on which no result depends.
IDLE = (
    "@dataclass(",
    "_KEPT_FACTORS",
    "_MOST_STEPS",
    "_MOST_STATES",
    "_BISECTIONS",
    "_FEW",
    "_LOOK_EVERY",
    "_NEWTON",
)


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
    """One change of one module below `root`, and the files of tests that must notice it."""

    root: Path
    module: str
    operator: str
    occurrence: int
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name, the same in every run."""
        return f"{self.module} {self.operator} {self.occurrence}"

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

    def lines(self) -> list[int]:
        """Return the numbers of the lines that it changes."""
        found = []
        for begin, count in re.findall(r"(?m)^@@ -(\d+)(?:,(\d+))? ", self.diff()):
            found += range(int(begin), int(begin) + int(count or 1))
        return found

    def change(self) -> tuple[str, str]:
        """Return what stood there and what stands there now, without line numbers."""
        parts = {"-": [], "+": []}
        for line in self.diff().splitlines():
            if line[:1] in parts:
                parts[line[0]].append(line[1:].strip())
        return " ".join(parts["-"]), " ".join(parts["+"])


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
