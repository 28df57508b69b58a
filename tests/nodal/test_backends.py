"""The same numbers from every array library: torch on the processor stands for torch on a card."""

import importlib
import os

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit._backend import backend, for_tiles, preferred
from xbar_circuit.cli import main
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.nodal import _m_matrix as m_matrix

TORCH = "torch:cpu"
CASES = [
    ((1, 1), {}, {}),
    ((7, 5), {}, {}),
    ((64, 64), {}, {}),
    ((33, 50), {"row_lead_ohm": 0.0}, {"right_ohm": 2.0, "top_ohm": 0.0}),
    ((20, 9), {"column_lead_ohm": 0.0}, {"left_ohm": None, "right_ohm": 1.0}),
    ((12, 17), {"row_ohm": 0.0}, {"bottom_ohm": None, "top_ohm": 3.0}),
    ((16, 16), {"row_ohm": 0.0, "column_ohm": 0.0}, {"left_ohm": 100.0}),
]


def tiles(rng, shape, count=3):
    return rng.uniform(1e-6, 25e-6, (count, *shape)) * (rng.random((count, *shape)) > 0.1)


@pytest.mark.parametrize(("shape", "wires", "ends"), CASES)
def test_tiles_are_the_same_in_torch(shape, wires, ends):
    g = tiles(np.random.default_rng(1), shape)
    given = {
        "wires": xc.Wires(**{"row_ohm": 1.5, "column_ohm": 2.0} | wires),
        "terminals": xc.Terminals(**ends),
    }
    here = xc.nodal.transfer_tiles(g, **given)
    there = xc.nodal.transfer_tiles(g, device=TORCH, **given)
    assert isinstance(there, np.ndarray)
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-13 * here.max())


def test_the_number_of_tiles_at_once_changes_nothing(monkeypatch):
    tiles_module = importlib.import_module("xbar_circuit.nodal.tiles")
    g = tiles(np.random.default_rng(2), (10, 12), count=7)
    wires = xc.Wires(row_ohm=1.0, column_ohm=1.0)
    whole = xc.nodal.transfer_tiles(g, wires=wires, device=TORCH)
    monkeypatch.setattr(tiles_module, "_CELLS_ON_CARD", 300)
    parts = xc.nodal.transfer_tiles(g, wires=wires, device=TORCH)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-14 * whole.max())


def reference_inverse(branches, leak):
    """Each entry by mpmath, in 60 digits."""
    mpmath = importlib.import_module("mpmath")
    size = len(leak)
    with mpmath.workdps(60):
        matrix = mpmath.zeros(size)
        for i in range(size):
            matrix[i, i] = mpmath.mpf(leak[i])
            for j in range(size):
                if i != j:
                    matrix[i, j] -= mpmath.mpf(branches[i, j])
                    matrix[i, i] += mpmath.mpf(branches[i, j])
        inverse = matrix**-1
        return np.array([[float(inverse[i, j]) for j in range(size)] for i in range(size)])


@pytest.mark.parametrize("way", ["compiled", "plain", "torch", "blocks"])
def test_the_inverse_is_accurate_in_every_entry(way, monkeypatch):
    rng = np.random.default_rng(3)
    half = 10.0 ** rng.uniform(-9, -2, (3, 11, 11))
    branches, leak = half + half.swapaxes(1, 2), 10.0 ** rng.uniform(-14, -12, (3, 11))
    exact = [reference_inverse(c, s) for c, s in zip(branches, leak, strict=True)]
    if way == "compiled":
        assert compiled.sweep(branches, leak) is not None, "numba is part of the environment"
    else:
        monkeypatch.setattr(compiled, "sweep", lambda *_: None)
    if way in ("plain", "torch"):
        monkeypatch.setattr(m_matrix, "_SWEPT", 16)
    place = backend(TORCH if way == "torch" else None)
    found = place.get(m_matrix.inverse(place.put(branches), place.put(leak)))
    np.testing.assert_allclose(found, exact, rtol=1e-13)


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("cuda:99", "cuda"),
        ("gpu", "expected 'cpu', 'cuda'"),
        (3, "name one"),
        ("torch:meta", "double precision"),
    ],
)
def test_a_device_that_is_not_there_is_named(device, words):
    with pytest.raises(xc.ParameterError, match="device") as caught:
        xc.nodal.transfer_tiles([[[1e-6]]], wires=xc.Wires(row_ohm=1, column_ohm=1), device=device)
    assert words in str(caught.value)


