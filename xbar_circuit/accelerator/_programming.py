"""Programming: from wanted conductances to the ones that the tiles really have, once and for all.

Chance ends here. Every tile draws from a generator of its own, seeded by (seed, layer, tile), so a
tile stays the same whatever the others are and in whatever order they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.devices import PcmState

__all__ = ["Conductances", "Programmed", "program_devices"]

#: Conductances of every tile of every layer [S]: ``[layer][tile]`` of (rows, columns).
Conductances = tuple[tuple[FloatArray, ...], ...]

_ZERO_CELSIUS = 273.15  # K
_TICKS = 1000  # of a second and of a degree, for the seeds of reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Programmed:
    """The devices of a mapped network after programming.

    Parameters
    ----------
    mapping
        What was wanted.
    seed
        Of everything that was and will be drawn.
    states
        Of each tile its devices; None where they are exact.
    celsius
        Temperature while they were programmed, and to which time and reads return unless another
        is said [degree Celsius]; None is that of the statistics, about 300 K.
    """

    mapping: Mapping
    seed: int
    states: tuple[tuple[PcmState | None, ...], ...]
    celsius: float | None = None

    def conductances(
        self,
        second: float = 0.0,
        *,
        celsius: float | None = None,
        storage_celsius: float | None = None,
        read_noise: bool = True,
    ) -> Conductances:
        """Return what every cell has at a time after programming [S].

        The noise of the read is drawn once for the time and the temperature: it is 1/f noise, slow
        against the nanoseconds between two products.

        Parameters
        ----------
        second
            Time since programming [s].
        celsius
            Temperature of the read [degree Celsius]; None is that of the programming. Conduction
            is activated, the less set the more, see `PcmState.at`. Exact devices do not change.
        storage_celsius
            Temperature since programming [degree Celsius], by which drift is faster; None is that
            of the programming.
        read_noise
            Whether the noise is drawn at all.
        """
        celsius = self.celsius if celsius is None else celsius
        store = self.celsius if storage_celsius is None else storage_celsius
        heat = {} if celsius is None else {"celsius": celsius}
        mark = () if celsius is None else (1 + round((celsius + _ZERO_CELSIUS) * _TICKS),)
        if store is not None:
            heat["storage_celsius"] = store
        layers = []
        for k, (layer, plan) in enumerate(zip(self.states, self.mapping.layers, strict=True)):
            tiles = []
            for j, (state, tile) in enumerate(zip(layer, plan.tiles, strict=True)):
                if state is None:
                    tiles.append(tile.target)
                    continue
                rng = np.random.default_rng((self.seed, k, j, 1 + round(second * _TICKS), *mark))
                tiles.append(
                    state.read(second, rng=rng, **heat) if read_noise else state.at(second, **heat)
                )
            layers.append(tuple(tiles))
        return tuple(layers)


def program_devices(mapping: Mapping, *, seed: int = 0, celsius: float | None = None) -> Programmed:
    """Program every tile of a mapping.

    Parameters
    ----------
    mapping
        The network on its accelerators, each with the statistics of its devices.
    seed
        Of the programming noise, the drift exponents and the read noise.
    celsius
        Temperature at which the targets are reached [degree Celsius]; None is that of the
        statistics.
    """
    heat = {} if celsius is None else {"celsius": celsius}
    seed = checks.count("seed", seed, minimum=0)
    states: list[tuple[PcmState | None, ...]] = []
    for k, plan in enumerate(mapping.layers):
        statistics = plan.accelerator.statistics
        states.append(
            tuple(
                None
                if statistics is None
                else statistics.program(
                    tile.target, rng=np.random.default_rng((seed, k, j, 0)), **heat
                )
                for j, tile in enumerate(plan.tiles)
            )
        )
    return Programmed(mapping=mapping, seed=seed, states=tuple(states), celsius=celsius)
