"""Programming: from wanted conductances to the ones that the tiles really have, once and for all.

Chance ends here. Every tile draws from a generator of its own, seeded by (seed, layer, tile), so a
tile stays the same whatever the others are and in whatever order they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.checks import FloatArray
from xbar_circuit.devices import PcmState, PcmStatistics

__all__ = ["Conductances", "ProgrammedNetwork", "program"]

#: Conductances of every tile of every layer [S]: ``[layer][tile]`` of (rows, columns).
Conductances = tuple[tuple[FloatArray, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammedNetwork:
    """A mapped network whose devices have been programmed.

    Parameters
    ----------
    mapping
        What was wanted.
    seed
        Of everything that was and will be drawn.
    targets
        What was asked of the devices [S].
    states
        Of each tile, the state of each device in the cell; empty where devices are exact.
    """

    mapping: Mapping
    seed: int
    targets: Conductances
    states: tuple[tuple[tuple[PcmState, ...], ...], ...]

    def conductances(self, seconds: float = 0.0, *, read_noise: bool = True) -> Conductances:
        """Return what every cell has at a time after programming [S].

        The noise of the read is drawn once for the time: it is 1/f noise, slow against the
        nanoseconds between two products.
        """
        if not self.states:
            return self.targets
        layers = []
        for k, layer in enumerate(self.states):
            tiles = []
            for j, devices in enumerate(layer):
                rng = np.random.default_rng((self.seed, k, j, 1 + round(seconds * 1000)))
                read = [
                    state.read(seconds, rng=rng) if read_noise else state.at(seconds)
                    for state in devices
                ]
                tiles.append(np.sum(read, axis=0))
            layers.append(tuple(tiles))
        return tuple(layers)


def program(
    mapping: Mapping,
    *,
    statistics: PcmStatistics | None = None,
    seed: int = 0,
    targets: Conductances | None = None,
) -> ProgrammedNetwork:
    """Program every tile of a mapping.

    Parameters
    ----------
    mapping
        The network on its accelerator.
    statistics
        Of the devices; None programs exactly.
    seed
        Of the programming noise, the drift exponents and the read noise.
    targets
        What to program instead of the mapping's own targets [S]; see `wire_aware`.
    """
    seed = checks.count("seed", seed, minimum=0)
    wanted = targets or tuple(tuple(tile.target for tile in p.tiles) for p in mapping.layers)
    states: tuple[tuple[tuple[PcmState, ...], ...], ...] = ()
    if statistics is not None:
        count = mapping.accelerator.devices_per_cell
        states = tuple(
            tuple(
                _devices(statistics, target / count, count, np.random.default_rng((seed, k, j, 0)))
                for j, target in enumerate(layer)
            )
            for k, layer in enumerate(wanted)
        )
    return ProgrammedNetwork(mapping=mapping, seed=seed, targets=wanted, states=states)


def _devices(
    statistics: PcmStatistics, target: FloatArray, count: int, rng: np.random.Generator
) -> tuple[PcmState, ...]:
    return tuple(statistics.program(target, rng=rng) for _ in range(count))
