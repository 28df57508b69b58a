"""aihwkit's own classes of PCM statistics, on the same devices and in the same network.

aihwkit (Rasch et al., AICAS 2021; MIT) has a compiled core, for which the package index holds
wheels for some Pythons only. Its noise models are Python over torch: they run from the unpacked
source archive too, without the core.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network import fashion_mnist_lenet5, fashion_mnist_test
from xbar_circuit.network.execution import accuracy
from xbar_circuit.network.graph import Network
from xbar_circuit.studies._truth import Truth

__all__ = ["aihwkit_truths"]

_COMMAND = "xbar validate --only aihwkit --aihwkit FOLDER"
_DRAWS = 100_000
_HOUR = 3600.0
_CHIPS = 12
_IMAGES = 500
_MISSING = (
    "aihwkit is not installed, and has no wheel for every Python: pip download --no-deps"
    " --no-binary aihwkit aihwkit, unpack it, and say --aihwkit FOLDER"
)


def _noise_model(folder: Path | None) -> Any | None:
    """Return aihwkit's model of Joshi's devices, from its package or its source; None without."""
    if find_spec("torch") is None:
        return None
    if folder is None:
        if find_spec("aihwkit") is None:
            return None
    else:
        root = folder / "src" if (folder / "src").is_dir() else folder
        if not (root / "aihwkit" / "inference" / "noise" / "pcm.py").is_file():
            return None
        for part in ("", ".inference", ".inference.noise", ".inference.converter"):
            name = f"aihwkit{part}"  # without the packages' own imports, which want the core
            module = ModuleType(name)
            module.__path__ = [str(root / name.replace(".", "/"))]
            sys.modules[name] = module
    return import_module("aihwkit.inference.noise.pcm").PCMLikeNoiseModel()


def aihwkit_truths(seed: int, folder: Path | None = None) -> Iterator[Truth]:
    """Yield moments of drawn devices, and the accuracy of one network, by both packages.

    Parameters
    ----------
    seed
        Of what both draw.
    folder
        Of aihwkit's unpacked source; None is the installed package.
    """
    theirs = _noise_model(folder)
    rng = np.random.default_rng((seed, 11))
    source = "aihwkit's PCMLikeNoiseModel (Rasch et al., AICAS 2021), run on the same devices"
    for what, unit, own, other, tolerance in _moments(theirs, rng, seed):
        yield Truth(
            what=what,
            unit=unit,
            ours=own,
            theirs=other,
            tolerance=tolerance,
            source=source,
            command=_COMMAND,
            missing="" if theirs is not None else _MISSING,
        )
    ours, found, error = (np.nan,) * 3 if theirs is None else _accuracies(theirs, rng)
    yield Truth(
        what=f"LeNet-5 on {_IMAGES} images of Fashion-MNIST, {_CHIPS} chips an hour old",
        unit="%",
        ours=100.0 * ours,
        theirs=100.0 * found,
        tolerance=4.0 * error / found if error > 0.0 else 0.05,
        source=source.replace("devices", "network"),
        command=_COMMAND,
        missing="" if theirs is not None else _MISSING,
    )


def _moments(
    theirs: Any | None, rng: np.random.Generator, seed: int
) -> Iterator[tuple[str, str, float, float, float]]:
    stats = PcmStatistics.joshi2020()
    if theirs is not None:
        import_module("torch").manual_seed(seed)
    for microsiemens in (2.5, 12.5, 25.0):
        own = stats.program(np.full(_DRAWS, microsiemens * 1e-6), rng=rng)
        other = None if theirs is None else _drawn(theirs, microsiemens)
        name = f"Joshi, {microsiemens:g} uS"
        pairs = (
            ("programming error", own.conductance.std() * 1e6, 0, np.std, 0.015),
            ("mean after an hour", own.at(_HOUR).mean() * 1e6, 1, np.mean, 0.005),
            ("spread after an hour", own.at(_HOUR).std() * 1e6, 1, np.std, 0.015),
        )
        for what, mine, which, moment, tolerance in pairs:
            found = np.nan if other is None else float(moment(other[which]))
            yield f"{name}: {what}", "uS", float(mine), found, tolerance


def _drawn(theirs: Any, microsiemens: float) -> tuple[FloatArray, FloatArray]:
    """Return their devices as programmed, and drifted for an hour without read noise [uS]."""
    torch = import_module("torch")
    target = torch.full((_DRAWS,), microsiemens, dtype=torch.float64)
    written = theirs.apply_programming_noise_to_conductance(target)
    exponents = theirs.generate_drift_coefficients(target)
    quiet = theirs.read_noise_scale
    theirs.read_noise_scale = 0.0
    try:
        later = theirs.apply_drift_noise_to_conductance(written, exponents, _HOUR)
    finally:
        theirs.read_noise_scale = quiet
    return written.numpy(), later.numpy()


def _accuracies(theirs: Any, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the mean accuracies, ours and theirs, and the standard error of their difference."""
    network, images = fashion_mnist_lenet5(), fashion_mnist_test().first(_IMAGES)
    torch = import_module("torch")

    def own(weight: FloatArray) -> FloatArray:
        stats, largest = PcmStatistics.joshi2020(), np.abs(weight).max()
        pair = np.stack([np.maximum(weight, 0.0), np.maximum(-weight, 0.0)]) / largest
        state = stats.program(pair * stats.g_max_siemens, rng=rng)
        plus, minus = state.read(_HOUR, rng=rng) / stats.g_max_siemens
        result: FloatArray = (plus - minus) * largest
        return result

    def other(weight: FloatArray) -> FloatArray:
        found: FloatArray = theirs.apply_noise(torch.from_numpy(weight.copy()), _HOUR).numpy()
        return found

    found: list[list[float]] = [[], []]
    for _ in range(_CHIPS):
        for scores, change in zip(found, (own, other), strict=True):
            outputs = _changed(network, change).run({"input": images.images})
            scores.append(accuracy(np.asarray(outputs[0]), images.classes))
    spread = [np.var(scores, ddof=1) / _CHIPS for scores in found]
    return float(np.mean(found[0])), float(np.mean(found[1])), float(np.sqrt(sum(spread)))


def _changed(network: Network, change: Any) -> Network:
    """Return a network whose weights went through `change`."""
    nodes = []
    for node in network.nodes:
        weight = getattr(node.operator, "weight", None)
        if weight is None:
            nodes.append(node)
            continue
        new = change(np.asarray(weight, dtype=np.float64)).astype(weight.dtype)
        operator: Any = node.operator
        nodes.append(replace(node, operator=replace(operator, weight=new)))
    return replace(network, nodes=tuple(nodes))
