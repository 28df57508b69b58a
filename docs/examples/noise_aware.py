"""A small residual network on PCM tiles over a year: what noise-aware training is worth.

``python docs/examples/noise_aware.py --out out/noise_aware`` trains on 6,000 of the 10,000
Fashion-MNIST images that the package carries. A trunk is trained once; from it, one network goes on
plainly and three with noise of different strength on their weights and with clipped weights (V.
Joshi et al., Nature Communications 11, 2473, 2020). They differ in nothing else. Each is programmed
into chips with exact wires, whose programming noise is one, two and three times that of the paper's
devices. On 1,000 other images the strength of the noise in training is chosen for each of these;
3,000 more, which nothing was chosen on, judge both networks on the same chips' random numbers, from
25 seconds to a year later. Needs the extra ``torch``. The same seed on the same machine gives the
same numbers.
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

import xbar_circuit as xc
from xbar_circuit import peripherals
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network import fashion_mnist_test
from xbar_circuit.network.intervals import mean_of
from xbar_circuit.torch import convert, program_module

NOISES = (0.045, 0.09, 0.13)  # standard deviation, of the largest weight of an output
SCALES = (1.0, 2.0, 3.0)  # of the programming noise
CLIP = 2.5  # standard deviations of an output's weights
AGES = {"25 s": 25.0, "1 year": 3.1536e7}


class Block(nn.Module):
    """Two convolutions with a short cut."""

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


def residual_network(width: int, blocks: int = 2) -> nn.Module:
    """Return three stages of residual blocks for 28 x 28 pixels."""
    stages, inputs = [], width
    for stage in range(3):
        outputs = width * 2**stage
        for block in range(blocks):
            stages.append(Block(inputs, outputs, 2 if stage and not block else 1))
            inputs = outputs
    return nn.Sequential(
        nn.Conv2d(1, width, 3, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        *stages,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, 10),
    )


def matrices(model: nn.Module) -> list[str]:
    """Return the names of the weights that tiles hold."""
    kinds = nn.Conv2d, nn.Linear
    return [f"{name}.weight" for name, part in model.named_modules() if isinstance(part, kinds)]


def noisy(model: nn.Module, generator: torch.Generator, noise: float) -> dict:
    """Return the weights with noise relative to the largest weight of each output."""
    own = dict(model.named_parameters())
    found = {}
    for name in matrices(model):
        largest = own[name].detach().abs().flatten(1).amax(dim=1)
        scale = noise * largest.reshape(-1, *(1,) * (own[name].ndim - 1))
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
            weights = noisy(model, generator, noise) if noise else {}
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


def hits(network, images, labels) -> np.ndarray:
    """Return of each image whether a network, or a chip, classifies it as labelled."""
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in images.split(250)])
    return (found == labels).numpy()


def measure(model, images, labels, calibration, *, scale, chips, seed, ages) -> dict:
    """Return of each age, and of the digital run, what share of the chips has each image right."""
    usual = PcmStatistics.joshi2020()
    accelerator = xc.Accelerator(
        rows=128,
        cols=128,
        wires=xc.Wires(row_ohm=0.35, column_ohm=0.35),
        driver=peripherals.Dac(bits=8),
        readout=peripherals.Readout(converter=peripherals.IdealConverter(bits=8)),
        statistics=replace(usual, programming_scale=scale),
    )
    analog = convert(model, accelerator)
    found: dict = {age: np.zeros(len(images)) for age in ages}
    for number in range(seed, seed + chips):
        rng = np.random.default_rng(number)
        chip = program_module(analog, calibration=calibration, rng=rng, drift_compensation="column")
        for age in ages:
            found[age] += hits(chip.at(AGES[age]), images, labels) / chips
    return {"digital": hits(model, images, labels).astype(float)} | found


def compared(plain: dict, aware: dict) -> dict:
    """Return accuracies and the gain by age, with its 95 % interval over the images."""
    found = {}
    for age, usual in plain.items():
        gain = mean_of(aware[age] - usual)
        found[age] = {
            "plain": float(usual.mean()),
            "aware": float(aware[age].mean()),
            "gain": gain.value,
            "confidence_95": [gain.low, gain.high],
        }
    return found


def judge(models, images, labels, calibration, *, validation, chips, seed) -> dict:
    """Return the comparison at every scale of the noise, and the training noise chosen there.

    Parameters
    ----------
    models
        By the noise of their training; 0 is the plain one.
    images, labels
        For the judgement.
    calibration
        Images that set the ranges of the converters.
    validation
        Other images and labels, on which the noise of training is chosen.
    chips, seed
        How many judge, and the first one's seed; others choose.
    """
    found = {}
    for scale in SCALES:
        options = {"scale": scale, "ages": ["25 s"], "chips": 2, "seed": seed + 100}
        tried = {
            noise: float(measure(model, *validation, calibration, **options)["25 s"].mean())
            for noise, model in models.items()
        }
        best = max((noise for noise in models if noise), key=tried.__getitem__)
        print(f"programming noise x {scale:g}: validation {tried}, chosen {best}", flush=True)
        options = {"scale": scale, "ages": list(AGES), "chips": chips, "seed": seed}
        plain, aware = (
            measure(models[noise], images, labels, calibration, **options) for noise in (0.0, best)
        )
        found[f"{scale:g}"] = {
            "validation": {str(noise): one for noise, one in tried.items()},
            "chosen": best,
            "test": compared(plain, aware),
        }
        tell(f"{scale:g}", found[f"{scale:g}"])
    return found


def study(*, width=8, trunk=10, branch=8, sizes=(6000, 1000, 3000), chips=4, seed=0):
    """Train the networks and judge them; return what was measured, by scale of the noise."""
    data = fashion_mnist_test()
    images = torch.from_numpy(np.array(data.images, dtype=np.float32))
    labels = torch.from_numpy(np.array(data.labels, dtype=np.int64))
    seen, tried, judged = sizes
    first, second = slice(seen), slice(seen, seen + tried)
    last = slice(seen + tried, seen + tried + judged)
    torch.manual_seed(seed)
    base = residual_network(width)
    print("trunk")
    train(base, images[first], labels[first], epochs=trunk, rate=4e-3, seed=seed, noise=0.0)
    models = {}
    for noise in (0.0, *NOISES):
        print(f"training noise {noise:g}")
        models[noise] = copy.deepcopy(base)
        options = {"epochs": branch, "rate": 2e-3, "seed": seed + 1}
        train(models[noise], images[first], labels[first], **options, noise=noise)
    return judge(
        models,
        images[last],
        labels[last],
        images[first][:200],
        validation=(images[second], labels[second]),
        chips=chips,
        seed=seed,
    )


def tell(scale: str, one: dict) -> None:
    """Print the rows of one scale of the noise."""
    for age, row in one["test"].items():
        low, high = (100 * end for end in row["confidence_95"])
        print(
            f"  noise x {scale}, {age}: plain {100 * row['plain']:.2f} %,"
            f" noise-aware {100 * row['aware']:.2f} %,"
            f" gain {100 * row['gain']:+.2f} ({low:+.2f} to {high:+.2f})",
            flush=True,
        )


def draw(found: dict, path: Path) -> None:
    """Write the figure: accuracy over the programming noise."""
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    scales = [float(scale) for scale in found]
    for color, name in (("tab:gray", "plain"), ("tab:blue", "aware")):
        for age, style in (("25 s", "-o"), ("1 year", ":s")):
            percent = [100.0 * one["test"][age][name] for one in found.values()]
            words = {"plain": "plain", "aware": "noise-aware"}[name]
            axes.plot(scales, percent, style, color=color, label=f"{words}, {age}")
    axes.set(xlabel="programming noise / that of the devices", ylabel="accuracy (%)")
    axes.set_xticks(scales)
    axes.legend(fontsize=8, loc="lower left")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """Run the study and write ``noise_aware.json`` and ``noise_aware.png``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out/noise_aware"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = study(seed=options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "noise_aware.json").write_text(json.dumps(found, indent=1))
    draw(found, options.out / "noise_aware.png")


if __name__ == "__main__":
    main()
