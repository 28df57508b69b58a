"""Check and time the fast engine on a graphics card: a script for whoever has one, no test of CI.

    python tests/gpu/check.py [--device cuda] [--out FOLDER] [--small]

It needs NumPy, SciPy, threadpoolctl, torch (or CuPy) and array-api-compat, and nothing installed of
this package. Every number is compared with NumPy's on the same machine first: a difference beyond
1e-12 of full scale is an error, and exit code 1. About a minute on an H100.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import xbar_circuit as xc
from xbar_circuit import _backend as backend
from xbar_circuit.nodal import _cuda as cuda
from xbar_circuit.nodal import _leaves as leaves
from xbar_circuit.nodal import _m_matrix as m_matrix
from xbar_circuit.nodal import _reduction as reduction
from xbar_circuit.nodal._batch import BatchNewton
from xbar_circuit.nodal._corrections import Corrections
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal._reduction import Arrays, transfer_arrays
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.hierarchical import held_ends

LIMIT = 1e-12
TRANSFERS = (
    (64, 4096, 0.015),
    (128, 1024, 0.05),
    (256, 256, 0.3),
    (512, 1, 30.0),
    (1024, 1, 150.0),
)
NEWTONS = ((128, 256, 1.0, 0.015), (128, 256, 30.0, 0.040))
NETWORK = (640, 128)  # tiles for ten million weights
SMALL = {
    "transfers": ((16, 8, None), (33, 2, None)),
    "newtons": ((40, 4, 1.0, None), (40, 4, 30.0, None)),
    "network": (6, 32),
}


class Card:
    """The device under test, its clock and the rows of the table."""

    def __init__(self, name: str) -> None:
        self.place = backend.backend(name)
        self.cuda = "cuda" in str(self.place.device)
        self.torch: Any = sys.modules.get("torch")
        self.rows: list[dict[str, Any]] = []

    def describe(self) -> str:
        """Return what is under test."""
        if self.torch is None:
            return str(self.place.device)
        card = self.torch.cuda.get_device_name(self.place.device) if self.cuda else "processor"
        return f"torch {self.torch.__version__}, {card}"

    def wait(self) -> None:
        """Wait until the card has done what it was told."""
        if self.cuda and self.torch is not None:
            self.torch.cuda.synchronize()

    def best(self, work: Callable[[], object], repeats: int = 3) -> float:
        """Return the seconds of the fastest of some runs, after one to warm up."""
        work()
        self.wait()
        return min(_seconds(work, self.wait) for _ in range(repeats))

    def note(self, what: str, *, unit: str, error: float, **seconds: float | None) -> None:
        """Enter a row and print it; times in milliseconds."""
        row = {"what": what, "unit": unit, "error": error}
        row |= {k: None if v is None else 1e3 * v for k, v in seconds.items()}
        self.rows.append(row)
        print(line(row), flush=True)


def _seconds(work: Callable[[], object], wait: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""

    def cell(key: str, width: int) -> str:
        value = row.get(key)
        return ("-" if value is None else f"{value:.4g}").rjust(width)

    fast = row.get("numpy")
    ratio = f"{fast / row['device']:.0f}x" if fast and row.get("device") else "-"
    return (
        f"{row['what']:<44} {cell('device', 10)} {cell('wanted', 9)} {cell('numpy', 10)}"
        f" {ratio:>8}  {row['unit']:<12} {row['error']:.1e}"
    )


def on_host(work: Callable[[], object], repeats: int = 1) -> float:
    """Return seconds on one core."""
    with threads():
        return min(_seconds(work, lambda: None) for _ in range(repeats))


def probe(card: Card) -> None:
    """Try the compiled kernels alone: a fault would take the process with it."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for size in (1, 2, 3, 7, 8, 16, 23, 32, 40, 64):
        half = 10.0 ** rng.uniform(-9, -3, (5, size + 3, size + 3))
        table = card.place.put(half + half.swapaxes(1, 2))
        for c in (table[:, 1 : size + 1, 1 : size + 1], table[:, :size, :size].swapaxes(1, 2)):
            leak = table[:, size + 2, :size]
            found = cuda.sweep(c, leak)
            if found is None:
                print("no run-time compiler for this device: whole-batch operations instead")
                return
            plain = card.place.get(m_matrix.sweep(c, leak))
            worst = max(worst, float(np.abs(card.place.get(found) / plain - 1.0).max()))
    shape = leaves.LeafShape(rows=16, cols=16, ideal_rows=False, ideal_columns=False)
    for outer, each in ((3, 1), (1, 4)):
        own = 4
        for step in shape.steps():
            joint, ports = step.joint, len(step.joint.ports.numbers)
            half = rng.random((outer, 2, each, own, own))
            own = ports
            table = card.place.put(half + half.swapaxes(3, 4))
            found = cuda.join(table, joint.place, joint.inner, ports, weights=False)
            if found is None:
                continue
            exact = reduction.join_networks(joint, (table[:, 0], table[:, 1]), weights=False)[0]
            ours, other = (card.place.get(a).reshape(-1, ports, ports) for a in (found[0], exact))
            away = ~np.eye(ports, dtype=bool)
            worst = max(worst, float(np.abs(ours - other)[:, away].max() / other.max()))
    print(f"the kernels and whole-batch operations differ by {worst:.1e}")
    if not worst < LIMIT:
        raise SystemExit(1)


