"""The accelerator: what its tiles are made of, from the driver to the code.

One immutable description for mapping, programming, inference, cost, report and ngspice. It says
nothing of a network and nothing of chance: `mapping` puts a network on it, `programming` draws
devices, and what a calibration set decides (ranges) becomes parameters of its parts, as on a chip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._brief import brief
from xbar_circuit.accelerator._hardware import WEIGHT_SCALES, Hardware
from xbar_circuit.accelerator.chip import Chip, program
from xbar_circuit.network.graph import Network
from xbar_circuit.units import engineering

__all__ = ["WEIGHT_SCALES", "Accelerator"]


@brief(
    lambda self: (
        f"{self.rows} x {self.cols}, {type(self.synapse).__name__}"
        f" {engineering(self.synapse.g_min_siemens, 'S')} to"
        f" {engineering(self.synapse.g_max_siemens, 'S')}, {type(self.driver).__name__},"
        f" {type(self.readout.converter).__name__} {self.readout.converter.bits} bit"
    ),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator(Hardware):
    """Crossbar tiles with their drivers and read-outs, and the digital unit beside them.

    Parameters
    ----------
    rows, cols
        Cells of a tile. A weight takes a block of them, as the synapse says.
    synapse
        How a signed weight is divided among devices, their range, and the cell at each
        cross-point; one of `xbar_circuit.cells`.
    wires, terminals
        Wires and terminals of every tile.
    driver
        Driver of every word line: a `Dac`, `PulseWidth`, `BitSerial`, `ExactDriver`, or a
        `WordLineBuffer` with one of these. Where a calibration set has no negative inputs, its
        codes are unsigned.
    readout
        Read-out of every column. Its range is fitted to the currents of the calibration set; where
        a circuit fixes the range, the driver's full scale is lowered instead.
    model
        The read-out's calibrated fast model, which one with a circuit in it needs; from
        `tile.calibrate` or ``xbar calibrate``. For several temperatures, a tuple of models; the
        first one is used at programming time.
    mismatch
        Mismatch of the converters: the arguments of their method ``drawn``, such as
        ``{"unit_sigma": 0.02}`` of a `Sar`; kept as pairs. Converters are drawn for each tile of
        each chip. Empty: all converters are equal.
    digital
        The digital unit beside each tile, for the cost.
    statistics
        Device statistics; None programs exactly, without drift.
    thermal_noise
        Whether the thermal noise of array and read-out is drawn at each product.
    weight_scale
        What is scaled so that its largest weight gets the largest conductance: each ``"column"``,
        each ``"tile"``, each ``"layer"``, or, ``"global"``, the whole network.
    input_percentile, output_percentile
        The converters' ranges end at this percentile of the calibration set's magnitudes.

    Raises
    ------
    ParameterError
        A number out of range, an unknown choice, or parts that do not fit each other.

    >>> accelerator = Accelerator(rows=4, cols=6)
    >>> accelerator.tile(accelerator.synapse.conductance([[0.5, -1.0]])).crossbar.shape
    (1, 4)
    """

    def program(
        self,
        network: Network,
        *,
        calibration: Mapping[str, NDArray[Any]] | NDArray[Any],
        rng: np.random.Generator | None = None,
        digital: Sequence[str] | Mapping[str, int | None] = (),
        elsewhere: Mapping[str, Accelerator] | None = None,
        **options: Any,
    ) -> Chip:
        """Map a network, draw and program the devices, reduce the tiles and set the ranges, once.

        Parameters
        ----------
        network
            The network.
        calibration
            Inputs used to set the ranges, as for ``network.run``, or the one array of a network
            with one input; never the test set.
        rng
            Draws the devices, and everything drawn later; None uses a generator with seed 0.
        digital
            Layers that stay digital: their names (float32), or their width in bits by name (None is
            float32, 2 to 16 are whole numbers of that width).
        elsewhere
            Layers on another accelerator, by name.
        options
            As for `accelerator.program`: ``celsius`` (while it is programmed), ``wire_aware``,
            ``drift_compensation``, ``memory_bytes``, ``device``.

        Returns
        -------
        Chip
            The chip right after programming; `Chip.at` gives it at another age.

        Raises
        ------
        ParameterError
            A layer is not in the network, or the calibration inputs are all zero.
        ShapeError
            The inputs do not fit the network.
        """
        return program(
            self,
            network,
            calibration=calibration,
            rng=rng,
            digital=digital,
            elsewhere=elsewhere or {},
            **options,
        )
