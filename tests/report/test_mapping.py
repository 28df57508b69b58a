"""What sits where, as tables."""

import csv
import json

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.cli import main
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Convolution
from xbar_circuit.report.mapping import mapping_summary, write_mapping_csv


def grouped():
    """Five groups of 9 x 2 on tiles of 20 rows: two, two and one together."""
    weight = np.random.default_rng(1).normal(size=(10, 1, 3, 3))
    operator = Convolution(
        weight=weight,
        bias=np.zeros(10),
        stride=(1, 1),
        padding=((0, 0), (0, 0)),
        dilation=(1, 1),
        groups=5,
    )
    node = Node(name="deep", operator=operator, inputs=(INPUT,))
    return Network(nodes=(node,), input_shape=(5, 4, 4))


def test_every_weight_is_in_one_tile_of_the_table(tmp_path):
    mapping = map_network(grouped(), Accelerator(rows=20, cols=30))
    write_mapping_csv(mapping, tmp_path / "m.csv", {"deep": 3})
    rows = list(csv.DictReader((tmp_path / "m.csv").read_text().splitlines()))
    assert [row["inputs"] for row in rows] == ["0-8", "9-26", "27-44"]
    assert [row["outputs"] for row in rows] == ["0-1", "2-5", "6-9"]
    assert [row["groups"] for row in rows] == ["0-0", "1-2", "3-4"]
    assert [int(row["weights"]) for row in rows] == [18, 36, 36]
    assert sum(int(row["weights"]) for row in rows) == mapping.network.weight_count
    mean = np.mean([float(row["utilisation"]) for row in rows])
    assert mean == approx(mapping.utilisation, abs=1e-4)
    summary = mapping_summary(mapping, {"deep": 3})
    assert summary["tiles_with_copies"] == 9
    assert summary["layers"][0]["utilisation"] == approx(mapping.utilisation)


def test_the_command_maps_without_images(tmp_path):
    words = ["mapping", "lenet5", "--tile-budget", "20", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert not leaving.value.code
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["tiles"] == 14
    assert 14 < summary["tiles_with_copies"] <= 20
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"floorplan.png", "index.html", "mapping.csv", "mapping.png", "summary.json"}
