"""Independent truth for column currents: branches, union-find, and star-mesh in long double.

Nothing of the package is used. Nodes that 0 ohm joins are one; what is held is held; every other
node is taken out alone, its branches being sums of products of one sign, in long double (19 digits
where the platform has them; in plain double it still keeps 12). Nonlinear cells follow by Newton's
method with the same elimination, at most an exponential's own current ahead at each step.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Long = np.longdouble


@dataclass(frozen=True, kw_only=True)
class Array:
    """One random array as plain numbers; `v0` None is ohmic, None for a terminal is open."""

    conductance: np.ndarray
    row_ohm: float
    column_ohm: float
    row_lead: float
    column_lead: float
    left: float | None
    right: float | None
    top: float | None
    bottom: float | None
    volts: np.ndarray
    v0: float | None


def random_array(rng, largest=40, *, sinh_share=0.25):
    """Return an array as wide as the checks of descriptions allow in practice."""
    size = rng.integers(1, largest + 1, 2)
    if rng.random() < 0.4:
        size = np.minimum(size, rng.integers(1, 9, 2))
    low, high = np.sort(rng.uniform(-12, 2, 2))
    g = 10 ** rng.uniform(low, high, tuple(size))
    if rng.random() < 0.5:
        g[rng.random(g.shape) < rng.choice([0.1, 0.5, 0.9])] = 0.0
    if not g.any():
        g.flat[rng.integers(g.size)] = 10 ** rng.uniform(-12, 2)

    def ohm(zero):
        return 0.0 if rng.random() < zero else float(10 ** rng.uniform(-9, 6))

    row_ohm, column_ohm = ohm(0.2), ohm(0.2)
    row_lead = row_ohm if rng.random() < 0.5 else ohm(0.3)
    column_lead = column_ohm if rng.random() < 0.5 else ohm(0.3)
    ends = [ohm(0.4) if rng.random() < 0.7 else None for _ in range(4)]
    for one, other in ((0, 1), (2, 3)):
        if ends[one] is None and ends[other] is None:
            ends[one] = ohm(0.4)
    scale = 10 ** rng.uniform(-3, 6)
    volts = scale * rng.uniform(-1 if rng.random() < 0.4 else 0, 1, size[0])
    if rng.random() < 0.3:
        volts[rng.random(len(volts)) < 0.5] = 0.0
    v0 = scale * 10 ** rng.uniform(-2.5, 1) if rng.random() < sinh_share else None
    return Array(
        conductance=g,
        row_ohm=row_ohm,
        column_ohm=column_ohm,
        row_lead=row_lead,
        column_lead=column_lead,
        left=ends[0],
        right=ends[1],
        bottom=ends[2],
        top=ends[3],
        volts=volts,
        v0=v0,
    )


class Network:
    """Numbered free nodes, resistors, devices and held nodes of an `Array`."""

    def __init__(self, array):
        rows, cols = array.conductance.shape
        self.rows, self.cols = rows, cols
        cells = rows * cols
        driver, sense = 2 * cells, 2 * cells + rows
        parent = list(range(2 * cells + rows + cols))

        def find(k):
            while parent[k] != k:
                parent[k] = parent[parent[k]]
                k = parent[k]
            return k

        wires = []
        for i in range(rows):
            line = [2 * (i * cols + j) for j in range(cols)]
            wires += self._wire(
                line, array.row_ohm, array.row_lead, array.left, array.right, driver + i
            )
        for j in range(cols):
            line = [2 * (i * cols + j) + 1 for i in range(rows)]
            wires += self._wire(
                line, array.column_ohm, array.column_lead, array.top, array.bottom, sense + j
            )
        for a, b, ohm in wires:
            if ohm == 0.0:
                low, high = sorted((find(a), find(b)))
                parent[low] = high  # held nodes have the highest numbers
        root = np.array([find(k) for k in range(len(parent))])
        free = np.unique(root[root < driver])
        number = np.full(len(parent), -1)
        number[free] = np.arange(len(free))
        self.free = len(free)
        place = np.where(root < driver, number[root], self.free + root - driver)
        self.ohms = [(int(place[a]), int(place[b]), r) for a, b, r in wires if r > 0.0]
        self.resistors = [(a, b, Long(1) / Long(r)) for a, b, r in self.ohms]
        there = array.conductance > 0.0
        index = np.arange(cells).reshape(rows, cols)[there]
        self.row, self.column = place[2 * index], place[2 * index + 1]
        self.device = array.conductance[there].astype(Long)
        self.first_sense = self.free + rows

    @staticmethod
    def _wire(line, segment, lead, first, last, held):
        found = [(a, b, segment) for a, b in pairwise(line)]
        if first is not None:
            found.append((line[0], held, first + lead))
        if last is not None:
            found.append((line[-1], held, last + lead))
        return found

    def solve(self, siemens, held, source=None):
        """Return all voltages (nodes, vectors) and column currents (cols, vectors).

        `siemens` of each device; `held` (rows, vectors) drivers' voltages; `source` (devices,)
        currents beside the devices, for the first vector.
        """
        n, vectors = self.free, held.shape[1]
        size = n + self.rows + self.cols
        branch = np.zeros((n, n), dtype=Long)
        leak, inject = np.zeros(n, dtype=Long), np.zeros((n, vectors), dtype=Long)
        volt = np.zeros((size, vectors), dtype=Long)
        volt[n : n + self.rows] = held
        a = np.concatenate([[r[0] for r in self.resistors], self.row]).astype(int)
        b = np.concatenate([[r[1] for r in self.resistors], self.column]).astype(int)
        g = np.concatenate([np.array([r[2] for r in self.resistors], dtype=Long), siemens])
        both = (a < n) & (b < n) & (a != b)
        np.add.at(branch, (a[both], b[both]), g[both])
        np.add.at(branch, (b[both], a[both]), g[both])
        for one, other in ((a, b), (b, a)):
            edge = (one < n) & (other >= n)
            np.add.at(leak, one[edge], g[edge])
            np.add.at(inject, one[edge], g[edge, None] * volt[other[edge]])
        if source is not None:
            for node, sign in ((self.row, -1), (self.column, 1)):
                np.add.at(inject[:, 0], node[node < n], (sign * source)[node < n])
        kept = []
        for k in range(n):
            ahead = k + 1 + np.flatnonzero(branch[k, k + 1 :])
            arms = branch[k, ahead]
            total = arms.sum() + leak[k]
            share = arms / total if total > 0 else arms
            kept.append((ahead, share, total))
            branch[np.ix_(ahead, ahead)] += share[:, None] * arms
            leak[ahead] += share * leak[k]
            inject[ahead] += share[:, None] * inject[k]
        for k in reversed(range(n)):
            ahead, share, total = kept[k]
            volt[k] = share @ volt[ahead] + (inject[k] / total if total > 0 else 0)
        current = np.zeros((self.cols, vectors), dtype=Long)
        for one, other in ((a, b), (b, a)):
            into = (other >= self.first_sense) & (one != other)
            np.add.at(current, other[into] - self.first_sense, g[into, None] * volt[one[into]])
        if source is not None:
            into = self.column >= self.first_sense
            np.add.at(current[:, 0], self.column[into] - self.first_sense, source[into])
        return volt, current


def truth(array):
    """Return (column currents, full scale of each column), or None where there is no finite one.

    The full scale is the sum of |V| times the transfer; of nonlinear cells, of the resistors that
    carry the same currents.
    """
    network = Network(array)
    volts = array.volts.astype(Long)
    drive = np.stack([volts, np.abs(volts)], axis=1)
    if array.v0 is None:
        _, current = network.solve(network.device, drive)
        return current[:, 0], current[:, 1]
    v0, g = Long(array.v0), network.device
    d = np.zeros(len(g), dtype=Long)
    before = None
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(400):
            slope = g * np.cosh(d / v0)
            source = g * v0 * np.sinh(d / v0) - slope * d
            volt, current = network.solve(slope, volts[:, None], source)
            new = volt[network.row, 0] - volt[network.column, 0]
            linear = source + slope * new
            if not (np.isfinite(new).all() and np.isfinite(linear).all()):
                return None
            bent = v0 * np.arcsinh(linear / (g * v0))
            nearer = (linear * new > 0) & (np.abs(bent) < np.abs(new))
            new = np.where(nearer, bent, new)
            step, d = np.abs(new - d).max(), new
            done = step <= 1e-15 * np.abs(d).max() and before is not None
            if done and np.abs(current - before).max() <= 1e-14 * np.abs(current).max():
                break
            before = current
        else:
            raise ArithmeticError("the truth did not converge")
        secant = g * np.where(
            np.abs(d) > 1e-8 * v0, np.sinh(d / v0) / np.where(d == 0, 1, d / v0), 1
        )
    _, current = network.solve(secant, drive)
    return current[:, 0], current[:, 1]
