"""Drivers as SPICE text: levels and pulses over many reads, and the buffer behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from xbar_circuit.netlist.periphery.timing import piecewise, staircase
from xbar_circuit.peripherals.drivers import Driver, WordLineBuffer, WordLines
from xbar_circuit.units import spice_number

__all__ = ["driver_definition", "driver_lines"]


def driver_definition(driver: Driver, name: str) -> list[str]:
    """Return what a deck needs once: the buffer's subcircuit, or the lines that include it.

    A behavioural buffer has the ports ``input out reference`` and its output resistance only where
    its current is limited; otherwise that belongs to the terminal.
    """
    if not isinstance(driver, WordLineBuffer):
        return []
    if driver.circuit is not None:
        return driver.circuit.include_lines()
    num = spice_number
    lines = [
        f".subckt {name} input out reference",
        f"* word-line buffer: {driver.output_ohm:g} ohm, at most {driver.limit_ampere:g} A",
    ]
    node = "input"
    if driver.bandwidth_hertz != math.inf:
        node = "slow"
        lines += [
            "Epole fast reference input reference 1",
            "Rpole fast slow 1e6",
            f"Cpole slow reference {num(1.0 / (2e6 * math.pi * driver.bandwidth_hertz))}",
        ]
    if driver.limit_ampere == math.inf:
        lines.append(f"Eout out reference {node} reference 1")
    else:
        slope, share = 1.0 / driver.output_ohm, 1.0 / (driver.output_ohm * driver.limit_ampere)
        across = f"V({node},out)"
        lines.append(
            f"Bout reference out I={num(slope)}*{across}/sqrt(1+{across}*{across}*{num(share**2)})"
        )
    return [*lines, f".ends {name}"]


def driver_lines(
    driver: Driver,
    read: WordLines,
    row: int,
    name: str,
    node: str,
    *,
    definition: str,
    period_second: float,
    window_begin_second: float,
) -> Iterator[str]:
    """Yield what drives one end of one word line, about the node ``reference``.

    Parameters
    ----------
    driver, read, row
        Who, what, and which row of it.
    name, node
        Of the terminal and its node.
    definition
        The name that `driver_definition` was given.
    period_second
        From one read to the next [s].
    window_begin_second
        From the beginning of a read to that of its window [s], where pulses rise.
    """
    source = f"V{name} {node} reference"
    if isinstance(driver, WordLineBuffer):
        source = f"V{name} set_{name} reference"
        if driver.circuit is None:
            yield f"Xbuffer_{name} set_{name} {node} reference {definition}"
        else:
            nodes = {"input": f"set_{name}", "out": node}
            yield from driver.circuit.instance_lines(f"buffer_{name}", nodes)
    begins = period_second * np.arange(len(read.volt), dtype=np.float64)
    if read.second is None:
        yield from staircase(source, read.volt[:, row], begins, read.rise_second)
        return
    points = [(0.0, 0.0)]
    for k, begin in enumerate(begins + window_begin_second):
        volt, second = float(read.volt[k, row]), float(read.second[k, row])
        if volt != 0.0 and second > 0.0:
            points += [
                (float(begin), 0.0),
                (float(begin) + read.rise_second, volt),
                (float(begin) + max(second, 1.0001 * read.rise_second), volt),
                (float(begin) + second + read.fall_second, 0.0),
            ]
    yield from piecewise(source, points)
