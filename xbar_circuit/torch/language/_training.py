"""Train the shipped transformer twice, plainly and for analog weights: seeded, from one text.

``python -m xbar_circuit.torch.language._training --out DIR`` reads the text of the Debian package
``bible-kjv-text`` (`text`), trains, and writes ``plain.npz`` and ``noise_aware.npz``. Both
share a trunk at a constant learning rate; from there each goes its own way of equal length, in
which the rate falls to zero: one plainly, one with noise on every weight matrix, drawn anew at
every step, and with its weights kept within `CLIP` standard deviations of their column (Joshi et
al., Nat. Commun. 11, 2473, 2020, who retrain a trained network so). So they differ in nothing else.

Matrices of the blocks learn by Muon (K. Jordan et al., 2024: momentum, made orthogonal), the rest
by AdamW. Needs the extra ``[train]`` with torch 2.9 or later; 2 cores with
bfloat16 instructions take a quarter of an hour. An interrupted training goes on from where it was.
"""

from __future__ import annotations

import gzip
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import nn
from torch.func import functional_call

from xbar_circuit.torch.language.evaluation import bits_per_character, windows
from xbar_circuit.torch.language.model import Transformer, TransformerShape
from xbar_circuit.torch.language.storage import save_language
from xbar_circuit.torch.language.text import DEBIAN_FILE, read_debian, split_chapters

__all__ = ["CLIP", "NOISE", "train_language"]

#: Standard deviation of the noise, relative to the largest weight of a column (an output). PCM of
#: Joshi et al. at a third of its range: 3.2 % of the range by programming, 2.4 % by a read.
NOISE = 0.045
#: Weights are kept within so many standard deviations of their column.
CLIP = 2.5

_BATCH = 16
_TRUNK, _BRANCH, _WARM = 1600, 700, 100  # steps
_MUON, _ADAM = 0.02, 3e-3  # learning rates
_SAVED = 200  # steps between checkpoints


def matrices(model: nn.Module) -> list[str]:
    """Return the names of the weights that an accelerator holds."""
    return [f"{n}.weight" for n, part in model.named_modules() if isinstance(part, nn.Linear)]


def noisy(model: nn.Module, generator: torch.Generator, noise: float) -> dict[str, Any]:
    """Return the weight matrices with noise relative to the largest weight of each output."""
    own = dict(model.named_parameters())
    return {
        name: own[name]
        + torch.randn(own[name].shape, generator=generator)
        * (noise * own[name].detach().abs().amax(dim=1, keepdim=True))
        for name in matrices(model)
    }


def clip(model: nn.Module, limit: float) -> None:
    """Keep the weights of every output within so many of their standard deviations."""
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name in matrices(model):
            edge = limit * own[name].square().mean(dim=1, keepdim=True).sqrt()
            own[name].copy_(own[name].clamp(-edge, edge))


