"""A small residual network on PCM tiles over a year: what noise-aware training is worth.

``python docs/examples/noise_aware.py --out out/noise_aware`` trains on 4,000 of the 10,000
Fashion-MNIST images that the package carries and judges 2,000 others. A trunk is trained once;
from it, one network goes on plainly and one with noise on its weights and with clipped weights (V.
Joshi et al., Nature Communications 11, 2473, 2020). They differ in nothing else. Each is programmed
into chips with exact wires, which are read from 25 seconds to a year later. Needs the extra
``torch``. The same seed on the same machine gives the same numbers.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

import xbar_circuit as xc
from xbar_circuit import peripherals
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network import fashion_mnist_test
from xbar_circuit.torch import convert, program_module

NOISE = 0.045  # standard deviation, of the largest weight of an output
CLIP = 2.5  # standard deviations of an output's weights
AGES = {"25 s": 25.0, "1000 s": 1e3, "1 hour": 3600.0, "1 day": 86400.0, "1 year": 3.1536e7}


class Block(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.last_norm = nn.BatchNorm2d(outputs)
        self.short = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.short = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        """Return the maps after the block."""
        inner = torch.relu(self.norm(self.first(x)))
        return torch.relu(self.last_norm(self.second(inner)) + self.short(x))


def residual_network(width: int) -> nn.Module:
    """Return three residual blocks for 28 x 28 pixels."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        Block(width, width, 1),
        Block(width, 2 * width, 2),
        Block(2 * width, 4 * width, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, 10),
    )


def matrices(model: nn.Module) -> list[str]:
    """Return the names of the weights that tiles hold."""
    kinds = nn.Conv2d, nn.Linear
    return [f"{name}.weight" for name, part in model.named_modules() if isinstance(part, kinds)]


def noisy(model: nn.Module, generator: torch.Generator) -> dict:
    """Return the weights with noise relative to the largest weight of each output."""
    own = dict(model.named_parameters())
    found = {}
    for name in matrices(model):
        largest = own[name].detach().abs().flatten(1).amax(dim=1)
        scale = NOISE * largest.reshape(-1, *(1,) * (own[name].ndim - 1))
        found[name] = own[name] + scale * torch.randn(own[name].shape, generator=generator)
    return found


def clip(model: nn.Module) -> None:
    """Keep the weights of every output within `CLIP` of their standard deviations."""
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name in matrices(model):
            edge = CLIP * own[name].flatten(1).square().mean(dim=1).sqrt()
            edge = edge.reshape(-1, *(1,) * (own[name].ndim - 1))
            own[name].copy_(own[name].clamp(-edge, edge))


def train(model, images, labels, *, epochs, rate, seed, noise):
    """Train in place: images shifted by up to two pixels, half of them mirrored."""
    generator = torch.Generator().manual_seed(seed)
    batch = 64
    steps = epochs * -(-len(images) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(images), generator=generator).split(batch):
            down, right = torch.randint(-2, 3, (2,), generator=generator).tolist()
            seen = torch.roll(images[chosen], (down, right), dims=(2, 3))
            if torch.rand((), generator=generator) < 0.5:
                seen = seen.flip(-1)
            weights = noisy(model, generator) if noise else {}
            loss = nn.functional.cross_entropy(
                functional_call(model, weights, seen), labels[chosen]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if noise:
                clip(model)
            total += float(loss.detach()) * len(chosen)
        print(f"  epoch {epoch + 1} of {epochs}: loss {total / len(images):.4f}", flush=True)
    model.eval()


def accuracy(network, images, labels) -> float:
    """Return the share of images that a network, or a chip, classifies as labelled."""
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in images.split(250)])
    return float((found == labels).float().mean())


def measure(model, images, labels, calibration, *, chips, seed) -> dict:
    """Return digital accuracy, and that of chips by drift compensation and age."""
    accelerator = xc.Accelerator(
        rows=128,
        cols=128,
        wires=xc.Wires(row_ohm=0.35, column_ohm=0.35),
        driver=peripherals.Dac(bits=8),
        readout=peripherals.Readout(converter=peripherals.IdealConverter(bits=8)),
        statistics=PcmStatistics.joshi2020(),
    )
    analog = convert(model, accelerator)
    found: dict = {"digital": accuracy(model, images, labels)}
    for kind in ("column", "none"):
        found[kind] = {age: [] for age in AGES}
        for number in range(seed, seed + chips):
            chip = program_module(
                analog,
                calibration=calibration,
                rng=np.random.default_rng(number),
                drift_compensation=kind,
            )
            for age, second in AGES.items():
                found[kind][age].append(accuracy(chip.at(second), images, labels))
    return found


def study(*, width=8, trunk=10, branch=5, train_images=4000, test_images=2000, chips=2, seed=0):
    """Train both networks and measure them; return what was measured, by network."""
    data = fashion_mnist_test()
    images = torch.from_numpy(np.array(data.images, dtype=np.float32))
    labels = torch.from_numpy(np.array(data.labels, dtype=np.int64))
    seen, known = images[:train_images], labels[:train_images]
    judged = slice(len(images) - test_images, None)
    torch.manual_seed(seed)
    base = residual_network(width)
    print("trunk")
    train(base, seen, known, epochs=trunk, rate=4e-3, seed=seed, noise=False)
    found = {}
    for name in ("plain", "noise-aware"):
        print(name)
        model = copy.deepcopy(base)
        told = {"epochs": branch, "rate": 2e-3, "seed": seed + 1}
        train(model, seen, known, **told, noise=name == "noise-aware")
        found[name] = measure(
            model, images[judged], labels[judged], seen[:200], chips=chips, seed=seed
        )
    return found


def draw(found: dict, path: Path) -> None:
    """Write the figure."""
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for color, (name, rows) in zip(("tab:gray", "tab:blue"), found.items(), strict=True):
        for kind, style in (("column", "-o"), ("none", ":s")):
            percent = 100.0 * np.array([rows[kind][age] for age in AGES])
            text = f"{name}, {'compensated' if kind == 'column' else 'not compensated'}"
            spread = percent.std(axis=1, ddof=1) if percent.shape[1] > 1 else None
            axes.errorbar(
                list(AGES.values()),
                percent.mean(axis=1),
                spread,
                fmt=style,
                color=color,
                label=text,
            )
        axes.axhline(100.0 * rows["digital"], color=color, lw=0.8, ls="--")
    axes.set(xscale="log", xlabel="time since programming (s)", ylabel="accuracy (%)")
    axes.legend(fontsize=8, loc="lower left")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run the study and write ``noise_aware.json`` and ``noise_aware.png``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out/noise_aware"))
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    torch.set_num_threads(1)
    found = study(seed=told.seed)
    told.out.mkdir(parents=True, exist_ok=True)
    (told.out / "noise_aware.json").write_text(json.dumps(found, indent=1))
    draw(found, told.out / "noise_aware.png")
    for name, rows in found.items():
        print(f"{name}: digital {100 * rows['digital']:.2f} %")
        for kind in ("column", "none"):
            means = (f"{age} {100 * np.mean(seen):.2f}" for age, seen in rows[kind].items())
            print(f"  compensation {kind}: " + ", ".join(means))


if __name__ == "__main__":
    main()
