"""What goes into a network: arrays by name, checked and laid out as samples.

A network that stacks takes all samples in one array. Of any other one each sample is a whole run of
the graph; samples then walk through it side by side, so that tiles see all their vectors at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError, ParameterError, ShapeError

if TYPE_CHECKING:
    from xbar_circuit.network.graph import Network

__all__ = ["Feeds", "feeds_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feeds:
    """Inputs of a network by the names of their values.

    Parameters
    ----------
    arrays
        Of every value: (n, *shape).
    joined
        Whether outputs of the samples are joined along the first axis that they have themselves;
        else they get a new first axis.
    whole
        Whether there is one sample whose outputs are returned as they are.
    """

    arrays: Mapping[str, NDArray[Any]]
    joined: bool = True
    whole: bool = False

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, part: slice) -> Feeds:
        return Feeds(
            arrays={name: value[part] for name, value in self.arrays.items()},
            joined=self.joined,
            whole=self.whole,
        )

    @property
    def nbytes(self) -> int:
        """Of all arrays [byte]."""
        return sum(value.nbytes for value in self.arrays.values())


def feeds_of(
    network: Network, inputs: Mapping[str, NDArray[Any]] | NDArray[Any]
) -> tuple[Network, Feeds]:
    """Return the network of the inputs' sizes, and the inputs; see `Network.fed`."""
    ports = network.inputs
    named = inputs if isinstance(inputs, Mapping) else _only(network, inputs)
    if set(named) != {port.name for port in ports}:
        words = ", ".join(repr(port.name) for port in ports)
        raise ParameterError.about(
            "inputs",
            got=f"the names {sorted(named)}",
            expected=f"one array, of the name {words}"
            if len(ports) == 1
            else f"arrays of the names {words}",
            remedy="name it as the network's file does",
        )
    arrays = {port.name: np.asarray(named[port.name], dtype=port.kind) for port in ports}
    found = _fitting(network, arrays)
    if found is None and not isinstance(inputs, Mapping):
        found = _split(network, arrays)
    if found is None and network.origin is not None:
        try:
            other = network.origin.network({name: a.shape for name, a in arrays.items()})
        except ModelFileError as error:
            raise _misfit(network, arrays) from error
        if other is not None:
            found = _fitting(other, arrays)
            network = network if found is None else other
    found = _split(network, arrays) if found is None else found
    if found is None:
        raise _misfit(network, arrays)
    return network, found


def _only(network: Network, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if len(network.inputs) > 1:
        raise ParameterError.about(
            "inputs",
            got="one array",
            expected="arrays by the names " + ", ".join(repr(port.name) for port in network.inputs),
            remedy="give a dictionary of arrays",
        )
    return {network.input_name: array}


def _fitting(network: Network, arrays: Mapping[str, NDArray[Any]]) -> Feeds | None:
    """Return the arrays as samples, or None where they do not fit."""
    ports = network.inputs
    values = {port.value: arrays[port.name] for port in ports}
    lengths = {array.shape[:1] for array in values.values()}
    one_length = len(lengths) == 1 and () not in lengths and (0,) not in lengths
    if one_length and all(values[p.value].shape[1:] == p.shape for p in ports):
        return Feeds(arrays=values, joined=network.stacks)
    if network.stacks:
        return None
    if all(values[port.value].shape == port.shape for port in ports):
        return Feeds(arrays={name: array[None] for name, array in values.items()}, whole=True)
    return None


def _split(network: Network, arrays: Mapping[str, NDArray[Any]]) -> Feeds | None:
    """Return arrays of many samples, for a network whose first axes are 1, or None."""
    ports = network.inputs
    if network.stacks or any(
        port.shape[:1] != (1,) or arrays[port.name].shape[1:] != port.shape[1:] for port in ports
    ):
        return None
    if len({len(arrays[port.name]) for port in ports}) > 1 or not len(arrays[ports[0].name]):
        return None
    return Feeds(arrays={p.value: arrays[p.name][:, None] for p in ports}, joined=True)


def _misfit(network: Network, arrays: Mapping[str, NDArray[Any]]) -> ShapeError:
    first = "n, " if network.stacks else ""
    wanted = "; ".join(
        f"{port.name} ({first}{', '.join(map(str, port.shape))})" for port in network.inputs
    )
    got = "; ".join(f"{name} {array.shape}" for name, array in arrays.items())
    return ShapeError.about(
        "images" if len(arrays) == 1 else "inputs",
        got=f"shape {got}",
        expected=f"{wanted}{', n >= 1' if network.stacks else ''}",
        remedy="reshape the images as the network was trained",
    )
