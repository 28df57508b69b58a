"""Loops of `_blocks`, compiled by numba; imported only where it is installed."""

from __future__ import annotations

from typing import Any

from xbar_circuit._compiler import jit


@jit
def lay_inner(partner: Any, runs: Any, inner: int, inside: Any, across: Any) -> None:
    """Add the branches of a partner (grid of 3, ports, ports) among and from the inner nodes.

    `runs` : (runs, 3) where ports come from and go to, inner nodes first, and how many.
    """
    one, two, three = partner.shape[:3]
    count = len(runs)
    for x in range(one):
        for y in range(two):
            for z in range(three):
                for p in range(count):
                    if runs[p, 1] >= inner:
                        continue
                    for i in range(runs[p, 2]):
                        row = partner[x, y, z, runs[p, 0] + i]
                        line, beside = (
                            inside[x, y, z, runs[p, 1] + i],
                            across[x, y, z, runs[p, 1] + i],
                        )
                        for q in range(count):
                            length = runs[q, 2]
                            source = row[runs[q, 0] : runs[q, 0] + length]
                            if runs[q, 1] < inner:
                                target = line[runs[q, 1] : runs[q, 1] + length]
                            else:
                                start = runs[q, 1] - inner
                                target = beside[start : start + length]
                            for j in range(length):
                                target[j] += source[j]


@jit
def lay_ports(partner: Any, runs: Any, inner: int, kept: Any) -> None:
    """Add the branches of a partner among the ports; as `lay_inner`."""
    one, two, three = partner.shape[:3]
    count = len(runs)
    for x in range(one):
        for y in range(two):
            for z in range(three):
                for p in range(count):
                    if runs[p, 1] < inner:
                        continue
                    for i in range(runs[p, 2]):
                        row = partner[x, y, z, runs[p, 0] + i]
                        line = kept[x, y, z, runs[p, 1] - inner + i]
                        for q in range(count):
                            if runs[q, 1] < inner:
                                continue
                            length, start = runs[q, 2], runs[q, 1] - inner
                            source = row[runs[q, 0] : runs[q, 0] + length]
                            target = line[start : start + length]
                            for j in range(length):
                                target[j] += source[j]
