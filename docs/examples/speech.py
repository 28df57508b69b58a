"""Voice activity by an LSTM that others trained, on tiles over time, compared with its own runtime.

``python docs/examples/speech.py --out out/speech`` needs the PyPI package ``silero-vad`` (its
network, MIT licence), the program ``espeak-ng`` (its voice), and the extras ``onnx`` and ``torch``.
Two spoken sentences between stretches of noise go through the network frame by frame; states are
handed on as each run computes them. Both files of the package are imported, the ONNX file and the
TorchScript one, and compared with onnxruntime and with torch; then chips of PCM tiles are read
from 25 seconds to a year after programming. The probability of speech and the decisions at 0.5 are
compared with the runtime's; rows are printed, and kept in ``speech.json`` and ``speech.png``.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import subprocess
import sys
import warnings
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import xbar_circuit as xc
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network import proportion
from xbar_circuit.network.importers import load_torch
from xbar_circuit.peripherals import Dac, IdealConverter, Readout

RATE = 16000
WORDS = "In the beginning was the word, and the word was spoken by a machine."
AGES = {"25 s": 25.0, "1 day": 86400.0, "1 year": 3.1536e7}
FRAME, BEFORE = 512, 64  # samples that are new in a frame, and of the frame before
STATE = (2, 1, 128)
SPEECH = 0.5

Step = Callable[[Any, Any], list[Any]]


def audio(noise: float = 0.004, seed: int = 0) -> Any:
    """Return speech between noise, 16 kHz."""
    speak = ["espeak-ng", "--stdout", WORDS]
    spoken = subprocess.run(speak, capture_output=True, check=True)  # noqa: S603
    with wave.open(io.BytesIO(spoken.stdout)) as file:
        rate = file.getframerate()
        voice = np.frombuffer(file.readframes(1 << 24), np.int16) / 32768
    times = np.arange(0.0, len(voice) / rate, 1.0 / RATE)
    voice = np.interp(times, np.arange(len(voice)) / rate, voice)
    still = np.zeros(2 * RATE)
    whole = np.concatenate([still, voice, still, voice, still])
    hiss = noise * np.random.default_rng(seed).normal(size=len(whole))
    return (whole + hiss).astype(np.float32)


def heard(sound: Any, step: Step) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return the probability of speech of every frame, and what went in."""
    state, given, found = np.zeros(STATE, np.float32), [], []
    for start in range(BEFORE, len(sound) - FRAME, FRAME):
        given.append((sound[None, start - BEFORE : start + FRAME], state))
        probability, state = step(*given[-1])
        found.append(float(np.ravel(probability)[0]))
    return np.array(found), given


def onnx_file(folder: Path) -> tuple[Any, Step]:
    """Return the network of the ONNX file, and its step in onnxruntime."""
    import onnxruntime  # noqa: PLC0415

    path = folder / "silero_vad_16k_op15.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rate = np.array(RATE, np.int64)
    shape = {"input": (1, BEFORE + FRAME)}
    network = xc.network.load(path, constants={"sr": RATE}, input_shape=shape)
    return network, lambda x, state: session.run(None, {"input": x, "state": state, "sr": rate})


def torchscript_file(folder: Path) -> tuple[Any, Step]:
    """Return the network of the TorchScript file, and its step in torch.

    The file as a whole keeps its state between calls; its part ``_model`` takes and returns it.
    """
    import torch  # noqa: PLC0415

    path = f"{folder / 'silero_vad.jit'}:_model"
    network = xc.network.load(path, input_shape={"x": (1, BEFORE + FRAME), "state": STATE})
    module = load_torch(path)

    def step(x: Any, state: Any) -> list[Any]:
        with torch.no_grad():
            return [one.numpy() for one in module(torch.from_numpy(x), torch.from_numpy(state))]

    return network, step


def in_network(network: Any, run: Callable[[dict[str, Any]], list[Any]]) -> Step:
    """Return the step of a network, or of a chip: its inputs are sound and state, in this order."""
    names = [port.name for port in network.inputs]
    return lambda x, state: run(dict(zip(names, (x, state), strict=True)))


def compared(found: Any, exact: Any) -> dict[str, Any]:
    """Return how far probabilities and decisions are from the runtime's."""
    wrong, same = found - exact, (found > SPEECH) == (exact > SPEECH)
    agreement = proportion(same)
    return {
        "rms": float(np.sqrt((wrong**2).mean())),
        "largest": float(np.abs(wrong).max()),
        "same_decisions": agreement.value,
        "confidence_95": [agreement.low, agreement.high],
    }


