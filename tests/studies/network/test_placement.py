"""Which layers leave the tiles: the greedy search against all placements that there are."""

import itertools
import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import Accelerator, InferenceSettings
from xbar_circuit.cli import main
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.operators import Dense, Relu
from xbar_circuit.peripherals import Dac, IdealConverter, Readout
from xbar_circuit.studies.network.placement import find_placement

NAMES = ("a", "b", "c")


def network():
    rng = np.random.default_rng(1)
    nodes, last = [], INPUT
    for name, rows, cols in (("a", 12, 20), ("b", 20, 16), ("c", 16, 5)):
        dense = Dense(weight=rng.normal(size=(rows, cols)), bias=rng.normal(size=cols))
        nodes += [
            Node(name=name, operator=dense, inputs=(last,)),
            Node(name=f"{name}+", operator=Relu(), inputs=(name,)),
        ]
        last = f"{name}+"
    return Network(nodes=tuple(nodes[:-1]), input_shape=(12,))


def dataset(seed, count):
    images = np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)
    (scores,) = network().run({"input": images})
    return Dataset(name="drawn", images=images, labels=scores.argmax(axis=1))


def settings():
    coarse = Accelerator(
        rows=32,
        cols=64,
        driver=Dac(bits=6),
        readout=Readout(converter=IdealConverter(bits=5)),
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
    )
    return InferenceSettings(accelerator=coarse)


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_no_placement_that_reaches_the_accuracy_takes_less_energy(share):
    test, known = dataset(2, 400), dataset(3, 60)
    every = {}
    for count in range(4):
        for digital in itertools.combinations(NAMES, count):
            own = settings().accelerator
            chip = own.program(
                network(), calibration=known.images, digital=dict.fromkeys(digital, 8)
            )
            every[digital] = (
                chip.accuracy(test.images, test.labels),
                chip.cost(test.images).total_joule,
            )
    low, high = every[()][0], every[NAMES][0]
    assert high > low + 0.05
    wanted = low + share * (high - low)
    found = find_placement(network(), test, known, settings(), wanted=wanted, bits=8)
    best = min(joule for right, joule in every.values() if right >= wanted)
    assert found.chosen.accuracy == every[found.chosen.digital][0] >= wanted
    assert found.chosen.cost.total_joule == approx(best, rel=1e-9)
    assert found.analog.accuracy == low
    assert found.everything.accuracy == high
    assert found.tried <= 10
    assert [len(one.digital) for one in found.path] == list(range(len(found.path)))


def test_what_nothing_can_reach_is_refused():
    with pytest.raises(xc.ParameterError, match="which all layers reach as digital ones"):
        find_placement(network(), dataset(2, 100), dataset(3, 40), settings(), wanted=1.0, bits=3)


def test_the_verb_says_what_leaves(tmp_path, capsys):
    config = tmp_path / "coarse.toml"
    kept = "".join(f'{name} = "digital"\n' for name in ("conv2", "dense1", "dense2"))
    coarse = "[accelerator]\nreadout.converter.bits = 3\ndriver.bits = 3\n"
    config.write_text(f"{coarse}[layers]\n{kept}")
    words = ["placement", "--config", str(config), "--images", "60", "--lost", "0.02"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--out", str(tmp_path)])
    assert not ended.value.code
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["chosen"]["accuracy"] >= content["wanted"] > content["all_on_tiles"]["accuracy"]
    assert content["layers"] == ["conv1", "dense3"]
    assert (tmp_path / "placement.png").read_bytes().startswith(b"\x89PNG")
    assert "digital layers" in (tmp_path / "index.html").read_text()
    assert "chosen" in capsys.readouterr().out
