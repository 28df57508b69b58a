"""Fine-tuning a converted network until its array computes what the network computed without it.

The teacher is the network as it was; its outputs for unlabelled inputs are all that is needed (G.
Hinton, O. Vinyals and J. Dean, arXiv:1503.02531). The weights move so that what the wires, the
converters and the noise make of them gives those outputs again.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.operators import Convolution, Dense, Flatten, MaxPool, Relu
from xbar_circuit.runs import Kept

__all__ = ["EVERY", "fine_tune", "module_of"]

#: Steps from one kept state of a training to the next.
EVERY = 25


def fine_tune(
    analog: Any,
    teacher: Any,
    inputs: Any,
    *,
    steps: int,
    rng: np.random.Generator,
    batch: int = 32,
    rate: float = 5e-3,
    varied: Callable[[Any, np.random.Generator], Any] | None = None,
    progress: Callable[[int], object] | None = None,
    kept: Kept | None = None,
) -> list[float]:
    """Train a converted network to give its teacher's outputs; it changes in place.

    Adam with one cycle of its rate; the loss is the Kullback-Leibler divergence of the softmax.

    Parameters
    ----------
    analog
        From `convert`; with ``rng`` there, it sees the noise of its devices while it is trained.
    teacher
        The network before the conversion: logits (batch, classes) of the same inputs.
    inputs
        Tensor (n, ...) of inputs, without labels; never the test set.
    steps
        Number of batches.
    rng
        Chooses the inputs of a batch, and what `varied` draws.
    batch
        Inputs of a step.
    rate
        Largest learning rate.
    varied
        Changes a batch of inputs, such as by small shifts.
    progress
        Called with 1 after each step.
    kept
        Where the training is kept every `EVERY` steps; it goes on at the last of them.

    Returns
    -------
    list of float
        The loss of every step [nat].
    """
    count = checks.count("steps", steps)
    optimiser = torch.optim.Adam(analog.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=max(count, 2), pct_start=0.2
    )
    analog.train()
    teacher.eval()
    losses: list[float] = []
    if kept is not None:
        losses = _resumed(kept, count, analog, optimiser, schedule, rng)
        if progress is not None and losses:
            progress(len(losses))
    for step in range(len(losses) + 1, count + 1):
        seen = inputs[torch.from_numpy(rng.integers(0, len(inputs), batch))]
        if varied is not None:
            seen = varied(seen, rng)
        with torch.no_grad():
            goal = teacher(seen).log_softmax(1)
        loss = nn.functional.kl_div(
            analog(seen).log_softmax(1), goal, log_target=True, reduction="batchmean"
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if progress is not None:
            progress(1)
        if kept is not None and (step % EVERY == 0 or step == count):
            kept.keep(f"step {step}", _state(losses, analog, optimiser, schedule, rng))
    analog.eval()
    return losses


def _state(losses: list[float], *parts: Any) -> dict[str, Any]:
    """Return everything that a training depends on, as plain data and arrays."""
    *modules, rng = parts
    return {
        "losses": losses,
        "parts": [_packed(one.state_dict()) for one in modules],
        "rng": [one.bit_generator.state for one in (rng, *_generators(modules[0]))],
    }


def _packed(state: Any) -> NDArray[np.uint8]:
    file = io.BytesIO()
    torch.save(state, file)
    return np.frombuffer(file.getvalue(), np.uint8)


def _unpacked(content: NDArray[np.uint8]) -> Any:
    return torch.load(io.BytesIO(content.tobytes()), weights_only=True)


def _generators(analog: Any) -> list[np.random.Generator]:
    """Return what the devices' noise is drawn from while it is trained, each once."""
    found = [getattr(getattr(part, "tiles", None), "rng", None) for part in analog.modules()]
    return list({id(one): one for one in found if one is not None}.values())


def _resumed(kept: Kept, count: int, *parts: Any) -> list[float]:
    """Return the losses up to the last step that was kept, and bring the training there."""
    *modules, rng = parts
    marks = {count, *range(EVERY, count, EVERY)}
    for step in sorted(marks, reverse=True):
        found = kept.load(f"step {step}")
        if found is None:
            continue
        for one, state in zip(modules, found["parts"], strict=True):
            one.load_state_dict(_unpacked(state))
        for one, state in zip((rng, *_generators(modules[0])), found["rng"], strict=True):
            one.bit_generator.state = state
        return [float(loss) for loss in found["losses"]]
    return []


def module_of(network: Network) -> Any:
    """Return a chain of convolutions, dense layers, ReLU and pooling as a torch network.

    Parameters
    ----------
    network
        Whose nodes follow one another; LeNet-5 is one. Its layers keep their names.

    Returns
    -------
    torch.nn.Sequential
        The network, with the same weights.

    Raises
    ------
    ParameterError
        An operator that is none of these, or a network that is no chain.

    >>> import xbar_circuit as xc
    >>> [name for name, _ in module_of(xc.network.mnist_lenet5()).named_parameters()][:2]
    ['conv1.weight', 'conv1.bias']
    """
    made = nn.Sequential()
    before: str | None = None
    for node in network.nodes:
        part = _part(node.operator)
        if part is None or (before is not None and tuple(node.inputs) != (before,)):
            raise ParameterError.about(
                "network",
                got=f"{type(node.operator).__name__} at {node.name}, after {node.inputs}",
                expected="a chain of Convolution, Dense, Relu, MaxPool and Flatten",
                remedy="convert the torch network that it came from",
            )
        made.add_module(node.name.replace(".", "_"), part)
        before = node.name
    return made


def _part(operator: Any) -> Any:
    """Return the torch layer of an operator, None where there is none here."""
    if isinstance(operator, Relu):
        return nn.ReLU()
    if isinstance(operator, Flatten):
        return nn.Flatten()
    if isinstance(operator, MaxPool) and not operator.round_up and _even(operator.padding):
        padding = tuple(before for before, _ in operator.padding)
        return nn.MaxPool2d(operator.kernel, operator.stride, padding, operator.dilation)
    if isinstance(operator, Dense):
        part = nn.Linear(*operator.weight.shape)
        return _filled(part, np.ascontiguousarray(operator.weight.T), operator.bias)
    if isinstance(operator, Convolution) and operator.weight.ndim == 4 and _even(operator.padding):
        outputs, inputs, *kernel = operator.weight.shape
        convolution = nn.Conv2d(
            inputs * operator.groups,
            outputs,
            tuple(kernel),
            stride=operator.stride,
            padding=tuple(before for before, _ in operator.padding),
            dilation=operator.dilation,
            groups=operator.groups,
        )
        return _filled(convolution, operator.weight, operator.bias)
    return None


def _even(padding: Any) -> bool:
    return all(before == after for before, after in padding)


def _filled(part: Any, weight: Any, bias: Any) -> Any:
    """Return a layer with weights and bias."""
    with torch.no_grad():
        part.weight.copy_(torch.from_numpy(np.array(weight)))
        part.bias.copy_(torch.from_numpy(np.array(bias)))
    return part
