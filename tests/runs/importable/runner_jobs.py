"""Work for the tests of the runner, in a module that worker processes can import."""

import os
import signal
import time
from pathlib import Path

import numpy as np


def draw(*, rng, scale, log=""):
    """Random numbers, and a matrix product whose last bits could depend on the threads."""
    if log:
        with Path(log).open("a") as lines:
            lines.write(f"{scale!r}\n")
    matrix = rng.normal(size=(64, 64))
    return {"mean": scale * rng.normal(), "product": (matrix @ matrix.T)[:3], "bound": (1, 2)}


def slowly(*, rng, scale, log, seconds):
    time.sleep(seconds)
    return draw(rng=rng, scale=scale, log=log)


def refuse_negative(*, rng, value):
    if value < 0:
        raise ValueError(f"negative: {value}")
    return np.sqrt(value)


def die(*, rng, when, marker=""):
    """Be killed: never, always, or the first time only."""
    if when == "always" or (when == "once" and not Path(marker).exists()):
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return rng.normal()


def fail_once(*, rng, marker):
    if not Path(marker).exists():
        Path(marker).touch()
        raise RuntimeError("the first time")
    return 1


def unkeepable(*, rng):
    return object()


def large(*, rng):
    return np.zeros(10_000)
