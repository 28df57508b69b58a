"""The example of noise-aware training on a tiny version of itself."""

import importlib.util
from pathlib import Path

import numpy as np
import torch

from closeness import approx

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/noise_aware.py"


def loaded():
    spec = importlib.util.spec_from_file_location("noise_aware_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tiny_study_measures_both_networks_at_every_noise_and_age(tmp_path):
    example = loaded()
    example.NOISES, example.SCALES = (0.045,), (1.0, 3.0)
    settings = {"width": 4, "trunk": 3, "branch": 1, "sizes": (400, 50, 100)}
    found = example.study(**settings, chips=1)
    assert list(found) == ["1", "3"]
    for one in found.values():
        assert one["chosen"] == 0.045
        rows = one["test"]
        assert list(rows) == ["digital", *example.AGES]
        assert rows["digital"]["plain"] > 0.15  # ten classes: it has learned something
        for row in rows.values():
            assert row["plain"] + row["gain"] == approx(row["aware"])
            low, high = row["confidence_95"]
            assert low <= row["gain"] <= high
    assert found["1"]["test"]["digital"] == found["3"]["test"]["digital"]
    example.draw(found, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_noise_is_of_an_outputs_largest_weight_and_clipping_of_its_spread():
    example = loaded()
    torch.manual_seed(0)
    model = example.residual_network(8)
    name = example.matrices(model)[2]
    own = dict(model.named_parameters())[name]
    generator = torch.Generator().manual_seed(3)
    draws = torch.stack([example.noisy(model, generator, 0.045)[name].detach() for _ in range(300)])
    spread = (draws - own.detach()).std(dim=(0, 2, 3, 4))
    largest = own.detach().abs().flatten(1).amax(dim=1)
    np.testing.assert_allclose((spread / largest).numpy(), 0.045, rtol=0.05)
    before = own.detach().flatten(1).square().mean(dim=1).sqrt()
    with torch.no_grad():
        own[0, 0, 0, 0] = 10.0 * before[0]
    edge = example.CLIP * own.detach().flatten(1).square().mean(dim=1).sqrt()
    example.clip(model)
    assert (own.detach().abs().flatten(1).amax(dim=1) <= edge * 1.000001).all()