def transfers(card: Card, cases: tuple[Any, ...]) -> None:
    """Reduce many tiles, and single large arrays, that lie on the card."""
    rng = np.random.default_rng(1)
    ends = held_ends(xc.Wires(row_ohm=1.0, column_ohm=1.0), xc.Terminals())
    for n, tiles, wanted in cases:
        g = rng.uniform(1e-6, 25e-6, (tiles, n, n))
        whole = Arrays(device=card.place.put(g), row_ohm=1.0, column_ohm=1.0, ends=ends)
        one = Arrays(device=g[:1], row_ohm=1.0, column_ohm=1.0, ends=ends)
        exact = transfer_arrays(one)
        ours = card.place.get(transfer_arrays(whole)[:1])
        card.note(
            f"transfer {n} x {n}, {tiles} at once",
            unit="ms a tile",
            error=float(np.abs(ours - exact).max() / exact.max()),
            device=card.best(partial(transfer_arrays, whole)) / tiles,
            wanted=None if wanted is None else 1e-3 * wanted,
            numpy=on_host(partial(transfer_arrays, one), 3 if n <= 256 else 1),
        )


def newtons(card: Card, cases: tuple[Any, ...]) -> None:
    """Solve a batch of inputs of an array of sinh devices, node voltages and all."""
    rng = np.random.default_rng(2)
    for n, batch, ohm, wanted in cases:
        xbar = xc.Crossbar(
            conductance=rng.uniform(1e-6, 25e-6, (n, n)),
            wires=xc.Wires(row_ohm=ohm, column_ohm=ohm),
            cell=xc.devices.Sinh(v0_volt=0.1),
        )
        volts = rng.uniform(0.0, 0.2, (batch, n))
        method = xc.nodal.NewtonKrylov(fallback=None)
        corrections = Corrections(Lines.of(xbar), loads_row=True, limit=method.iterations)

        def run(
            method: Any = method, xbar: Any = xbar, fixed: Any = corrections, volts: Any = volts
        ) -> None:
            BatchNewton(method, xbar, fixed, volts, card.place).run()

        here = xc.nodal.prepare(xbar)
        there = xc.nodal.prepare(xbar, device=card.place.name)
        exact = here.read(volts[:2]).column_current
        ours = there.read(volts).column_current
        card.note(
            f"Newton, sinh, {n} x {n}, batch {batch}, {ohm:g} ohm",
            unit="ms an input",
            error=float(np.abs(ours[:2] - exact).max() / exact.max()),
            device=card.best(run) / batch,
            wanted=None if wanted is None else 1e-3 * wanted,
            numpy=on_host(partial(here.read, volts[:2])) / 2,
        )
        card.note(
            "  the same with all node voltages in NumPy",
            unit="ms an input",
            error=0.0,
            device=card.best(partial(there.read, volts)) / batch,
            wanted=None,
            numpy=None,
        )