def optimisers(model: nn.Module) -> list[Any]:
    """Return Muon for the matrices of the blocks and AdamW for the rest, with `base` rates."""
    own = dict(model.named_parameters())
    orthogonal = [n for n in matrices(model) if n.startswith("blocks.")]
    rest = [value for name, value in own.items() if name not in orthogonal]
    return [
        torch.optim.Muon([own[n] for n in orthogonal], lr=_MUON, momentum=0.95, weight_decay=0.05),
        torch.optim.AdamW(rest, lr=_ADAM, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def train_language(
    codes: Any,
    shape: TransformerShape,
    *,
    seed: int,
    noise: float | None,
    start: Mapping[str, Any] | None = None,
    trunk: int = _TRUNK,
    branch: int = _BRANCH,
    dtype: Any = torch.float32,
    checkpoint: Path | None = None,
    report: Any = None,
) -> dict[str, Any]:
    """Return the state after the trunk, or, from such a start, after a branch.

    Parameters
    ----------
    codes
        The text as whole numbers (n,), int64.
    shape
        Of the transformer.
    seed
        Of the initial weights, the places in the text and the noise, each step from its own.
    noise
        As `NOISE`; None trains plainly.
    start
        What the trunk returned; None trains the trunk.
    trunk, branch
        Their lengths [steps].
    dtype
        Of the products of a step; weights are float32.
    checkpoint
        A file that keeps the state; a training that finds one goes on from it.
    report
        Called after each step with its number and loss [nat].
    """
    torch.manual_seed(seed)
    model = Transformer(shape)
    learn = optimisers(model)
    base = [group["lr"] for o in learn for group in o.param_groups]
    first, last = (0, trunk) if start is None else (trunk, trunk + branch)
    state: Mapping[str, Any] | None = start
    if checkpoint is not None and checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
    if state is not None:
        model.load_state_dict(state["model"])
        for o, kept in zip(learn, state["learn"], strict=True):
            o.load_state_dict(kept)
        first = state["step"]

    def now(step: int) -> dict[str, Any]:
        return {
            "model": model.state_dict(),
            "learn": [o.state_dict() for o in learn],
            "step": step,
        }

    for step in range(first, last):
        rate = min(1.0, (step + 1) / _WARM) if start is None else (last - step) / branch
        for group, value in zip([g for o in learn for g in o.param_groups], base, strict=True):
            group["lr"] = rate * value
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        places = torch.randint(0, len(codes) - shape.context - 1, (_BATCH, 1), generator=generator)
        seen = codes[places + torch.arange(shape.context + 1)]
        weights = {} if noise is None else noisy(model, generator, noise)
        with torch.autocast("cpu", dtype=dtype, enabled=dtype is not torch.float32):
            logits = functional_call(model, weights, (seen[:, :-1],))
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), seen[:, 1:].flatten())
        for o in learn:
            o.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in learn:
            o.step()
        if noise is not None:
            clip(model, CLIP)
        if report is not None:
            report(step + 1, float(loss.detach()))
        if checkpoint is not None and (step + 1) % _SAVED == 0:
            torch.save(now(step + 1), checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
    result = now(last)
    if checkpoint is not None:
        torch.save(result, checkpoint)
    return result


def main(
    out: Annotated[Path, typer.Option(help="Folder for both networks and the checkpoints.")],
    text: Annotated[Path, typer.Option(help="bible.data of bible-kjv-text.")] = DEBIAN_FILE,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 2,
) -> None:
    """Train the trunk, then the plain and the noise-aware branch, and write their weights."""
    torch.set_num_threads(threads)
    parts = split_chapters(read_debian(text))
    alphabet = "".join(sorted(set(parts.train)))
    place = {character: k for k, character in enumerate(alphabet)}
    codes, validation = (
        torch.tensor([place[c] for c in part], dtype=torch.int64)
        for part in (parts.train, parts.validation)
    )
    shape = TransformerShape(alphabet=len(alphabet))
    out.mkdir(parents=True, exist_ok=True)
    for name in ("test", "calibration"):
        content = getattr(parts, name).encode("ascii")
        (out / f"{name}.txt.gz").write_bytes(gzip.compress(content, mtime=0))
    begun = time.monotonic()
    losses: list[float] = []

    def report(step: int, loss: float) -> None:
        losses.append(loss)
        if step % 100 == 0:
            mean = float(np.mean(losses[-100:])) / math.log(2.0)
            typer.echo(
                f"step {step}: {mean:.3f} bits per character, {time.monotonic() - begun:.0f} s"
            )

    dtype = torch.bfloat16
    trunk = train_language(
        codes, shape, seed=seed, noise=None, dtype=dtype, checkpoint=out / "trunk.pt", report=report
    )
    for name, noise in (("noise_aware", NOISE), ("plain", None)):
        done = train_language(
            codes,
            shape,
            seed=seed,
            noise=noise,
            start=trunk,
            dtype=dtype,
            checkpoint=out / f"{name}.pt",
            report=report,
        )
        model = Transformer(shape)
        model.load_state_dict(done["model"])
        bits = bits_per_character(model.eval(), windows(validation, context=shape.context))
        typer.echo(f"{name}: {bits.mean():.4f} bits per character on the validation chapters")
        save_language(done["model"], shape, alphabet, out / f"{name}.npz")


if __name__ == "__main__":
    typer.run(main)
