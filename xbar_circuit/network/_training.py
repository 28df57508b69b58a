"""Train the LeNet-5 that the demonstrations run: seeded, from IDX files, to one npz.

``python -m xbar_circuit.network._training --images DIR --out lenet5.npz`` reads the training set in
`DIR` (``train-images-idx3-ubyte`` and its labels, plain or gzipped), trains for a fixed number of
epochs and writes the network in the native format; ``--no-flip`` for digits. The test set is never
looked at. Small random shifts of the images and noise on the weights stand in for a larger set;
the noise, a fraction of each layer's largest weight, is drawn anew at every step and makes the
minimum a flat one, which analog arrays like (Joshi et al., Nat. Commun. 11, 2473, 2020).

Needs the extra ``[train]``. The same seed on the same machine gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError
from xbar_circuit.network._image_files import read_idx
from xbar_circuit.network.lenet import lenet5
from xbar_circuit.network.storage import save

__all__ = ["train_lenet5"]


def train_lenet5(
    images: NDArray[np.generic],
    labels: NDArray[np.generic],
    *,
    seed: int,
    epochs: int,
    flip: bool,
    weight_noise: float,
    report: Any = None,
) -> Mapping[str, NDArray[np.float32]]:
    """Return the trained weights and biases by name (``conv1.weight``, ..., ``dense3.bias``).

    Parameters
    ----------
    images
        (n, 28, 28) uint8; the network sees them divided by 255.
    labels
        (n,) uint8, 0-9.
    seed
        Of the initial weights, the order of the images, the shifts and the noise.
    epochs
        Passes over the set; the learning rate runs up to 3e-3 and down to 0 once.
    flip
        Whether half of the images are mirrored left to right (clothes may be, digits not).
    weight_noise
        Standard deviation of the noise, relative to each layer's largest weight.
    report
        Called after each epoch with its number and mean loss.
    """
    import torch  # noqa: PLC0415  (an extra)
    from torch import nn  # noqa: PLC0415
    from torch.func import functional_call  # noqa: PLC0415

    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential()
    for name, layer in (
        ("conv1", nn.Conv2d(1, 6, 5, padding=2)),
        ("relu1", nn.ReLU()),
        ("pool1", nn.MaxPool2d(2)),
        ("conv2", nn.Conv2d(6, 16, 5)),
        ("relu2", nn.ReLU()),
        ("pool2", nn.MaxPool2d(2)),
        ("flatten", nn.Flatten()),
        ("dense1", nn.Linear(400, 120)),
        ("relu3", nn.ReLU()),
        ("dense2", nn.Linear(120, 84)),
        ("relu4", nn.ReLU()),
        ("dense3", nn.Linear(84, 10)),
    ):
        model.add_module(name, layer)

    pixels = torch.from_numpy(np.pad(images, ((0, 0), (2, 2), (2, 2)))).float().div_(255.0)
    targets = torch.from_numpy(labels.astype(np.int64))
    batch, steps = 128, -(-len(targets) // 128)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=3e-3, total_steps=epochs * steps, pct_start=0.25
    )
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        order = torch.randperm(len(targets), generator=generator)
        total = 0.0
        for chosen in order.split(batch):
            down, right = torch.randint(0, 5, (2,), generator=generator).tolist()
            seen = pixels[chosen, down : down + 28, right : right + 28]
            if flip and torch.rand((), generator=generator) < 0.5:
                seen = seen.flip(-1)
            noisy = {
                name: value
                + torch.randn(value.shape, generator=generator)
                * (weight_noise * value.detach().abs().max())
                for name, value in model.named_parameters()
                if name.endswith("weight")
            }
            loss = loss_of(functional_call(model, noisy, (seen[:, None],)), targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(chosen)
        if report is not None:
            report(epoch + 1, total / len(targets))
    return {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}


def main(  # noqa: PLR0917  (typer calls it by name)
    images: Annotated[Path, typer.Option(help="Folder with the two train-*-ubyte IDX files.")],
    out: Annotated[Path, typer.Option(help="The npz to write.")],
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 2,
    epochs: Annotated[int, typer.Option(help="Passes over the set.")] = 25,
    flip: Annotated[bool, typer.Option(help="Mirror half of the images.")] = True,  # noqa: FBT002 (a typer flag)
    weight_noise: Annotated[float, typer.Option(help="Relative to the largest weight.")] = 0.02,
) -> None:
    """Train LeNet-5 on an IDX training set and write it as a native network."""
    weights = train_lenet5(
        read_idx(_find(images, "train-images-idx3-ubyte")),
        read_idx(_find(images, "train-labels-idx1-ubyte")),
        seed=seed,
        epochs=epochs,
        flip=flip,
        weight_noise=weight_noise,
        report=lambda epoch, loss: typer.echo(f"epoch {epoch}/{epochs}: loss {loss:.4f}"),
    )
    save(lenet5(weights), out)


def _find(folder: Path, name: str) -> Path:
    """Return an IDX file of a folder, plain or gzipped."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise ModelFileError(
        f"images: got {folder} without {name}, expected the training set as IDX files, plain or"
        " gzipped; give the folder that holds them"
    )


if __name__ == "__main__":
    typer.run(main)
