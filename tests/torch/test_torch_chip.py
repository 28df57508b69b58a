"""A torch network on a programmed chip, and its effective weights elsewhere."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import peripherals
from xbar_circuit.accelerator.effective import effective_network
from xbar_circuit.torch import convert, program_module

PARTS = {
    "rows": 16,
    "cols": 16,
    "wires": xc.Wires(row_ohm=20.0, column_ohm=20.0),
    "statistics": xc.devices.PcmStatistics.joshi2020(),
}
FINE = {
    "driver": peripherals.Dac(bits=14),
    "readout": peripherals.Readout(converter=peripherals.IdealConverter(bits=None)),
}


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 7))


def images(count, seed):
    return torch.rand(count, 2, 5, 5, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def chip():
    analog = convert(network(), xc.Accelerator(**PARTS, **FINE))
    rng = np.random.default_rng(3)
    return program_module(analog, calibration=images(40, 1), rng=rng, drift_compensation="column")


def test_it_is_the_chip_of_the_imported_network(chip):
    """The same weights, devices and ranges, by way of ONNX and the network's own executor."""
    imported = xc.network.from_torch(network(), (2, 5, 5))
    other = chip.chip.accelerator.program(
        imported,
        calibration=images(40, 1).numpy(),
        rng=np.random.default_rng(3),
        drift_compensation="column",
    )
    x = images(6, 2)
    for second in (0.0, 86400.0):
        (known,) = other.at(second).run(x.numpy())
        assert chip.at(second)(x).numpy() == approx(known, rel=1e-5, abs=1e-6)


def test_the_effective_weights_are_what_the_chip_multiplies_with(chip):
    x = images(6, 2)
    for second in (0.0, 3e7):
        later = chip.at(second)
        plain = later.effective()
        assert type(plain[0]) is nn.Conv2d
        assert type(plain[3]) is nn.Linear
        found = plain(x).detach().numpy()
        # 14 bits of driver and float32 are between them
        assert found == approx(later(x).numpy(), abs=1e-3 * float(np.abs(found).max()))
    digital = network()(x).detach().numpy()
    apart = np.abs(found - digital).max()
    assert apart > 2e-2 * np.abs(digital).max()


def test_onnxruntime_computes_what_the_effective_network_does(chip, tmp_path):
    x = images(6, 2)
    path = chip.to_onnx(tmp_path / "effective.onnx", images(1, 1))
    session = onnxruntime.InferenceSession(str(path))
    (found,) = session.run(None, {"input": x.numpy()})
    assert found == approx(chip.effective()(x).detach().numpy(), rel=1e-4, abs=1e-5)


def test_an_imported_network_has_effective_weights_too(chip):
    imported = xc.network.from_torch(network(), (2, 5, 5))
    other = chip.chip.accelerator.program(
        imported, calibration=images(40, 1).numpy(), rng=np.random.default_rng(3)
    )
    x = images(6, 2).numpy()
    (wanted,) = other.run(x)
    (found,) = effective_network(other).run({imported.input_name: x})
    assert found == approx(wanted, abs=1e-3 * float(np.abs(wanted).max()))


def test_the_original_parameters_stay_and_the_module_can_be_trained_on(chip):
    before = network().state_dict()
    kept = chip.module.state_dict()
    assert all(torch.equal(before[name], kept[name]) for name in before)
    assert not chip(images(2, 2)).requires_grad
    assert chip.module(images(2, 2)).requires_grad


def test_inputs_that_miss_a_layer_are_refused_by_name():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x):
            return self.used(x)

    with pytest.raises(xc.ParameterError, match="idle"):
        program_module(convert(Half(), xc.Accelerator()), calibration=torch.rand(4, 3))
