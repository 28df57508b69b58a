"""Voice activity by an LSTM that others trained, on tiles over time, beside onnxruntime.

``python tests/support/speech.py`` needs the PyPI package ``silero-vad`` (its network, MIT) and the
program ``espeak-ng`` (its voice). Two spoken sentences between stretches of noise go through the
network frame by frame; states are handed on as each run computes them. Printed are the rms and the
largest difference of the probability of speech, and the share of frames with the same decision.
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

import xbar_circuit as xc
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.peripherals import Dac, IdealConverter, Readout

RATE = 16000
WORDS = "In the beginning was the word, and the word was spoken by a machine."
_FRAME, _BEFORE = 512, 64

Step = Callable[[dict[str, Any]], list[Any]]


def audio() -> Any:
    """Return speech between noise, 16 kHz."""
    told = subprocess.run(["espeak-ng", "--stdout", WORDS], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(told)) as file:
        rate = file.getframerate()
        voice = np.frombuffer(file.readframes(1 << 24), np.int16) / 32768
    times = np.arange(0.0, len(voice) / rate, 1.0 / RATE)
    voice = np.interp(times, np.arange(len(voice)) / rate, voice)
    still = np.zeros(2 * RATE)
    whole = np.concatenate([still, voice, still, voice, still])
    return (whole + 0.004 * np.random.default_rng(0).normal(size=len(whole))).astype(np.float32)


def heard(sound: Any, step: Step) -> tuple[Any, list[dict[str, Any]]]:
    """Return the probability of speech of every frame, and what went in."""
    state, given, found = np.zeros((2, 1, 128), np.float32), [], []
    for start in range(_BEFORE, len(sound) - _FRAME, _FRAME):
        given.append({"input": sound[None, start - _BEFORE : start + _FRAME], "state": state})
        probability, state = step(given[-1])
        found.append(float(probability.ravel()[0]))
    return np.array(found), given


def main() -> int:
    """Print the table; return the exit code."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        print("pip install --no-deps silero-vad")
        return 1
    path = Path(spec.submodule_search_locations[0]) / "data/silero_vad_16k_op15.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rate, sound = np.array(RATE, np.int64), audio()
    exact, given = heard(sound, lambda feeds: session.run(None, {**feeds, "sr": rate}))
    shape = {"input": (1, _BEFORE + _FRAME)}
    network = xc.network.load(path, constants={"sr": RATE}, input_shape=shape)
    half = given[: len(given) // 2 : 4]  # the ranges see some frames of the first sentence
    known = {name: np.array([feeds[name] for feeds in half]) for name in ("input", "state")}

    def tell(name: str, step: Step) -> None:
        found, _ = heard(sound, step)
        wrong, same = found - exact, (found > 0.5) == (exact > 0.5)
        rms, most = np.sqrt((wrong**2).mean()), np.abs(wrong).max()
        print(f"{name:32} rms {rms:8.2g}  largest {most:8.2g}  decisions {100 * same.mean():.1f} %")

    print(f"{len(exact)} frames, {100 * (exact > 0.5).mean():.0f} % of them speech")
    tell("digital", network.run)
    for name, statistics in (("exact devices", None), ("PCM", PcmStatistics.joshi2020())):
        accelerator = xc.Accelerator(
            rows=128,
            cols=128,
            driver=Dac(bits=8),
            readout=Readout(converter=IdealConverter(bits=8)),
            statistics=statistics,
        )
        chip = accelerator.program(network, calibration=known, rng=np.random.default_rng(1))
        for second in (25.0,) if statistics is None else (25.0, 86400.0, 3.15e7):
            tell(f"{name}, 8 bits, {second:g} s", chip.at(second).run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
