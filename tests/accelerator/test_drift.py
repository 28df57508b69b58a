"""Drift compensation against drift that is known."""

from dataclasses import replace

import numpy as np
import pytest

from xbar_circuit import ParameterError, Wires
from xbar_circuit.accelerator._drift import compensate
from xbar_circuit.accelerator._layer import transfers_of
from xbar_circuit.accelerator._programming import program_devices
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense


def mapped(**changes):
    weight = np.random.default_rng(4).normal(size=(50, 12)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(12))
    network = Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(50,))
    accelerator = Accelerator(
        rows=25, wires=Wires(row_ohm=0.0, column_ohm=0.0), synapse=DifferentialPair()
    )
    return map_network(network, replace(accelerator, **changes))


def transfers(mapping, conductances):
    return tuple(
        transfers_of([plan.accelerator.tile(g) for g in held])
        for plan, held in zip(mapping.layers, conductances, strict=True)
    )


def test_a_common_loss_is_made_good_exactly():
    mapping = mapped()
    before = transfers(mapping, program_devices(mapping).conductances())
    now = tuple(tuple(0.7 * t for t in layer) for layer in before)
    for kind in ("global", "column"):
        for gain in compensate(mapping, before, now, kind=kind)[0]:
            np.testing.assert_allclose(gain, 1.0 / 0.7, rtol=1e-12)
    assert compensate(mapping, before, now, kind="none")[0][0].tolist() == [1.0] * 12


def test_columns_are_told_apart_only_when_asked():
    mapping = mapped()
    before = transfers(mapping, program_devices(mapping).conductances())
    loss = np.repeat(np.linspace(0.5, 0.9, 12), 2)
    now = tuple(tuple(loss * t for t in layer) for layer in before)
    apart = compensate(mapping, before, now, kind="column")[0][0]
    np.testing.assert_allclose(apart, 1.0 / loss[::2], rtol=1e-12)
    together = compensate(mapping, before, now, kind="global")[0][0]
    assert np.ptp(together) == 0.0
    assert 1.0 / 0.9 < together[0] < 1.0 / 0.5


def test_a_year_of_drift_is_mostly_made_good():
    statistics = replace(PcmStatistics.joshi2020(), programming_scale=0.0, read_scale=0.0)
    mapping = mapped(statistics=statistics)
    programmed = program_devices(mapping, seed=1)
    before = transfers(mapping, programmed.conductances())
    now = transfers(mapping, programmed.conductances(3.15e7))
    gains = compensate(mapping, before, now, kind="global")
    plain = made_good = total = 0.0
    for old, new, gain in zip(before[0], now[0], gains[0], strict=True):
        d, e = old[:, ::2] - old[:, 1::2], new[:, ::2] - new[:, 1::2]
        plain += ((e - d) ** 2).sum()
        made_good += ((e * gain - d) ** 2).sum()
        total += (d**2).sum()
    assert plain / total > 0.2
    assert made_good / total < 0.02


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParameterError, match="kind"):
        compensate(mapped(), ((),), ((),), kind="magic")
