"""What multiplies for a network on a chip: its layers, and the random numbers of their noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xbar_circuit.accelerator._digital_layer import DigitalLayer
from xbar_circuit.accelerator._layer import AnalogLayer
from xbar_circuit.network.operators import Array

__all__ = ["ChipMultiplier"]


class ChipMultiplier:
    """The multiplier that `network.execution.run` uses for a chip: its layers.

    Parameters
    ----------
    layers
        The layers by name.
    seed
        Seed of the noise; None draws none.
    first
        Number of the batch's first sample, which names its random numbers.
    """

    def __init__(
        self,
        layers: Mapping[str, AnalogLayer | DigitalLayer],
        *,
        seed: tuple[int, ...] | None = None,
        first: int = 0,
    ) -> None:
        self.layers = layers
        self._seed, self._first = seed, first
        self._places = {name: k for k, name in enumerate(layers)}

    def starting(self, first: int) -> ChipMultiplier:
        """Return the multiplier of another batch.

        Parameters
        ----------
        first
            Number of the batch's first sample.

        Returns
        -------
        ChipMultiplier
            The same layers, with random numbers of that batch.
        """
        return ChipMultiplier(self.layers, seed=self._seed, first=first)

    def encode(self, name: str, inputs: Array) -> Array:
        """Return the input codes of a layer.

        Parameters
        ----------
        name
            Of the layer.
        inputs
            Its input, of any shape (n, ...).

        Returns
        -------
        array
            Codes of the drivers, of the same shape; of a digital layer of some width, the rounded
            inputs.
        """
        return self.layers[name].encode(inputs)

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        """Return the products of a layer.

        Parameters
        ----------
        name
            Of the layer.
        vectors
            Codes (vectors, groups, rows) from `encode`.
        step
            Of a sequence, which draws noise of its own.

        Returns
        -------
        array
            (vectors, groups, cols), in the units of the network's own products.
        """
        layer = self.layers[name]
        if isinstance(layer, DigitalLayer) or self._seed is None or not layer.noisy:
            return layer.products(vectors)
        stream = (*self._seed, self._places[name], self._first)
        return layer.products(vectors, stream=(*stream, step) if step else stream)

    def block(self, name: str) -> Callable[[Array], Array] | None:
        """Return what multiplies blocks of a layer's vectors.

        Parameters
        ----------
        name
            Of the layer.

        Returns
        -------
        callable or None
            Takes codes (n, groups, rows) and returns products (n, groups, cols); None where noise
            is drawn for all vectors together.
        """
        layer = self.layers[name]
        if isinstance(layer, DigitalLayer):
            return layer.products
        return None if self._seed is not None and layer.noisy else layer.block()
