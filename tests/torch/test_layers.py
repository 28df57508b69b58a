"""Layers that are the array: their values are the chip's, their gradients those of differences."""

import numpy as np
import pytest
import torch
from torch import nn

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import cells, peripherals
from xbar_circuit.tile import compile_tile
from xbar_circuit.torch import (
    CrossbarConv1d,
    CrossbarConv2d,
    CrossbarLinear,
    convert,
    program_module,
    set_ranges,
)

WIRES = xc.Wires(row_ohm=20.0, column_ohm=30.0)
ENDS = xc.Terminals(left_ohm=100.0, bottom_ohm=50.0)
PARTS = {"wires": WIRES, "terminals": ENDS, "rows": 12, "cols": 12}
EXACT = {
    "driver": peripherals.ExactDriver(),
    "readout": peripherals.Readout(converter=peripherals.IdealConverter(bits=None)),
}


def network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(36, 7),
        nn.Tanh(),
        nn.Linear(7, 3, bias=False),
    )


def images(count=5, seed=2):
    return torch.randn(count, 2, 3, 3, generator=torch.Generator().manual_seed(seed))


_RANGE = {"g_min_siemens": 0.1e-6, "g_max_siemens": 25e-6}


@pytest.mark.parametrize(
    ("synapse", "weight_scale"),
    [
        (cells.DifferentialPair(**_RANGE), "column"),
        (cells.MultiDevice(**_RANGE, devices_per_sign=2), "tile"),
        (cells.EightT4R(**_RANGE), "global"),
    ],
)
def test_gradients_through_wires_and_terminals_are_those_of_finite_differences(
    synapse, weight_scale
):
    own = xc.Accelerator(**PARTS, **EXACT, synapse=synapse, weight_scale=weight_scale)
    analog = convert(network().double(), own)
    x = images().double().requires_grad_()
    goal = torch.randn(5, 3, generator=torch.Generator().manual_seed(3)).double()

    def loss():
        return ((analog(x) - goal) ** 2).sum()

    loss().backward()
    gradients = {name: value.grad.clone() for name, value in analog.named_parameters()}
    gradients["x"] = x.grad.clone()
    values = dict(analog.named_parameters()) | {"x": x}
    for name, value in values.items():
        flat = value.data.reshape(-1)
        largest = int(gradients[name].abs().argmax())
        for place in (0, largest):
            step, slopes = 1e-6 * float(flat.abs().max()), []
            before = float(flat[place])
            for sign in (1.0, -1.0):
                flat[place] = before + sign * step
                slopes.append(loss().item())
            flat[place] = before
            slope = (slopes[0] - slopes[1]) / (2.0 * step)
            size = float(gradients[name].abs().max())
            assert float(gradients[name].reshape(-1)[place]) == approx(slope, abs=1e-6 * size)


def test_with_ideal_wires_and_parts_the_layers_are_those_of_torch():
    own = xc.Accelerator(
        **EXACT,
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        rows=12,
        cols=12,
        synapse=cells.DifferentialPair(g_max_siemens=25e-6),
    )
    plain = network().double()
    analog = convert(plain, own)
    x = images().double()
    assert analog(x).detach().numpy() == approx(plain(x).detach().numpy(), rel=1e-9)
    for model in (plain, analog):
        model(x).square().sum().backward()
    for one, other in zip(plain.parameters(), analog.parameters(), strict=True):
        assert other.grad.numpy() == approx(one.grad.numpy(), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("bits", [None, 8])
def test_a_convolution_over_one_axis_with_stride_and_borders_is_torchs(bits):
    torch.manual_seed(1)
    plain = nn.Conv1d(3, 4, 3, stride=2, padding=1, dilation=2, padding_mode="circular")
    own = xc.Accelerator(
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        driver=peripherals.Dac(bits=14),
        readout=peripherals.Readout(converter=peripherals.IdealConverter(bits=bits and 14)),
    )
    x = torch.randn(2, 3, 11)
    found, wanted = convert(plain, own)(x).detach().numpy(), plain(x).detach().numpy()
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 2e-3 * np.abs(wanted).max()


def test_the_names_of_checkpoints_are_those_of_the_original():
    plain, other = network(), network()
    with torch.no_grad():
        for value in other.parameters():
            value.mul_(2.0)
    analog = convert(plain, xc.Accelerator(**PARTS))
    assert list(analog.state_dict()) == list(plain.state_dict())
    analog.load_state_dict(other.state_dict())
    plain.load_state_dict(analog.state_dict())
    assert all(map(torch.equal, plain.parameters(), other.parameters()))


def test_only_what_is_a_matrix_is_replaced_and_the_original_stays():
    plain = nn.ModuleDict(
        {
            "a": nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Conv1d(4, 2, 1)),
            "b": nn.MultiheadAttention(4, 2),
            "c": nn.ModuleList([nn.Linear(4, 2), nn.Conv2d(2, 2, 1)]),
        }
    )
    analog = convert(plain, xc.Accelerator(), digital=("c.0",))
    assert [type(m) for m in analog["a"]] == [CrossbarLinear, nn.LayerNorm, CrossbarConv1d]
    assert [type(m) for m in analog["c"]] == [nn.Linear, CrossbarConv2d]
    assert not isinstance(analog["b"].out_proj, CrossbarLinear)
    assert type(plain["a"][0]) is nn.Linear
    assert type(convert(nn.Linear(2, 2), xc.Accelerator())) is CrossbarLinear


