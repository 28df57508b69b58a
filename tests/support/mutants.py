"""Change the physics and the accounting one line at a time, and see whether a test notices.

A sample of mutations (see `mutations`), spread over the modules and the same for the same seed, is
written one by one into a copy of the tree, and the tests that run the changed line (see `covering`)
run until the first failure. A mutation that none of them notices survives; it must be explained in
``survivors.toml``, or the command fails. Run it by ``make mutants``. What became of a mutation goes
to ``out/mutants/done.jsonl``: a run that was stopped goes on where it was, and survivors are tried
again. ``--part 2/5`` runs the second of five parts.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from covering import Covering, measure
from mutations import Mutant, mutants, sample

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("xbar_circuit", "tests", "device_models", "netlists", "pyproject.toml")
SURVIVORS = Path(__file__).with_name("survivors.toml")


def run(tests: list[str], tree: Path, limit: float) -> tuple[str, str]:
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


def explained() -> dict[tuple[str, str, str], str]:
    """Return the reasons of the committed survivors, by module, what stood there and what does."""
    with SURVIVORS.open("rb") as file:
        entries = tomllib.load(file).get("survivor", [])
    return {(one["module"], one["before"], one["after"]): one["reason"] for one in entries}


def known(path: Path, chosen: list[Mutant]) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Return what earlier runs killed, if the module is still the same, and what survived."""
    if not path.exists():
        return {}, set()
    marks = {one.name: _mark(one) for one in chosen}
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    killed = {
        one["name"]: one
        for one in entries
        if not one["survived"] and marks.get(one["name"]) == one["mark"]
    }
    return killed, {one["name"] for one in entries if one["survived"]}


def judge(one: Mutant, tree: Path, covering: Covering) -> dict[str, Any]:
    """Return what becomes of a mutation."""
    tests = covering.of(one.root, one.module, one.lines(), one.tests)
    path = tree / one.module
    path.write_text(one.code() or "", encoding="utf-8")
    usual = sum(covering.second.get(test, 1.0) for test in tests)
    try:
        verdict, failed = run(tests, tree, 60.0 + 6.0 * usual)
    finally:
        shutil.copy(one.root / one.module, path)
    before, after = one.change()
    return {
        "name": one.name,
        "mark": _mark(one),
        "module": one.module,
        "survived": verdict == "passed",
        "tests": len(tests),
        "noticed_by": failed or verdict,
        "before": before,
        "after": after,
    }


def report(results: list[dict[str, Any]], every: int, goal: float) -> int:
    """Print the share and every survivor; 1 if it is too small or one is not explained."""
    reasons = explained()
    survivors = [one for one in results if one["survived"]]
    missing = 0
    for one in survivors:
        reason = reasons.get((one["module"], one["before"], one["after"]))
        missing += reason is None
        print(f"survived: {one['module']}\n  - {one['before']}\n  + {one['after']}")
        print(f"  {reason or 'NOT EXPLAINED in ' + SURVIVORS.name}")
    killed = len(results) - len(survivors)
    share = killed / max(len(results), 1)
    print(f"killed {killed} of {len(results)} ({share:.1%}), out of {every} possible mutations")
    print(f"survivors without an explanation: {missing}")
    return int(share < goal or missing > 0)


def main() -> int:
    """Run a sample or a part of it."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--count", type=int, default=160, help="how many mutations")
    ask.add_argument("--seed", type=int, default=1, help="of the sample")
    ask.add_argument("--only", default="", help="part of the modules' paths")
    ask.add_argument("--part", default="1/1", help="which part of how many, such as 2/5")
    ask.add_argument("--goal", type=float, default=0.95, help="share that must be noticed")
    ask.add_argument("--out", type=Path, default=Path("out/mutants"), help="folder of the report")
    given = ask.parse_args()
    part, parts = map(int, given.part.split("/"))
    given.out.mkdir(parents=True, exist_ok=True)
    record = given.out / "done.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        whole, tree = Path(folder) / "whole", Path(folder) / "tree"
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, _made(whole / name))
        shutil.copytree(whole, tree)
        every = list(mutants(whole, given.only))
        chosen = sample(every, given.count, given.seed)[part - 1 :: parts]
        before, survivors = known(record, chosen)
        left = [one for one in chosen if one.name not in before]
        left.sort(key=lambda one: one.name in survivors)  # what was never run comes first
        print(f"{len(chosen)} of {len(every)} mutations, {len(before)} killed before", flush=True)
        results = [before[one.name] for one in chosen if one.name in before]
        if left:
            files = sorted({file for one in left for file in one.tests})
            print(f"which tests run which lines: {len(files)} files of tests", flush=True)
            covering = measure(tree, files)
        for k, one in enumerate(left, 1):
            found = judge(one, tree, covering)
            results.append(found)
            with record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            if found["survived"] or k % 10 == 0:
                word = f"survived: {one.name} {one.change()}" if found["survived"] else ""
                print(f"{k} of {len(left)} {word}", flush=True)
    (given.out / "mutants.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    return report(results, len(every), given.goal)


def _mark(one: Mutant) -> str:
    return hashlib.sha256((one.root / one.module).read_bytes()).hexdigest()[:16]


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
