"""The native network file: one npz with the graph as JSON and the weights as float32 arrays.

Entry ``network`` holds the JSON text; entry ``<node>/<field>`` an array of that node's operator.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _loading as loading
from xbar_circuit._files import replacing
from xbar_circuit._loading import parse_json, reading
from xbar_circuit.network.graph import INPUT, Network, Node, Port
from xbar_circuit.network.operators import KINDS

__all__ = ["read_npz", "save"]

_FORMAT = "xbar_circuit network 1"


def save(network: Network, path: Path | str) -> None:
    """Write a network; the file appears whole or not at all.

    Parameters
    ----------
    network
        What is saved.
    path
        File, .npz.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import xbar_circuit as xc
    >>> with TemporaryDirectory() as folder:
    ...     save(xc.network.mnist_lenet5(), Path(folder) / "mine.npz")
    ...     print(xc.network.load(Path(folder) / "mine.npz").weight_count)
    61470
    """
    path = Path(path)
    arrays: dict[str, Any] = {}
    nodes = []
    for node in network.nodes:
        settings: dict[str, Any] = {}
        for item in fields(node.operator):  # type: ignore[arg-type]  # operators are dataclasses
            value = getattr(node.operator, item.name)
            if isinstance(value, np.ndarray | np.generic):
                arrays[f"{node.name}/{item.name}"] = np.asarray(value)
            else:
                settings[item.name] = value
        nodes.append(
            {
                "name": node.name,
                "kind": type(node.operator).__name__,
                "inputs": node.inputs,
                "more_outputs": node.more_outputs,
                "settings": settings,
            }
        )
    text = json.dumps(
        {
            "format": _FORMAT,
            "input_shape": network.input_shape,
            "source": network.source,
            "input_name": network.input_name,
            "input_kind": network.input_kind,
            "more_inputs": [asdict(port) for port in network.more_inputs],
            "outputs": network.outputs,
            "stacks": network.stacks,
            "nodes": nodes,
        }
    )
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, network=np.array(text), **arrays)


def read_npz(path: Path | str) -> Network:
    """Read a network that `save` wrote.

    Raises
    ------
    ModelFileError
        The file is missing, damaged or of another kind.
    """
    path = Path(path)
    with reading(
        path,
        expected=f"a native network file ({_FORMAT})",
        remedy="write one with save, or bring an ONNX file",
    ):
        arrays = loading.read_npz(path)
        described = parse_json(str(arrays.pop("network")))
        if described["format"] != _FORMAT:
            raise ValueError(f"format {described['format']!r}")
        return Network(
            nodes=tuple(_node(entry, arrays) for entry in described["nodes"]),
            input_shape=tuple(described["input_shape"]),
            source=str(described["source"]),
            input_name=str(described.get("input_name", INPUT)),  # older files have none
            input_kind=str(np.dtype(described.get("input_kind", "float32"))),
            more_inputs=tuple(_port(entry) for entry in described.get("more_inputs", ())),
            outputs=tuple(map(str, described.get("outputs", ()))),
            stacks=bool(described.get("stacks", True)),
        )


def _node(entry: dict[str, Any], found: dict[str, Any]) -> Node:
    split = {key: key.rpartition("/") for key in found}
    arrays = {field: found[key] for key, (name, _, field) in split.items() if name == entry["name"]}
    settings = {name: _tuples(value) for name, value in entry["settings"].items()}
    operator = KINDS[entry["kind"]](**settings, **arrays)
    return Node(
        name=entry["name"],
        operator=operator,
        inputs=tuple(entry["inputs"]),
        more_outputs=tuple(entry.get("more_outputs", ())),
    )


def _port(entry: dict[str, Any]) -> Port:
    return Port(
        name=str(entry["name"]),
        value=str(entry["value"]),
        shape=tuple(map(int, entry["shape"])),
        kind=str(np.dtype(entry["kind"])),
    )


def _tuples(value: Any) -> Any:
    """JSON's lists back to tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
