"""PCM weights between 0 and 85 degrees: programmed when cool, multiplied with when warm.

Conductance is thermally activated, the more the less of a device is crystal, so heat does two
things to weights: it scales all of them, and it bends them, small ones up against large ones;
devices of one target differ a little as well. One factor for each array, from its summed response
to a known input (as for drift, :mod:`.mvm_error`), takes the scale away and leaves the rest. Boybat
et al., IEDM 2021, measured ten thousand devices and found such array-level scaling enough for the
accuracy of three networks.

Wires and converters are ideal: it is what the devices cost alone. Devices are stored and read at
the temperature of the read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm import PcmState, PcmStatistics
from xbar_circuit.errors import ParameterError
from xbar_circuit.network import Dataset, Network, fashion_mnist_lenet5, fashion_mnist_test
from xbar_circuit.network.node import Node
from xbar_circuit.network.operators import AnyOperator, Convolution, Dense, MatrixOperator
from xbar_circuit.studies.array.mvm_error import gaussian_weights, sparse_inputs

__all__ = ["CELSIUS", "TemperatureReport", "WeightPair", "temperature_study"]

CELSIUS = (0.0, 27.0, 50.0, 70.0, 85.0)
SECOND = 3600.0
_SIZE, _BATCH = 512, 64


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightPair:
    """Weights on differential pairs of devices, programmed at 27 degrees.

    weight : what was wanted. scale : weight of `g_max`. plus, minus : the devices.
    """

    weight: FloatArray
    scale: float
    plus: PcmState
    minus: PcmState

    @classmethod
    def program(
        cls, statistics: PcmStatistics, weight: FloatArray, *, rng: np.random.Generator
    ) -> WeightPair:
        """Program weights on two devices each.

        Parameters
        ----------
        statistics
            Of the devices.
        weight
            Weights of any shape, dimensionless; the largest magnitude takes `g_max`.
        rng
            Draws the programming errors.

        Returns
        -------
        WeightPair
            The programmed devices.
        """
        scale = float(np.abs(weight).max())
        target = weight / scale * statistics.g_max_siemens
        return cls(
            weight=weight,
            scale=scale,
            plus=statistics.program(np.maximum(target, 0.0), rng=rng),
            minus=statistics.program(np.maximum(-target, 0.0), rng=rng),
        )

    def at(self, celsius: float, *, scaled: bool, rng: np.random.Generator) -> FloatArray:
        """Return the weights an hour after programming.

        Parameters
        ----------
        celsius
            Temperature since programming and of the read [degree Celsius].
        scaled
            Whether one factor for the whole array brings its summed conductance back.
        rng
            Draws the noise of the read.

        Returns
        -------
        array
            Weights of the programmed shape, dimensionless.
        """
        plus, minus = (
            state.read(SECOND, celsius=celsius, storage_celsius=celsius, rng=rng)
            for state in (self.plus, self.minus)
        )
        known = self.plus.conductance.sum() + self.minus.conductance.sum()
        factor = known / (plus.sum() + minus.sum()) if scaled else 1.0
        g_max = self.plus.statistics.g_max_siemens
        return np.asarray(factor * (plus - minus) * self.scale / g_max)


@brief(lambda self: f"{self.celsius.min():g} to {self.celsius.max():g} degree Celsius", table=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class TemperatureReport:
    """Effect of temperature, (temperatures,) each.

    celsius : [deg C]. product_raw, product_scaled : relative L2 error of a 512 x 512 product.
    accuracy_raw, accuracy_scaled : of the network. accuracy_digital : without devices.
    images : that accuracies were counted over.
    """

    celsius: FloatArray
    product_raw: FloatArray
    product_scaled: FloatArray
    accuracy_raw: FloatArray
    accuracy_scaled: FloatArray
    accuracy_digital: float
    images: int


def temperature_study(
    statistics: PcmStatistics | None = None,
    *,
    celsius: tuple[float, ...] = CELSIUS,
    network: Network | None = None,
    images: Dataset | None = None,
    seed: int = 0,
) -> TemperatureReport:
    """Program a product and a network once and use them an hour later at each temperature.

    Parameters
    ----------
    statistics
        The technology, with its activation curve; Joshi et al. 2020 if None.
    celsius
        Temperatures of storage and read [deg C].
    network, images
        What to classify, with what; LeNet-5 on Fashion-MNIST's shipped images if None.
    seed
        Seed of the random generator; the same for every temperature.

    Returns
    -------
    TemperatureReport
        Error of a product and accuracy of a network at every temperature.
    """
    stats = statistics or PcmStatistics.joshi2020()
    degrees = [checks.celsius("celsius", value) for value in np.atleast_1d(celsius)]
    net, data = network or fashion_mnist_lenet5(), images or fashion_mnist_test()
    rng = np.random.default_rng((seed, 0))
    matrix = WeightPair.program(stats, gaussian_weights(_SIZE, _SIZE, rng=rng), rng=rng)
    inputs = sparse_inputs(_BATCH, _SIZE, rng=rng)
    layers = {
        name: WeightPair.program(
            stats,
            np.asarray(_weight(operator), dtype=np.float64),
            rng=np.random.default_rng((seed, 1, k)),
        )
        for k, (name, operator) in enumerate(net.matrix_nodes)
    }
    columns: dict[bool, tuple[list[float], list[float]]] = {}
    for scaled in (False, True):
        errors: list[float] = []
        accuracies: list[float] = []
        for degree in degrees:
            draw = np.random.default_rng((seed, 2))
            wrong = inputs @ (matrix.at(degree, scaled=scaled, rng=draw) - matrix.weight)
            errors.append(float(np.linalg.norm(wrong) / np.linalg.norm(inputs @ matrix.weight)))
            warm = {name: pair.at(degree, scaled=scaled, rng=draw) for name, pair in layers.items()}
            accuracies.append(_accuracy(_with_weights(net, warm), data))
        columns[scaled] = errors, accuracies
    return TemperatureReport(
        celsius=np.asarray(celsius, dtype=np.float64),
        product_raw=np.array(columns[False][0]),
        product_scaled=np.array(columns[True][0]),
        accuracy_raw=np.array(columns[False][1]),
        accuracy_scaled=np.array(columns[True][1]),
        accuracy_digital=_accuracy(net, data),
        images=len(data),
    )


def _weight(operator: MatrixOperator) -> NDArray[Any]:
    if not isinstance(operator, Convolution | Dense):
        raise ParameterError.about(
            "network",
            got=f"a layer of {type(operator).__name__}",
            expected="convolutions and dense layers",
            remedy="give a network of these",
        )
    return operator.weight


def _with_weights(network: Network, weights: dict[str, FloatArray]) -> Network:
    def operator(node: Node) -> AnyOperator:
        layer = node.operator
        if node.name in weights and isinstance(layer, Convolution | Dense):
            return replace(layer, weight=weights[node.name].astype(np.float32))
        return layer

    nodes = tuple(replace(node, operator=operator(node)) for node in network.nodes)
    return replace(network, nodes=nodes)


def _accuracy(network: Network, data: Dataset) -> float:
    scores = network.run({network.input_name: data.images})[0]
    return float(np.mean(scores.argmax(axis=-1) == data.labels))