def network(card: Card, tiles: int, n: int) -> None:
    """Reduce the tiles of a network once, from NumPy to NumPy."""
    rng = np.random.default_rng(3)
    g = rng.uniform(1e-6, 25e-6, (tiles, n, n))
    wires = xc.Wires(row_ohm=1.0, column_ohm=1.0)
    work = partial(xc.nodal.transfer_tiles, g, wires=wires, device=card.place.name)
    few = xc.nodal.transfer_tiles(g[:2], wires=wires)
    host = on_host(partial(xc.nodal.transfer_tiles, g[:2], wires=wires)) / 2
    card.note(
        f"{tiles * n * n / 1e6:.1f} million weights, NumPy to NumPy",
        unit="ms in all",
        error=float(np.abs(work()[:2] - few).max() / few.max()),
        device=card.best(work, 2),
        wanted=None,
        numpy=host * tiles,
    )


def chip(card: Card, network: Any, images: int) -> None:
    """Program a chip with a network, age it, and run it: the tiles on the card."""
    rng = np.random.default_rng(4)
    inputs = rng.random((images, *network.input_shape), dtype=np.float32)
    drawn = xc.devices.PcmStatistics.joshi2020()
    wires = xc.Wires(row_ohm=1.0, column_ohm=1.0)
    accelerator = xc.Accelerator(statistics=drawn, wires=wires)

    def programmed(device: str | None) -> Any:
        seeded = np.random.default_rng(5)
        made = accelerator.program(network, calibration=inputs[:16], rng=seeded, device=device)
        return made.at(86400.0)

    here, there = programmed(None), programmed(card.place.name)
    tiles = zip(_flat(here.transfers), _flat(there.transfers), strict=True)
    card.note(
        "accelerator.program(device=), a day later, tiles",
        unit="ms in all",
        error=max(float(np.abs(one - other).max() / one.max()) for one, other in tiles),
        device=card.best(lambda: programmed(card.place.name).transfers, 2),
        wanted=None,
        numpy=on_host(lambda: programmed(None).transfers),
    )
    ours, other = there.run(inputs)[0], here.run(inputs)[0]
    card.note(
        f"chip.run of {images} images (products on the processor)",
        unit="ms in all",
        error=float(np.abs(ours - other).max() / np.abs(other).max()),
        device=card.best(lambda: there.run(inputs), 2),
        wanted=None,
        numpy=on_host(lambda: here.run(inputs)),
    )


def small_network() -> Any:
    """Return a network of one small dense layer."""
    weight = np.random.default_rng(6).standard_normal((12, 5))
    dense = xc.network.operators.Dense(weight=weight, bias=np.zeros(5))
    node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    return xc.network.Network(nodes=(node,), input_shape=(12,))


def _flat(layers: Any) -> list[Any]:
    """Return the matrices of all tiles."""
    return [tile for layer in layers for tile in layer]


def main() -> None:
    """Check and time everything."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--device", default="cuda")
    options.add_argument("--out", type=Path, help="folder for table.json")
    options.add_argument("--small", action="store_true", help="small sizes, to try the script")
    options.add_argument("--probe", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    card = Card(given.device)
    if given.probe:
        probe(card)
        return
    start = time.perf_counter()
    print(card.describe())
    again = [sys.executable, __file__, "--probe", "--device", given.device]
    subprocess.run(again, check=True)
    print(
        f"{'':<44} {'device':>10} {'wanted':>9} {'one core':>10} {'ratio':>8}  unit         error"
    )
    transfers(card, SMALL["transfers"] if given.small else TRANSFERS)
    newtons(card, SMALL["newtons"] if given.small else NEWTONS)
    network(card, *(SMALL["network"] if given.small else NETWORK))
    chip(card, *((small_network(), 8) if given.small else (xc.network.fashion_mnist_lenet5(), 256)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    on_card = card.torch.cuda.max_memory_allocated() / 1024**3 if card.cuda and card.torch else 0.0
    print(
        f"{time.perf_counter() - start:.0f} s; {peak:.1f} GiB here, {on_card:.1f} GiB on the card"
    )
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        report = {"device": card.describe(), "numpy": np.__version__, "rows": card.rows}
        (given.out / "table.json").write_text(json.dumps(report, indent=1))
    if not all(row["error"] < LIMIT for row in card.rows):
        raise SystemExit("the device's numbers are not NumPy's")


if __name__ == "__main__":
    main()
