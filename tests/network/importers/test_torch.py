"""Torch modules; torch is a large extra, so these run only where it is installed."""

import importlib.util
import sys
import warnings

import numpy as np
import pytest

from xbar_circuit import ModelFileError
from xbar_circuit.network.execution import run
from xbar_circuit.network.importers import from_torch, load


def test_a_missing_torch_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelFileError, match=r"xbar_circuit\[torch\]"):
        from_torch(object(), (1, 8, 8))


def test_a_module_runs_as_in_torch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
    from torch import nn

    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.PReLU(8),
        nn.Conv2d(8, 8, 3, groups=8, stride=2),
        nn.Hardswish(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
        nn.Softmax(dim=1),
    )
    module[1].running_mean.uniform_(-1, 1)
    module[1].eval()  # as when its statistics are kept in a fine-tuning
    network = from_torch(module, (2, 9, 9))
    assert module.training
    assert not module[1].training
    x = np.random.default_rng(2).normal(size=(4, 2, 9, 9)).astype(np.float32)
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(run(network, x), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ModelFileError, match="Linear"):
        from_torch(nn.Linear(3, 2), (5,))
    found = run(from_torch(module.double(), (2, 9, 9)), x)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_torchscript_file_and_a_module_by_name(tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
        module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 3), torch.nn.ReLU())
        torch.jit.save(torch.jit.script(module.eval()), tmp_path / "net.pt")
    (tmp_path / "my_torch_net.py").write_text(
        "import torch\n\ndef make():\n"
        "    torch.manual_seed(4)\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 3))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    x = np.random.default_rng(2).normal(size=(4, 2, 3)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    found = run(load(tmp_path / "net.pt", input_shape=(2, 3)), x)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert load("my_torch_net:make", input_shape=(2, 3)).weight_count == 18
    with pytest.raises(ModelFileError, match="without input_shape"):
        load(tmp_path / "net.pt")
    for wrong in ("my_torch_net:missing", str(tmp_path / "none.pt")):
        with pytest.raises(ModelFileError, match="expected a TorchScript file"):
            load(wrong, input_shape=(2, 3))


def test_modules_with_attention_and_recurrence_by_every_route(tmp_path):
    """As a module, a TorchScript file and an exported program; tokens in, two outputs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")

        class Both(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.table = torch.nn.Embedding(20, 16)
                self.query = torch.nn.Linear(16, 16)
                self.norm = torch.nn.LayerNorm(16)
                self.cell = torch.nn.LSTM(16, 8, bidirectional=True, batch_first=True)

            def forward(self, tokens):
                x = self.norm(self.table(tokens))
                q = self.query(x)
                seen = torch.softmax(q @ x.transpose(1, 2), dim=-1) @ x
                states, _ = self.cell(seen)
                return torch.nn.functional.gelu(seen), states

        torch.manual_seed(3)
        module = Both().eval()
        tokens = torch.randint(0, 20, (2, 7))
        with torch.no_grad():
            expected = module(tokens)
        traced = torch.jit.trace(module, tokens, check_trace=False)
        torch.export.save(torch.export.export(module, (tokens,)), tmp_path / "net.pt2")
        networks = {
            "module": from_torch(module, example=(tokens,)),
            "script": from_torch(traced, example=(tokens,)),
            "exported": load(tmp_path / "net.pt2"),
        }
    for network in networks.values():
        found = network.run({network.input_name: tokens.numpy()})
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=1e-6)
        assert network.weight_count == 16 * 16 + 2 * (16 * 32 + 8 * 32)


@pytest.mark.parametrize("frozen", [False, True])
def test_an_encoder_of_torch_runs_as_in_torch(frozen):
    """Its arguments have defaults, and its attention a fast path, which the exporter lacks."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    layer = torch.nn.TransformerEncoderLayer(12, 2, 20, batch_first=True)
    module = torch.nn.Sequential(layer, layer).requires_grad_(not frozen)
    alone = layer.requires_grad_(not frozen)
    x = torch.randn(2, 5, 12)
    for one in (module, alone):
        before = set(one.__dict__)
        network = from_torch(one, (5, 12))
        assert set(one.__dict__) == before
        found = network.run({network.input_name: x.numpy()})[0]
        wanted = one.eval()(x).detach().numpy()
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
        assert len(network.matrix_nodes) == (8 if one is module else 4)


def test_what_torch_cannot_export_is_told_in_a_line(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(7))
    with pytest.raises(ModelFileError, match="adaptive_avg_pool2d") as refusal:
        from_torch(module, (3, 12, 12))
    assert len(str(refusal.value)) < 500
    assert "graph(" not in capfd.readouterr().out


def test_a_part_of_a_torchscript_file_that_keeps_its_state_elsewhere(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
    (tmp_path / "listening.py").write_text(LISTENER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec = importlib.util.spec_from_file_location("listening", tmp_path / "listening.py")
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        torch.manual_seed(3)
        scripted = torch.jit.script(made.Listener().eval())
        torch.jit.save(scripted, tmp_path / "voice.jit")
    with pytest.raises(ModelFileError, match=r"FILE\.pt:step"):
        load(tmp_path / "voice.jit", input_shape={"x": (1, 5)})
    with pytest.raises(ModelFileError, match="no part 'nothing'; parts are step"):
        load(f"{tmp_path / 'voice.jit'}:nothing", input_shape={"x": (1, 5)})
    shapes = {"state": (2, 1, 3), "x": (1, 5)}  # in the module they come the other way round
    network = load(f"{tmp_path / 'voice.jit'}:step", input_shape=shapes)
    assert [port.name for port in network.inputs] == ["x", "state"]
    assert "cell.recurrent" in dict(network.matrix_nodes)
    rng = np.random.default_rng(1)
    mine, theirs = np.zeros((2, 1, 3), np.float32), torch.zeros(2, 1, 3)
    for _ in range(4):
        x = rng.normal(size=(1, 5)).astype(np.float32)
        found, mine = network.run({"x": x, "state": mine})
        with torch.no_grad():
            wanted, theirs = scripted.step(torch.from_numpy(x), theirs)
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-5, atol=1e-6)


LISTENER = """
import torch


class Step(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = torch.nn.LSTMCell(5, 3), torch.nn.Linear(3, 2)

    def forward(self, x, state):
        h, c = self.cell(x, (state[0], state[1]))
        return torch.sigmoid(self.out(h)), torch.stack([h, c])


class Listener(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.step = Step()
        self.state = torch.zeros(0)

    def forward(self, x):
        if not len(self.state):
            self.state = torch.zeros([2, 1, 3])
        found, self.state = self.step(x, self.state)
        return found
"""
