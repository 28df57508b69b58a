"""A layer has one name, whichever way a torch network takes to the array."""

import numpy as np
import pytest
import torch
from torch import nn

import xbar_circuit as xc
import xbar_circuit.torch as xt
from xbar_circuit.network.importers import from_torch
from xbar_circuit.torch.conversion import crossbar_layers


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)

    def forward(self, x):
        return x + torch.relu(self.dense(self.norm(x)))


class Nested(nn.Module):
    """Lists of sequences, a module that is called twice, layers in torch's own encoder."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Sequential(Block(), Block()), Block()])
        self.encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(self.encoder(self.blocks[1](x)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.memory, self.head = nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 2)

    def forward(self, x):
        found, _ = self.memory(self.features(x).mean(-1).transpose(1, 2))
        return self.head(found[:, -1])


CASES = {
    "sequence": (nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), (4,)),
    "one layer": (nn.Linear(4, 3), (4,)),
    "nested": (Nested(), (5, 4)),
    "recurrent": (Recurrent(), (1, 8, 8)),
}


@pytest.mark.parametrize("case", CASES)
def test_layers_of_an_import_are_those_of_a_conversion(case):
    module, shape = CASES[case]
    network = from_torch(module.eval(), input_shape=shape)
    imported = [name for name, _ in network.matrix_nodes]
    converted = crossbar_layers(xt.convert(module, xc.Accelerator(rows=16, cols=16)))
    of_layers = [name for name in imported if not name.startswith("/")]
    first = [name for name in of_layers if name.partition(":")[0].split(".")[0] != "memory"]
    assert [name for name in first if ":" not in name] == list(converted)
    known = dict(module.named_modules())
    if case == "nested":
        assert [name for name in imported if ":" in name] == ["blocks.1.dense:2"]
    if case == "recurrent":
        assert {"memory.input", "memory.recurrent"} < set(imported)
    assert all(name in known or name == "layer" for name in converted)
    x = np.random.default_rng(1).normal(size=(2, *shape)).astype(np.float32)
    np.testing.assert_allclose(
        network.run({network.input_name: x})[0],
        module(torch.from_numpy(x)).detach().numpy(),
        rtol=1e-5,
        atol=1e-6,
    )


def test_one_name_leaves_the_tiles_both_ways():
    """The same word makes a layer digital on a chip and in a conversion."""
    module, shape = CASES["sequence"]
    accelerator = xc.Accelerator(rows=16, cols=16)
    network = from_torch(module.eval(), input_shape=shape)
    x = np.random.default_rng(1).normal(size=(8, *shape)).astype(np.float32)
    chip = accelerator.program(network, calibration=x, digital=("0",))
    assert [plan.name for plan in chip.mapping.layers] == ["2"]
    assert list(crossbar_layers(xt.convert(module, accelerator, digital=("0",)))) == ["2"]


def test_a_scripted_and_a_traced_module_keep_the_names():
    module, shape = CASES["sequence"]
    example = torch.zeros(1, *shape)
    for one in (torch.jit.script(module.eval()), torch.jit.trace(module.eval(), example)):
        names = [name for name, _ in from_torch(one, input_shape=shape).matrix_nodes]
        assert names == ["0", "2"]
