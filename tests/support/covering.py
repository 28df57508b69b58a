"""Which tests run which lines, and how long each takes: one run of pytest under coverage."""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData


@dataclass(frozen=True)
class Covering:
    """What `measure` found: tests by module and line, and their durations [s]."""

    tests: dict[str, dict[int, set[str]]]
    second: dict[str, float]

    def of(self, root: Path, module: str, lines: Sequence[int], files: Sequence[str]) -> list[str]:
        """Return the tests in `files` that run any of these lines, quickest first.

        A line that has no event of its own is seen by what runs its function. One outside of
        functions, such as a default value, runs with the import: any test may see it, those that
        run a line of its module come first.
        """
        by_line = self.tests.get(module, {})
        around = _function(root / module, lines[0])
        found: set[str] = set()
        if around is None:
            found = set().union(*(one for each in self.tests.values() for one in each.values()))
        else:
            for some in (lines, around):
                found = found or set().union(*(by_line.get(line, set()) for line in some))
        known = {one for one in found if one.startswith(tuple(files))}
        if not known:
            return list(files)
        near = set().union(*by_line.values())
        return sorted(known, key=lambda one: (one not in near, self.second.get(one, 1.0), one))


def measure(tree: Path, files: Sequence[str]) -> Covering:
    """Run tests once in a copy of the tree.

    Raises
    ------
    RuntimeError
        A test fails without any mutation.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *("--cov=xbar_circuit", "--cov-context=test", "--cov-report=", "--durations=0", "-vv"),
            *files,
        ],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"tests fail without a mutation:\n{done.stdout[-2000:]}")
    timed = re.findall(r"(?m)^([\d.]+)s (?:call|setup) +(\S.*)$", done.stdout)
    second: dict[str, float] = {}
    for duration, name in timed:
        second[name.strip()] = second.get(name.strip(), 0.0) + float(duration)
    data = CoverageData(str(tree / ".coverage"))
    data.read()
    tests: dict[str, dict[int, set[str]]] = {}
    for path in data.measured_files():
        by_line = data.contexts_by_lineno(path)
        tests[Path(path).relative_to(tree).as_posix()] = {
            line: {context.split("|")[0] for context in contexts if context}
            for line, contexts in by_line.items()
        }
    return Covering(tests, second)


def _function(path: Path, line: int) -> range | None:
    """Return the lines of the body of the innermost function around a line.

    None where there is none, or one whose results are kept: only the first test that asks runs it.
    """
    inner = None
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= node.end_lineno:
            kept = any("cache" in ast.unparse(one) for one in node.decorator_list)
            inner = None if kept else range(node.body[0].lineno, node.end_lineno + 1)
    return inner
