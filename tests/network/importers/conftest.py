"""Graphs of importers' tests are the same in whatever order the tests run."""

import numpy as np
import pytest

import onnx_graphs


@pytest.fixture(autouse=True)
def _same_numbers(monkeypatch):
    monkeypatch.setattr(onnx_graphs, "RNG", np.random.default_rng(7))