def test_a_library_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setitem(importlib.import_module("sys").modules, "cupy", None)
    with pytest.raises(xc.ParameterError, match=r"xbar_circuit\[cupy\]"):
        backend("cupy:0")


@pytest.mark.parametrize("ohm", [1.0, 30.0])
def test_newton_is_the_same_in_torch(ohm):
    rng = np.random.default_rng(9)
    xbar = xc.Crossbar(
        conductance=tiles(rng, (40, 30), count=1)[0],
        wires=xc.Wires(row_ohm=ohm, column_ohm=ohm),
        cell=xc.devices.Sinh(v0_volt=0.08),
    )
    volts = rng.uniform(-0.3, 0.3, (5, 40))
    here = xc.nodal.read(xbar, volts, method=xc.nodal.NewtonKrylov(fallback=None))
    there = xc.nodal.read(xbar, volts, device=TORCH)
    full = np.abs(here.device_current).sum(axis=1).max()
    # Newton's own tolerance is 1e-12 of the largest branch: either may be that far off
    for name, scale in (("column_current", full), ("row_voltage", 0.6), ("column_voltage", 0.6)):
        assert isinstance(getattr(there, name), np.ndarray)
        np.testing.assert_allclose(
            getattr(there, name), getattr(here, name), rtol=0, atol=1e-12 * scale
        )


def test_a_law_that_only_numpy_knows_is_asked_there():
    rng = np.random.default_rng(10)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 20e-6, (6, 5)),
        wires=xc.Wires(row_ohm=5.0, column_ohm=5.0),
        cell=xc.devices.pcm.PcmCell(),
    )
    volts = rng.uniform(0.0, 0.2, (2, 6))
    here, there = (xc.nodal.read(xbar, volts, device=d) for d in (None, TORCH))
    np.testing.assert_allclose(there.column_current, here.column_current, rtol=1e-10)


def test_a_linear_array_is_reduced_where_one_says():
    rng = np.random.default_rng(11)
    xbar = xc.Crossbar(
        conductance=tiles(rng, (20, 24), count=1)[0], wires=xc.Wires(row_ohm=1.0, column_ohm=3.0)
    )
    here = xc.nodal.transfer(xbar)
    there = xc.nodal.prepare(xbar, device=TORCH)
    np.testing.assert_allclose(there.transfer(), here, rtol=0, atol=1e-13 * here.max())
    result = there.read(rng.uniform(0.0, 0.2, 20))
    assert result.residual.max() < 1e-10


def test_a_device_beside_a_method_is_refused():
    xbar = xc.Crossbar(conductance=[[1e-6]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    with pytest.raises(xc.ParameterError, match="device"):
        xc.nodal.read(xbar, [0.1], method=LINES, device=TORCH)


LINES = xc.nodal.ByLines()


def test_a_preferred_device_is_taken_for_tiles_and_given_back(monkeypatch):
    monkeypatch.delenv("XBAR_DEVICE", raising=False)
    assert for_tiles(None).numpy
    with preferred(TORCH):
        assert for_tiles(None).name == TORCH
        assert for_tiles("cpu").numpy
        with preferred(None):
            assert for_tiles(None).name == TORCH
    assert for_tiles(None).numpy
    with pytest.raises(xc.ParameterError, match="device"), preferred("nowhere"):
        pass
    assert "XBAR_DEVICE" not in os.environ


def test_the_command_line_refuses_a_device_that_is_not_there(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--device", "nowhere", "doctor"])
    assert caught.value.code == 2
    assert "nowhere" in capsys.readouterr().err
