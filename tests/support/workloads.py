"""The least work of every verb of the command line, and of which it is known what becomes of it.

The list of verbs is that of the command line itself: one that is not named here fails the tests.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import typer

from xbar_circuit.cli import app
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.network.storage import save

_NETWORK = ("net.npz", "--data", "x.npy", "--labels", "y.npy", "--calibration", "known.npy",
            "--divide", "1")  # fmt: skip
_SMALL = (*_NETWORK, "--config", "a.toml")

#: Words after the verb, for a run of seconds in a folder that `make_files` filled.
WORKLOADS: dict[str, tuple[str, ...]] = {
    "agree": ("--max-side", "2"),
    "agree-tiles": ("--every", "60", "--no-transistors"),
    "bench": ("--max-side", "16", "--no-spice", "--only", "linear"),
    "calibrate": ("sar", "--rows", "4", "--bits", "4", "--fit-products", "6", "--products", "4"),
    "cells": (),
    "characterize amplifier": ("--rows", "2", "--cols", "1", "--bits", "3", "--celsius", "27",
                               "--celsius", "60", "--workers", "1"),
    "characterize column": ("sar", "--rows", "4", "--bits", "4", "--products", "2"),
    "characterize conveyor": ("--rows", "2", "--cols", "1", "--bits", "3", "--celsius", "27",
                              "--celsius", "60", "--workers", "1"),
    "characterize converter": ("sar", "--bits", "3", "--samples", "3", "--workers", "1"),
    "characterize integrator": ("--rows", "2"),
    "characterize product": ("transistor-sar", "--rows", "4", "--cols", "1", "--bits", "3"),
    "characterize sense-amplifier": ("--samples", "2"),
    "check": ("net.npz",),
    "compare-readouts": (*_SMALL, "--readout", "ideal", "--readout", "behavioural SAR",
                         "--spice-vectors", "1", "--spice-outputs", "1"),
    "cost": ("net.npz", "--data", "x.npy", "--divide", "1", "--images", "4"),
    "demo": (),
    "design": (*_NETWORK, "--tile", "16", "--bits", "3", "--bits", "4", "--devices-per-sign", "1",
               "--workers", "1"),
    "device": ("--cells", "10", "--size", "2"),
    "doctor": (),
    "explore": (),
    "export": ("g.npy",),
    "fine-tune": (*_NETWORK, "--tile", "16", "--steps", "30", "--seeds", "1"),
    "import-settings": ("aihwkit.json", "--simulator", "aihwkit"),
    "infer": (*_SMALL, "--budget-images", "10", "--spice-tiles", "1", "--spice-vectors", "1"),
    "ir-drop": ("--cell", "1r", "--size", "4", "--segment-ohm", "1", "--segment-ohm", "2",
                "--inputs", "2", "--read-volt", "0.1"),
    "language": ("--windows", "2", "--age", "25 s", "--written", "0"),
    "mapping": ("net.npz",),
    "mnist": ("--folder", "mnist", "--images", "20", "--seeds", "1"),
    "placement": _SMALL,
    "read": ("g.npy",),
    "sweep": ("s.toml", "--workers", "1"),
    "temperature": (*_SMALL, "--celsius", "25", "--celsius", "60"),
    "validate": ("--only", "devices", "--only", "chips"),
    "wire-aware": (*_NETWORK, "--tile", "16", "--segment-ohm", "1", "--workers", "1",
                   "--seeds", "2"),
    "write": ("--rows", "2", "--cols", "2", "--pulse-second", "2e-9"),
}  # fmt: skip

#: What a run takes, when, and by which words it was started is no result.
_TIMES = re.compile(r"second|_bytes$|speed_ratio|^analog_over_digital$|^load$|^provenance$")


def commands() -> Iterator[tuple[str, Any]]:
    """Yield the words of every command that does something, and the command."""
    tree = typer.main.get_command(app)
    for verb in tree.list_commands(None):
        command = tree.get_command(None, verb)
        below = getattr(command, "commands", None)
        if below is None:
            yield verb, command
        else:
            yield from ((f"{verb} {name}", one) for name, one in below.items())


def make_files(folder: Path) -> None:
    """Write what the workloads read: a network of two layers, data, an array, a study."""
    rng = np.random.default_rng(4)
    one, two = (rng.normal(size=shape).astype(np.float32) for shape in ((12, 6), (6, 5)))
    layers = (
        Dense(weight=one, bias=np.zeros(6, np.float32)),
        Dense(weight=two, bias=np.zeros(5, np.float32)),
    )
    nodes = (
        Node(name="one", operator=layers[0], inputs=(INPUT,)),
        Node(name="two", operator=layers[1], inputs=("one",)),
    )
    save(Network(nodes=nodes, input_shape=(12,)), folder / "net.npz")
    x = rng.normal(size=(60, 12)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", (x @ one @ two).argmax(axis=1))
    np.save(folder / "known.npy", rng.normal(size=(40, 12)).astype(np.float32))
    np.save(folder / "g.npy", rng.uniform(1e-6, 2e-5, (4, 3)))
    (folder / "a.toml").write_text(
        "[accelerator]\nrows = 16\ncols = 16\n[run]\nseconds = [25.0]\nseeds = 2\n[pcm]\n"
    )
    (folder / "s.toml").write_text(
        '[study]\nfunction = "ir_drop"\n[parameters]\nrows = 2\n[grid]\ncols = [2, 3, 4]\n'
    )
    (folder / "aihwkit.json").write_text('{"forward": {"inp_res": 0.003937, "out_res": 254.0}}')
    (folder / "mnist").mkdir()
    for name in ("train", "t10k"):
        images = rng.integers(0, 255, (400, 28, 28), dtype=np.uint8)
        labels = rng.integers(0, 10, 400, dtype=np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
            content = header + values.tobytes()
            (folder / "mnist" / f"{name}-{kind}-ubyte").write_bytes(content)
            (folder / "mnist" / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))


def numbers(out: Path) -> Any:
    """Return what a finished run says, but for times; of a sweep its table, failures included."""
    if not (out / "summary.json").exists():
        with (out / "results.csv").open(encoding="utf-8", newline="") as file:
            lines = [line for line in file if not line.startswith("#")]
        return _without_times(list(csv.DictReader(lines)))
    return _without_times(json.loads((out / "summary.json").read_text(encoding="utf-8")))


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if not _TIMES.search(k)}
    if isinstance(value, list):
        return [_without_times(entry) for entry in value]
    return value


def kept(out: Path) -> set[Path]:
    """Return the files of finished pieces of work below a result folder."""
    found = {path for path in out.rglob("*.json") if not path.name.startswith(".")}
    return {path for path in found if _checksummed(path)}


def _checksummed(path: Path) -> bool:
    try:
        return "checksum" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def with_another_digit(text: str) -> str:
    """Return a record with its last digit changed that counts: some leave the same number."""
    content = json.loads(text)
    for place in reversed(range(text.rindex('"checksum"'))):
        if text[place].isdigit():
            changed = text[:place] + ("1" if text[place] != "1" else "2") + text[place + 1 :]
            if json.loads(changed) != content:
                return changed
    raise AssertionError("no digit in the record")


def half_written(out: Path) -> list[Path]:
    """Return what was begun and never finished."""
    return list(out.rglob(".*"))
