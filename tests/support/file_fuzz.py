"""Damaged files of every format that the package reads: each must load, or be refused by name.

``python tests/support/file_fuzz.py --count 500`` damages so many files of each format and prints
how many loaded, were refused, or ended in a traceback; it exits with 1 if there was one of those.
A run is repeatable: its numbers come from ``--seed``.
"""

from __future__ import annotations

import argparse
import gzip
import io
import resource
import struct
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import xbar_circuit as xc
from xbar_circuit import _matrix_files as matrix_files
from xbar_circuit import spice_text
from xbar_circuit.accelerator.settings import read_settings
from xbar_circuit.calibration.readout import ReadoutModel
from xbar_circuit.network import images, storage
from xbar_circuit.network.lenet import SHIPPED
from xbar_circuit.studies.sweep import read_sweep_plan

EXPORTS = Path(__file__).resolve().parents[1] / "data" / "torch_exports"
MEMORY_BYTES = 12 << 30
NORMAL = images.Normalisation(divide=255.0)


SETTINGS = (
    b"""[accelerator]
rows = 64
synapse = { kind = "bit_slices", slices = 2, cell = { kind = "sinh", v0_volt = 0.3 } }
driver = { kind = "dac", bits = 6, settle_second = 1e-11 }
readout.converter = { kind = "sar", bits = 7, low_volt = 0.1 }
readout.amplifier = { kind = "transimpedance", feedback_ohm = 6e3, opamp = { dc_gain = 1e4 } }
terminals = { left_ohm = "none", right_ohm = 2 }
[layers]
conv1 = { driver.bits = 4 }
dense1 = "int8"
[pcm]
preset = "hermes_double"
read_curve = { x = [0, 1], y = [0.01, 0.02] }
[run]
seconds = [25.0, 3600]
seeds = 3
wire_aware = true
""",
    b"""[accelerator]
readout = { chain = "ramp", bits = 6 }
digital.buffer.byte_joule = 1e-12
wires = { row_ohm = 0.5, column_ohm = 1.5 }
[accelerators.wide]
weight_scale = "tile"
[layers]
conv1 = "wide"
[run]
celsius = [0, 85]
architecture = "isaac"
""",
)
NETWORK_STUDY = b"""[study]
function = "network"
seeds = [1, 2]
[parameters]
images = 10
pcm.preset = "joshi2020"
[grid]
"accelerator.rows, accelerator.cols" = [32, 64]
run.wire_aware = [false, true]
"""


@dataclass(frozen=True)
class Format:
    """One kind of file: whole examples, and how it is read."""

    suffix: str
    examples: tuple[bytes, ...]
    load: Callable[[Path], object]


def idx(values: np.ndarray) -> bytes:
    """Return an IDX file of bytes."""
    return (
        bytes((0, 0, 8, values.ndim))
        + struct.pack(f">{values.ndim}I", *values.shape)
        + values.tobytes()
    )


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    """Return what a writer puts into a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def in_folder(path: Path) -> object:
    """Load a picture as the only one of its class."""
    return images.load_dataset(path.parents[1], normalisation=NORMAL)


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield small pictures of every format."""
    from PIL import Image

    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 255, (9, 7, 3), dtype=np.uint8))
    grey = Image.fromarray(rng.integers(0, 255, (9, 7), dtype=np.uint8))
    for kind, suffix in (
        *(("PNG", ".png"), ("GIF", ".gif"), ("BMP", ".bmp"), ("TIFF", ".tif")),
        *(("JPEG", ".jpg"), ("PPM", ".ppm"), ("WEBP", ".webp")),
    ):
        for one in (picture, grey):
            yield suffix, saved(lambda file, one=one, kind=kind: one.save(file, kind))


