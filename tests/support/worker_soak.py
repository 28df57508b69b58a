"""A worker that dies again and again: no process, file or memory may be left behind.

``python tests/support/worker_soak.py --count 1000`` ends the worker by a kill, a hang or ngspice's
own ``quit``, one after the other, reads again after each, and exits with 1 if a read was wrong or
refused, or if something piles up.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import psutil

import xbar_circuit as xc
from xbar_circuit.spice import Op, run
from xbar_circuit.spice import _client as client

DECK = "t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n"
HANG = DECK + ".control\nlet k = 0\nwhile k < 1\nlet k = 0\nend\n.endc\n"


def die(way: int) -> None:
    """End the worker."""
    if way == 0:
        for worker in list(client.WORKERS._warm.values()):
            os.kill(worker.pid, signal.SIGKILL)
    elif way == 1:
        with contextlib.suppress(xc.SimulatorError):
            run(HANG, Op(), allow_control=True, time_limit_second=0.2)
    else:
        with contextlib.suppress(xc.SimulatorError):
            run(DECK + ".control\nquit\n.endc\n", Op(), allow_control=True)


def main() -> int:
    """Print what is left after each hundred deaths."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    this, wrong, settled = psutil.Process(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        for k in range(count):
            die(k % 3)
            try:
                wrong += abs(run(DECK, Op())["v(b)"][0] - 0.5) > 1e-12
            except xc.XbarError as error:
                print(error)
                wrong += 1
            if k % 100 == 99 or k == count - 1:
                memory = this.memory_info().rss >> 20
                settled = settled or memory
                left = len(list(Path(folder).iterdir())), len(this.children(recursive=True))
                print(
                    k + 1,
                    "deaths,",
                    wrong,
                    "wrong,",
                    this.num_fds(),
                    "files,",
                    memory,
                    "MiB,",
                    left,
                )
        client.WORKERS.close()
        orphans = len(this.children(recursive=True))
        left_over = [path for path in Path(folder).iterdir() if "xbar-failed-" not in path.name]
        tempfile.tempdir = None
    print(
        {"wrong": wrong, "orphans": orphans, "left": len(left_over), "grown_MiB": memory - settled}
    )
    return int(bool(wrong or orphans or left_over or memory - settled > 50))


if __name__ == "__main__":
    sys.exit(main())