def test_torchs_fused_encoder_does_not_pass_by_the_array():
    plain = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0).eval()
    own = xc.Accelerator(wires=xc.Wires(row_ohm=2e4, column_ohm=2e4))
    x = torch.randn(2, 3, 8)
    with torch.no_grad():
        assert not torch.allclose(convert(plain, own)(x), plain(x), atol=1e-2)


def test_in_evaluation_the_layers_are_the_tiles_of_the_chip():
    own = xc.Accelerator(**PARTS, driver=peripherals.Dac(bits=6))
    analog = convert(network(), own).eval()
    set_ranges(analog, images(20, seed=5))
    chip = program_module(analog, calibration=images(20, seed=5))
    x = images()
    found = analog(x).detach().numpy()
    assert found == approx(chip(x).numpy(), rel=1e-6)
    # and those are the tiles of the accelerator, on the same conductances
    layer = analog[3]
    seen = analog[2](analog[1](analog[0](x)))
    held = layer.realised()
    assert len(held.held) == 6
    total = np.zeros((5, 7))
    for k, part in enumerate(chip.chip.mapping.layer("3").tiles):
        assert held.held[k] == approx(chip.chip.conductances[1][k], rel=1e-12)
        parts = chip.chip.parts["3"]
        tile = parts.accelerators[k].tile(held.held[k])
        lines = seen.detach().numpy()[:, slice(*part.rows)] / parts.input_scale
        product = tile.mvm(np.clip(lines, -1.0, 1.0))
        made = compile_tile(tile)
        worth = made.worth * parts.input_scale * part.scale / own.synapse.siemens_per_weight
        total[:, slice(*part.cols)] += (product.code - made.zero) * worth
    total += layer.bias.detach().numpy()
    assert layer(seen).detach().numpy() == approx(total, rel=1e-5, abs=1e-6)


def test_noise_comes_from_the_generator_and_only_in_training():
    statistics = xc.devices.PcmStatistics.joshi2020()
    own = xc.Accelerator(**PARTS, statistics=statistics)
    x = images()

    def twice(seed):
        analog = convert(network(), own, rng=np.random.default_rng(seed))
        return [analog(x).detach().numpy() for _ in range(2)], analog

    (one, two), analog = twice(1)
    assert not np.array_equal(one, two)
    assert np.array_equal(twice(1)[0], [one, two])
    assert not np.array_equal(twice(2)[0][0], one)
    quiet = [analog.eval()(x).detach().numpy() for _ in range(2)]
    assert np.array_equal(*quiet)
    without = convert(network(), own)
    assert np.array_equal(without(x).detach().numpy(), quiet[0])


def test_the_noise_of_a_step_is_that_of_the_statistics():
    statistics = xc.devices.PcmStatistics.joshi2020()
    own = xc.Accelerator(rows=256, cols=256, statistics=statistics)
    layer = convert(nn.Linear(128, 128), own, rng=np.random.default_rng(1))
    held = layer.realised()
    target, drawn = held.plan.tiles[0].target, held.held[0]
    x = target / 25e-6
    much = np.abs(x - 0.5) < 0.1
    programming = (0.26348 + 1.9650 * 0.5 - 1.1731 * 0.25) / 25.0
    read = 0.5 * 0.0088 / 0.5**0.65 * 4.183825
    spread = float(np.std((drawn - target)[much])) / 25e-6
    assert spread == approx(np.hypot(programming, read), rel=0.05)


def test_training_lowers_the_loss_through_rounding_and_noise():
    own = xc.Accelerator(**PARTS, statistics=xc.devices.PcmStatistics.joshi2020())
    analog = convert(network(), own, rng=np.random.default_rng(1), adjoint="diagonal")
    x, goal = images(16), torch.randn(16, 3, generator=torch.Generator().manual_seed(3))
    optimiser = torch.optim.Adam(analog.parameters(), lr=0.02)
    losses = []
    for _ in range(15):
        loss = ((analog(x) - goal) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"digital": ("nothing",)}, "unknown layers"),
        ({"digital": ("0", "3", "5")}, "no layer for the array"),
        ({"adjoint": "none"}, "adjoint"),
        ({"elsewhere": {"x": xc.Accelerator()}}, "unknown layers"),
        ({"rng": 1}, "rng"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(xc.XbarError, match=message):
        convert(network(), xc.Accelerator(), **arguments)


def test_cells_without_known_gradients_are_refused_by_name():
    synapse = cells.DifferentialPair(cell=xc.devices.Sinh(v0_volt=0.1))
    with pytest.raises(xc.ParameterError, match="Sinh"):
        convert(network(), xc.Accelerator(synapse=synapse))


def test_a_network_that_was_not_converted_is_refused():
    with pytest.raises(xc.ParameterError, match="convert"):
        program_module(network(), calibration=images())