def native() -> bytes:
    """Return a small network as the package writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "n.npz"
        storage.save(SHIPPED["lenet5"](), path)
        return path.read_bytes()


def readout() -> bytes:
    """Return a calibrated read-out as the package writes it."""
    model = ReadoutModel(
        input_ohm=10.0,
        input_volt=0.0,
        scale_ampere=1e-6,
        coefficients=(0.0, 0.5, 0.01),
        thresholds=(-0.2, 0.0, 0.2),
        low=-1.0,
        high=1.0,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.json"
        model.save(path)
        return path.read_bytes()


def formats() -> dict[str, Format]:
    """Return every format by its name."""
    rng = np.random.default_rng(0)
    block = rng.integers(0, 255, (6, 5, 4), dtype=np.uint8)
    labels = np.arange(6, dtype=np.uint8)
    both = {"images": block, "labels": labels}
    found = {
        "IDX": Format(
            ".idx",
            (idx(block), gzip.compress(idx(block))),
            lambda path: images.load_images(path, normalisation=NORMAL, count=3),
        ),
        "npy": Format(
            ".npy",
            (saved(lambda f: np.save(f, block)), saved(lambda f: np.save(f, block / 7.0))),
            lambda path: images.load_images(path, normalisation=NORMAL, count=3),
        ),
        "npz": Format(
            ".npz",
            (
                saved(lambda f: np.savez(f, **both)),
                saved(lambda f: np.savez_compressed(f, **both)),
            ),
            lambda path: images.load_dataset(path, normalisation=NORMAL),
        ),
        "native network": Format(".npz", (native(),), storage.read_npz),
        "read-out": Format(".json", (readout(),), ReadoutModel.load),
        "ONNX": Format(
            ".onnx",
            tuple(
                (EXPORTS / f"{name}.onnx").read_bytes()
                for name in ("sound_opset11", "sound_opset20")
            ),
            xc.network.load,
        ),
        "matrix": Format(".csv", (b"a,b\n1,2\n3,4\n", b"1 2e-6\n3 4\n"), matrix_files.load_matrix),
        "matrix npy": Format(
            ".npy", (saved(lambda f: np.save(f, block[0] / 7.0)),), matrix_files.load_matrix
        ),
        "SPICE": Format(
            ".lib",
            (b".lib tt\nR1 a b 1k ; one\n+ tc1=1m\n.endl\n", b".subckt x a b\nR1 a b 1\n.ends\n"),
            lambda path: spice_text.flatten_file(path, "tt" if b"tt" in path.read_bytes() else ""),
        ),
        "settings": Format(".toml", SETTINGS, read_settings),
        "network study": Format(".toml", (NETWORK_STUDY,), read_sweep_plan),
        "study": Format(
            ".toml",
            (b'[study]\nfunction = "ir_drop"\nseeds = 2\nname = "x"\n[grid]\nrows = [1, 2]\n',),
            read_sweep_plan,
        ),
    }
    for suffix, content in pictures():
        name = f"picture {suffix}"
        known = found[name].examples if name in found else ()
        found[name] = Format(suffix, (*known, content), in_folder)
    return found


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Return content with something wrong in it."""
    data = bytearray(content)
    kind = rng.integers(6)
    if kind == 0:
        return bytes(data[: rng.integers(len(data))])
    if kind == 1:  # a field of a header
        place, width = int(rng.integers(min(len(data), 160))), int(rng.choice([1, 2, 4, 8]))
        data[place : place + width] = bytes(rng.choice([0, 255, 127, 128], width).tolist())
    elif kind == 2:
        for place in rng.integers(len(data), size=int(rng.integers(1, 9))):
            data[place] = int(rng.integers(256))
    elif kind == 3:
        start = int(rng.integers(len(data)))
        del data[start : start + int(rng.integers(1, 40))]
    elif kind == 4:
        start = int(rng.integers(len(data)))
        data[start:start] = rng.bytes(int(rng.integers(1, 40)))
    else:  # another number in a text, or another byte
        digits = [k for k, byte in enumerate(data) if 48 <= byte <= 57] or [0]
        place = int(rng.choice(digits))
        words = [b"1e999", b"-1", b"99999999999999999999", b"NaN", b"null", b'"a"', b"[]", b"{}"]
        data[place : place + 1] = words[int(rng.integers(len(words)))]
    return bytes(data)


def attempt(form: Format, content: bytes, folder: Path) -> str:
    """Return "loaded", "refused", or the traceback."""
    path = folder / "class" / f"file{form.suffix}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        form.load(path)
    except xc.XbarError:
        return "refused"
    except Exception:  # noqa: BLE001  this is what is counted
        return traceback.format_exc()
    finally:
        path.unlink()
    return "loaded"


def survey(count: int, seed: int) -> dict[str, Counter[str]]:
    """Return, for each format, how often files loaded, were refused, or what else came."""
    result = {}
    for name, form in formats().items():
        rng = np.random.default_rng([seed, *name.encode()])
        outcomes: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as place:
            for k in range(count):
                content = damage(form.examples[k % len(form.examples)], rng)
                outcomes[attempt(form, content, Path(place))] += 1
        result[name] = outcomes
    return result


def main() -> int:
    """Print the survey."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("error")
    total: Counter[str] = Counter()
    for name, outcomes in survey(asked.count, asked.seed).items():
        wrong = sum(outcomes.values()) - outcomes["loaded"] - outcomes["refused"]
        print(
            f"{name:16} loaded {outcomes['loaded']:5} refused {outcomes['refused']:5}"
            f" traceback {wrong:5}"
        )
        total.update({"files": sum(outcomes.values()), "tracebacks": wrong})
        for text in [text for text in outcomes if text not in {"loaded", "refused"}][:3]:
            print(text)
    print(dict(total))
    return int(total["tracebacks"] > 0)


if __name__ == "__main__":
    sys.exit(main())
