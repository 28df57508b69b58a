"""Random transients against modes in forty digits: small arrays of any scale, one ramp each.

``python tests/support/transient_fuzz.py --count 1000`` (or ``make fuzz``) counts how many were
right, refused, or off by more than ten times the tolerance that was asked for, and exits with 1 if
there was one of those. Every node has a capacitance, so Kirchhoff's equations are
``C v' = B u - G v``; with the eigenvalues and vectors of ``C^-1/2 G C^-1/2`` the answer to a ramp
is a sum of exponentials.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from dataclasses import replace

import mpmath
import numpy as np
from array_fuzz import crossbar_of
from array_truth import Array, Network, random_array

import xbar_circuit as xc

TOLERANCE = 1e-5
ALLOWED = (
    10.0  # times the tolerance: a bound on a step's or a model's error is no bound on the end's
)
_DIGITS, _TIMES, _LARGEST = 60, 9, 3


def random_transient(rng: np.random.Generator) -> tuple[Array, xc.Crossbar, float, float]:
    """Return an array, nothing open, with capacitances, and the ramp's and end's times [s]."""
    array = random_array(rng, _LARGEST, sinh_share=0.0)
    filled = np.where(array.conductance > 0.0, array.conductance, array.conductance.max())
    array = replace(array, conductance=filled)
    farad = 10 ** rng.uniform(-17, -13, 2)
    plain = crossbar_of(array)
    wires = replace(plain.wires, row_farad=float(farad[0]), column_farad=float(farad[1]))
    ramp = 10 ** rng.uniform(-12, -7)
    return array, replace(plain, wires=wires), ramp, ramp * 10 ** rng.uniform(0.3, 3)


def modes(array: Array, xbar: xc.Crossbar, ramp: float, times: np.ndarray) -> np.ndarray:
    """Return the currents of columns, then drivers, (times, cols + rows) of the ramp from 0 V [A].

    A driver's without what charges capacitance at its very own node.
    """
    network = Network(array)
    n, first = network.free, network.first_sense
    mp = mpmath.mpf
    farad = np.zeros(n)
    for nodes, one in (
        (network.row, xbar.wires.row_farad),
        (network.column, xbar.wires.column_farad),
    ):
        np.add.at(farad, nodes[nodes < n], one)
    with mpmath.workdps(_DIGITS):
        g = [(a, b, 1 / mp(ohm)) for a, b, ohm in network.ohms]
        g += [
            (int(a), int(b), mp(float(s)))
            for a, b, s in zip(network.row, network.column, network.device, strict=True)
        ]
        volts = [mp(float(v)) for v in array.volts] + [mp(0)] * network.cols
        root = [mpmath.sqrt(mp(float(c))) for c in farad]
        matrix, drive = mpmath.zeros(max(n, 1)), mpmath.zeros(max(n, 1), 1)
        for a, b, s in g:
            for one, other in ((a, b), (b, a)):
                if one >= n or a == b:
                    continue
                matrix[one, one] += s / root[one] ** 2
                if other < n:
                    matrix[one, other] -= s / (root[one] * root[other])
                else:
                    drive[one] += s * volts[other - n] / root[one]
        rate, vectors = mpmath.eigsy(matrix) if n else ([], None)
        weight = vectors.T * drive if n else None
        found = []
        for time in times:
            up, after = mp(min(float(time), ramp)), mp(max(float(time) - ramp, 0.0))
            part = []
            for k in range(n):
                lam, b = rate[k], weight[k]
                y = b / lam / ramp * (up + mpmath.expm1(-lam * up) / lam)
                part.append(y * mpmath.exp(-lam * after) - b / lam * mpmath.expm1(-lam * after))
            node = [
                sum((vectors[i, k] * part[k] for k in range(n)), mp(0)) / root[i] for i in range(n)
            ]
            share = min(float(time) / ramp, 1.0)
            node += [share * v for v in volts]  # sense terminals are the last of them
            current = [mp(0)] * (network.cols + len(array.volts))
            for a, b, s in g:
                for one, other in ((a, b), (b, a)):
                    if other >= first and one != other:
                        current[other - first] += s * node[one]
                    elif n <= other < first:
                        current[network.cols + other - n] += s * (node[other] - node[one])
            found.append([float(i) for i in current])
    return np.array(found)


def judge(rng: np.random.Generator) -> tuple[str, float]:
    """Return the verdict on one transient, and its error as a share of the largest current."""
    array, xbar, ramp, stop = random_transient(rng)
    volts = np.stack([np.zeros(xbar.rows), array.volts, array.volts])
    waveform = xc.nodal.Waveform(time_second=[0.0, ramp, 2.0 * ramp], volts=volts)
    try:
        found = xc.nodal.transient(xbar, waveform, stop_second=stop, tolerance=TOLERANCE)
    except xc.ConvergenceError:
        return "refused", 0.0
    some = np.unique(np.linspace(0, len(found.time_second) - 1, _TIMES).astype(int))
    exact = modes(array, xbar, ramp, found.time_second[some])
    error = 0.0
    held = (Network(array).row >= Network(array).free).any()
    pairs = [(found.column_current, exact[:, : xbar.cols])]
    pairs += [] if held else [(found.row_current, exact[:, xbar.cols :])]
    for ours, right in pairs:
        scale = max(np.abs(right).max(), np.abs(ours).max())
        error = max(error, float(np.abs(ours[some] - right).max() / (scale or 1.0)))
    return ("right" if error <= ALLOWED * TOLERANCE else "WRONG"), error


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("error")
    verdicts: Counter[str] = Counter()
    worst = 0.0
    for number in range(asked.count):
        verdict, error = judge(np.random.default_rng((asked.seed, number)))
        verdicts[verdict] += 1
        worst = max(worst, error)
        if verdict == "WRONG":
            print(f"transient {number}: off by {error:.1e} of the largest current", flush=True)
    print("nodal.transient", dict(verdicts), f"worst {worst:.1e}")
    return int(verdicts["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main())