def tell(rows: dict[str, Any], name: str, row: dict[str, Any]) -> None:
    """Keep a row, and print it."""
    rows[name] = row
    low, high = (100 * end for end in row["confidence_95"])
    print(
        f"  {name:24} rms {row['rms']:8.2g}  largest {row['largest']:8.2g}"
        f"  same decisions {100 * row['same_decisions']:5.1f} % ({low:.1f} to {high:.1f})",
        flush=True,
    )


def study(folder: Path, sound: Any, *, chips: int = 1, seed: int = 1) -> dict[str, Any]:
    """Return what became of each file: frames, the runtime's probabilities, and the rows."""
    found: dict[str, Any] = {}
    for kind, made in (("ONNX", onnx_file), ("TorchScript", torchscript_file)):
        network, step = made(folder)
        exact, given = heard(sound, step)
        digital, _ = heard(sound, in_network(network, network.run))
        speech = float((exact > SPEECH).mean())
        print(f"{kind}: {len(exact)} frames, {100 * speech:.0f} % of them speech", flush=True)
        rows: dict[str, Any] = {}
        tell(rows, "digital", compared(digital, exact))
        curves = {"runtime": exact.tolist()}
        some = given[: len(given) // 2 : 4]  # the ranges see some frames of the first sentence
        names = [port.name for port in network.inputs]
        known = {name: np.array([frame[k] for frame in some]) for k, name in enumerate(names)}
        for what, statistics in (("exact devices", None), ("PCM", PcmStatistics.joshi2020())):
            accelerator = xc.Accelerator(
                rows=128,
                cols=128,
                wires=xc.Wires(row_ohm=0.35, column_ohm=0.35),
                driver=Dac(bits=8),
                readout=Readout(converter=IdealConverter(bits=8)),
                statistics=statistics,
            )
            for number in range(seed, seed + (chips if statistics else 1)):
                rng = np.random.default_rng(number)
                chip = accelerator.program(network, calibration=known, rng=rng)
                for age in AGES if statistics else list(AGES)[:1]:
                    own, _ = heard(sound, in_network(network, chip.at(AGES[age]).run))
                    name = f"{what}, {age}, chip {number}" if statistics else what
                    tell(rows, name, compared(own, exact))
                    curves[name] = own.tolist()
        found[kind] = {"frames": len(exact), "speech": speech, "rows": rows, "curves": curves}
    return found


def draw(found: dict[str, Any], path: Path) -> None:
    """Write the figure: the probability of speech over time, and above it what was decided."""
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(
        len(found), figsize=(8.0, 2.8 * len(found)), layout="constrained", sharex=True
    )
    for place, (kind, one) in zip(np.atleast_1d(axes), found.items(), strict=True):
        curves = one["curves"]
        shown = {"runtime": "black"}
        for words, colour in (("PCM, 25 s", "C0"), ("PCM, 1 year", "C1")):
            shown |= {name: colour for name in curves if name.startswith(words)}
        for row, (name, colour) in enumerate(shown.items()):
            times = np.arange(len(curves[name])) * FRAME / RATE
            place.plot(times, curves[name], color=colour, lw=1.0, label=name)
            high = 1.30 - 0.08 * row
            spoken = np.array(curves[name]) > SPEECH
            place.fill_between(
                times, high - 0.05, high, where=spoken, step="post", color=colour, lw=0
            )
        place.axhline(SPEECH, color="gray", lw=0.6, ls=":")
        place.set(ylabel=f"P(speech), {kind} file", ylim=(-0.03, 1.36), yticks=(0, 0.5, 1))
        place.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    place.set(xlabel="time (s)")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> int:
    """Run the study, print its table and write it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out/speech"))
    parser.add_argument("--chips", type=int, default=1)
    asked = parser.parse_args()
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        print("pip install --no-deps silero-vad")
        return 1
    warnings.simplefilter("ignore")  # torch about the age of TorchScript
    folder = Path(spec.submodule_search_locations[0]) / "data"
    found = study(folder, audio(), chips=asked.chips)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "speech.json").write_text(json.dumps(found, indent=1))
    draw(found, asked.out / "speech.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
