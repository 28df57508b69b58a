"""The description of a tile: its parts, what fits and what does not, and the sizes that follow."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.cells import Synapse
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.drivers import Driver
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.tile._digital import CodeCombination
from xbar_circuit.tile._formula import check_drive, with_terminals
from xbar_circuit.tile._temperature import tile_celsius
from xbar_circuit.tile.noise import TileNoise

__all__ = ["TileDescription"]


@dataclass(frozen=True)
class TileDescription:
    """Parts of a tile that fit each other; its fields are those that `Tile` states."""

    crossbar: Crossbar
    driver: Driver
    readout: Readout
    model: ReadoutModel | None = None
    synapse: Synapse | None = None
    noise: TileNoise | None = None
    celsius: float = None  # type: ignore[assignment]  # a number once it is made

    def __post_init__(self) -> None:
        for name, kind in (
            ("crossbar", Crossbar),
            ("driver", Driver),
            ("readout", Readout),
            ("synapse", Synapse | None),
            ("noise", TileNoise | None),
        ):
            if not isinstance(getattr(self, name), kind):
                raise ParameterError.about(
                    name,
                    got=repr(getattr(self, name)),
                    expected=f"a {getattr(kind, '__name__', kind)}",
                    remedy="xc.Tile(crossbar, peripherals.Dac(...), peripherals.Readout(...))",
                )
        ends = self.crossbar.terminals
        if ends.bottom_ohm is not None and ends.top_ohm is not None:
            raise ParameterError.about(
                "crossbar.terminals",
                got="columns sensed at the bottom and at the top",
                expected="one read-out per column",
                remedy="set top_ohm=None or bottom_ohm=None",
            )
        object.__setattr__(self, "celsius", tile_celsius(self.celsius, self.crossbar, self.model))
        digital = self.digital  # refuses groups that are not whole
        check_drive(self.crossbar, self.driver, self.readout, signed=min(digital.drive) < 0)
        if self.noise is not None:
            self.noise.check(self.crossbar)
        samples = self.readout.samples
        if samples is not None and len(samples) != self.converters:
            raise ParameterError.about(
                "readout.samples",
                got=f"{len(samples)} converters",
                expected=f"{self.converters}, one for each column or pair that shares one",
                remedy="draw as many: readout.drawn(rng, count, ...)",
            )

    @cached_property
    def digital(self) -> CodeCombination:
        """Which columns meet before a converter, and how codes are added."""
        return CodeCombination.of(self.readout, self.synapse, *self.crossbar.shape)

    @cached_property
    def warm_readout(self) -> Readout:
        """The read-out as it is at the tile's temperature; both engines render this one."""
        return self.readout.at_celsius(self.celsius)

    @cached_property
    def warm_driver(self) -> Driver:
        """The driver as it is at the tile's temperature; both engines render this one."""
        return self.driver.at_celsius(self.celsius)

    @property
    def inputs(self) -> int:
        """Number of inputs of a product."""
        return self.crossbar.rows // len(self.digital.drive)

    @property
    def outputs(self) -> int:
        """Number of output codes of a product."""
        return self.converters // len(self.digital.significance)

    @property
    def period_second(self) -> float:
        """Time of one read [s]; a product takes ``driver.read_count`` of them."""
        return self.readout.timing.period_second

    @property
    def converters(self) -> int:
        """Number of converters: one per column, or one per pair that is subtracted before it."""
        pairs = self.digital.pairs
        return self.crossbar.cols if pairs is None else len(pairs)

    @cached_property
    def driven(self) -> Crossbar:
        """The array with the drivers' resistance in its terminals, for the fast engine."""
        return with_terminals(
            self.crossbar, driver_ohm=self.warm_driver.terminal_ohm, sense_ohm=0.0
        )

    @cached_property
    def in_deck(self) -> Crossbar:
        """The array as ngspice gets it: what a buffer's circuit has is not in the terminals."""
        return with_terminals(self.crossbar, driver_ohm=self.warm_driver.deck_ohm, sense_ohm=0.0)

    def with_model(self, model: ReadoutModel) -> Self:
        """Return this tile with a fast model of its read-out.

        Parameters
        ----------
        model
            The model, such as a calibrated one.

        Returns
        -------
        Self
            The same tile with this `model`.
        """
        return dataclasses.replace(self, model=model)
