"""Random arrays against the truth: every way to a column current, judged at 1e-9 of full scale.

``python tests/support/array_fuzz.py --count 10000`` (or ``make fuzz``) prints, for each call, how
many answers were right, refused, wrong, or off by more than the bound that came with them, and
exits with 1 if any was wrong, or if more than 1 % had no truth to be judged by. Refusing an array
whose currents overflow is right.
"""

import argparse
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from array_truth import Array, random_array, truth

import xbar_circuit as xc
from xbar_circuit.nodal.by_lines import suits

LARGEST_ERROR = 1e-9
_MOST_SLOW = 400


def crossbar_of(array: Array) -> xc.Crossbar:
    """Return the package's description of a random array."""
    cell = xc.devices.Ohmic() if array.v0 is None else xc.devices.Sinh(v0_volt=array.v0)
    return xc.Crossbar(
        conductance=array.conductance,
        cell=cell,
        wires=xc.Wires(
            row_ohm=array.row_ohm,
            column_ohm=array.column_ohm,
            row_lead_ohm=array.row_lead,
            column_lead_ohm=array.column_lead,
        ),
        terminals=xc.Terminals(
            left_ohm=array.left,
            right_ohm=array.right,
            bottom_ohm=array.bottom,
            top_ohm=array.top,
        ),
    )


def _weighted(xbar: xc.Crossbar, volts: np.ndarray) -> np.ndarray:
    """Return the columns' currents as values of `gradients`, of at most three columns."""
    values = np.full(xbar.cols, np.nan)
    for column in range(min(xbar.cols, 3)):
        values[column] = xc.nodal.gradients(xbar, volts, np.eye(xbar.cols)[column]).value
    return values


def calls(array: Array, *, spice: bool) -> dict[str, Callable[[xc.Crossbar], object]]:
    """Return the calls that apply to an array, by name."""
    volts = array.volts

    def method(one: object) -> Callable[[xc.Crossbar], object]:
        return lambda xbar: xc.nodal.read(xbar, volts, method=one)

    found: dict[str, Callable[[xc.Crossbar], object]] = {
        "nodal.read": lambda xbar: xc.nodal.read(xbar, volts)
    }
    slow = array.conductance.size <= _MOST_SLOW
    if slow:
        found["method=Newton()"] = method(xc.nodal.Newton())
        found["method=NewtonKrylov()"] = method(xc.nodal.NewtonKrylov())
    if array.v0 is None:
        found["nodal.transfer"] = lambda xbar: volts @ xc.nodal.transfer(xbar)
        found["nodal.prepare"] = lambda xbar: xc.nodal.prepare(xbar).read(volts)
        found["method=Hierarchical()"] = method(xc.nodal.Hierarchical())
        if slow:
            found["method=SparseDirect()"] = method(xc.nodal.SparseDirect())
            found["method=Direct()"] = method(xc.nodal.Direct())
            found["nodal.gradients"] = lambda xbar: _weighted(xbar, volts)
        if suits(crossbar_of(array)):
            found["method=ByLines()"] = method(xc.nodal.ByLines())
    if spice and slow:
        found["spice.read"] = lambda xbar: xc.spice.read(xbar, volts)
    return found


@dataclass
class Tally:
    """Counts of verdicts and the worst errors, by call."""

    counts: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    worst: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    found: list[str] = field(default_factory=list)

    def judge(self, name: str, number: int, answer: object, exact: tuple | None) -> None:
        """Enter one answer: a result, currents, or None where it was refused."""
        if answer is None or exact is None:
            verdict = "refused" if answer is None else "should refuse"
            self.counts[name]["rightly refused" if answer is exact is None else verdict] += 1
            if answer is not None:
                self.found.append(f"{name} of array {number}: an answer where there is none")
            return
        result = answer if isinstance(answer, xc.ReadResult) else None
        current = answer if result is None else result.column_current[0]
        some = ~np.isnan(current) if name == "nodal.gradients" else slice(None)
        right, scale = (part[some] for part in exact)
        error = np.abs(current[some] - right)
        share = float((error / np.where(scale > 0.0, scale, 1.0)).max())
        good = share <= LARGEST_ERROR
        self.worst[name] = max(self.worst[name], np.inf if np.isnan(share) else share)
        self.counts[name]["right" if good else "WRONG"] += 1
        if not good:
            self.found.append(f"{name} of array {number}: off by {share:.1e} of full scale")
        if result is not None and not (error <= result.column_current_error[0]).all():
            self.counts[name]["BOUND TOO SMALL"] += 1
            self.found.append(f"{name} of array {number}: off by more than its bound")

    @property
    def wrong(self) -> int:
        """How many answers were wrong or had too small a bound."""
        bad = ("WRONG", "BOUND TOO SMALL", "should refuse")
        return sum(count[verdict] for count in self.counts.values() for verdict in bad)


def fuzz(count: int, seed: int, *, largest: int = 40, spice_every: int = 0) -> Tally:
    """Return the tally of `count` random arrays."""
    rng = np.random.default_rng(seed)
    tally = Tally()
    for number in range(count):
        array = random_array(rng, largest)
        try:
            exact = truth(array)
        except ArithmeticError:  # ball arithmetic found no solution: nothing to judge by
            tally.counts["no truth"]["not judged"] += 1
            continue
        xbar = crossbar_of(array)
        kind = "" if array.v0 is None else " sinh"
        spice = spice_every > 0 and number % spice_every == 0
        for name, call in calls(array, spice=spice).items():
            try:
                answer = call(xbar)
            except xc.ConvergenceError:
                answer = None
            tally.judge(name + kind, number, answer, exact)
        if sys.stderr.isatty() and number % 100 == 0:
            print(f"\r{number} of {count}", end="", file=sys.stderr)
    return tally


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--largest", type=int, default=40)
    parser.add_argument("--spice-every", type=int, default=5, help="0 leaves ngspice out")
    given = parser.parse_args()
    warnings.simplefilter("error")
    tally = fuzz(given.count, given.seed, largest=given.largest, spice_every=given.spice_every)
    for name, count in tally.counts.items():
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(count.items()))
        print(f"{name:28} {verdicts}; worst {tally.worst[name]:.1e}")
    print(*tally.found, sep="\n")
    unjudged = tally.counts["no truth"]["not judged"]
    return int(tally.wrong > 0 or unjudged > 0.01 * given.count)


if __name__ == "__main__":
    sys.exit(main())
