"""A chip: an accelerator that was programmed with a network, once; later and warmer by `Chip.at`.

`program` maps the network, draws and programs the devices, reduces every tile and sets all ranges.
Everything else takes the chip that came of it: outputs, accuracy, error budget, cost, and the check
of its tiles from the driver to the code in ngspice. What is drawn later (noise of reads, of
converters, of the arrays) comes from the chip's own seed, so a chip gives the same answers again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._brief import brief
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._making import program_mapping
from xbar_circuit.accelerator._working_chip import Inputs, WorkingChip
from xbar_circuit.accelerator.budget import Budget, error_budget
from xbar_circuit.accelerator.cost import Cost, inference_cost
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.spot_check import TileCheck, check_tiles
from xbar_circuit.architecture import Architecture
from xbar_circuit.network.execution import MEMORY_BYTES
from xbar_circuit.network.graph import Network
from xbar_circuit.units import engineering

__all__ = ["Chip", "program"]


@brief(
    lambda self: (
        f"{self.mapping.tile_count} tiles of {self.accelerator.rows} x"
        f" {self.accelerator.cols}, {len(self.mapping.layers)} layers,"
        f" {engineering(self.second, 's')} after programming"
    ),
    picture=lambda self: next((tiles[0] for tiles in self.conductances if len(tiles)), None),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Chip(WorkingChip):
    """One programmed accelerator at one age and temperature; made by `program` and `at`.

    Parameters
    ----------
    mapping
        Placement of the weights, with the programmed targets.
    programmed
        Its devices.
    parts
        Drivers and read-outs of each layer on tiles, with their ranges.
    digital
        Layers that are not on tiles.
    fresh
        Transfers of all tiles right after programming [S].
    constants
        Scale and offset of the codes of each layer on tiles right after programming.
    second
        Age [s].
    celsius
        Temperature of the tiles [degree Celsius]; None is that of the programming.
    storage_celsius
        Temperature since programming; None is that of the programming.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.
    memory_bytes
        Limit on the memory of the whole process while it runs.
    wire_aware
        Result of wire-aware programming, if it was used.
    device
        Where its tiles are reduced; None is the processor or what is preferred.
    """

    def budget(
        self,
        inputs: Inputs,
        labels: NDArray[np.integer] | None = None,
        *,
        calibration: Inputs | None = None,
        workers: int = 2,
        progress: Callable[[int], object] | None = None,
    ) -> Budget:
        """Return the effect of each imperfection alone on the chip's layers.

        Parameters
        ----------
        inputs
            Inputs on which layers and accuracies are measured.
        labels
            The right classes of the inputs (n,); None measures no accuracy.
        calibration
            Inputs used to set the ranges when an imperfection is alone; None uses `inputs`.
        workers, progress
            As for `run`; `progress` counts imperfections.

        Returns
        -------
        Budget
            Signal-to-error ratio of each layer [dB] and accuracy of the network, for each
            imperfection alone and for all of them together.

        Raises
        ------
        ParameterError
            A name that is no input.
        ShapeError
            The inputs do not fit the network, or the labels the inputs.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
        >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
        >>> inputs = np.array([[1.0, 0.5], [0.2, 0.9]])
        >>> chip = xc.Accelerator(rows=4, cols=4).program(network, calibration=inputs)
        >>> budget = chip.budget(inputs, np.array([0, 1]))
        >>> budget.effects
        ('drivers', 'wires', 'read-outs', 'all together')
        >>> budget.ratio_db.round(1).ravel().tolist()
        [54.1, 80.4, 55.7, 55.3]
        """
        return error_budget(
            self, inputs, labels, calibration=calibration, workers=workers, progress=progress
        )

    def cost(
        self,
        inputs: Inputs | None = None,
        *,
        architecture: str | Architecture | None = None,
        replicas: Mapping[str, int] | None = None,
    ) -> Cost:
        """Return energy, time and area of an inference.

        Parameters
        ----------
        inputs
            Samples whose activations load the arrays; None takes one sample of ones.
        architecture
            Whose published numbers are used instead of the parts' own; None takes the parts'
            own, and where a part has none (ideal ones) the survey's median.
        replicas
            Copies of each layer's tiles by name; default 1.

        Returns
        -------
        Cost
            Energy of one inference [J] by component and layer, latency and interval between
            inferences [s], area [m2], and the assumptions.

        Raises
        ------
        ParameterError
            Converters without a width, or an unknown architecture or layer.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
        >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
        >>> chip = xc.Accelerator(rows=4, cols=4).program(network, calibration=np.eye(2))
        >>> cost = chip.cost()
        >>> f"{cost.total_joule:.3g} J, {cost.latency_second:.3g} s, {cost.tiles} tile"
        '7.61e-11 J, 3.4e-08 s, 1 tile'
        """
        return inference_cost(self, inputs, architecture=architecture, replicas=replicas)

    def spot_check(
        self,
        inputs: Inputs,
        *,
        tiles: Sequence[tuple[int, int]] | None = None,
        vectors: int = 4,
        outputs: int | None = None,
        array: str | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[TileCheck]:
        """Run tiles in ngspice from the driver to the code, and compare with what the network uses.

        Parameters
        ----------
        inputs
            Samples whose activations the tiles see.
        tiles
            (layer, tile) places; None takes one tile of every shape in every layer.
        vectors
            Products of each tile.
        outputs
            How many outputs of each tile have read-outs in the deck, spread evenly; the columns of
            the others end in ideal virtual grounds, which is much faster where read-outs are
            circuits. None is all, and pairs that share a converter are always all.
        array
            In the decks of whole tiles: ``"full"`` has every wire and cell, ``"macromodel"`` a
            linear array's exact reduction to its ports, many times faster; None takes the first for
            small arrays. Every array is also run alone with every wire and cell.
        progress
            Called with 1 after each tile.

        Returns
        -------
        list of TileCheck
            For each tile the codes of both engines (vectors, outputs), how they agree [LSB], and
            the relative difference of the bare array's column currents.

        Raises
        ------
        ParameterError
            A place that is no tile.
        SimulatorError, SimulatorNotFoundError
            ngspice is missing or failed.

        >>> import numpy as np
        >>> import xbar_circuit as xc
        >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
        >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
        >>> chip = xc.Accelerator(rows=4, cols=4).program(network, calibration=np.eye(2))
        >>> (check,) = chip.spot_check(np.eye(2), vectors=2)
        >>> check.codes.codes, check.codes.within_one, check.worst_relative_difference < 1e-9
        (4, 1.0, True)
        """
        return check_tiles(
            self,
            inputs,
            tiles=tiles,
            vectors=vectors,
            outputs=outputs,
            array=array,
            progress=progress,
        )


def program(
    accelerator: Hardware,
    network: Network,
    *,
    calibration: Inputs,
    rng: np.random.Generator | None = None,
    digital: Sequence[str] | Mapping[str, int | None] = (),
    elsewhere: Mapping[str, Hardware] | None = None,
    celsius: float | None = None,
    wire_aware: bool = False,
    drift_compensation: str = "global",
    memory_bytes: int = MEMORY_BYTES,
    device: str | None = None,
) -> Chip:
    """Make a chip; see `Accelerator.program`, which calls this.

    Parameters
    ----------
    celsius
        Temperature while devices are programmed and ranges set [degree Celsius]; None uses that of
        the statistics, about 300 K, and of the calibrated parts.
    wire_aware
        Whether conductances are chosen for the array with its wires.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.
    memory_bytes
        Limit on the memory of the whole process; of large networks only the first calibration
        inputs are used that fit.
    device
        Where tiles are reduced, now and at every later age: ``"cuda"`` for a graphics card; None
        for the processor or what is preferred, see `xbar_circuit._backend`. Devices are drawn and
        vectors multiplied by NumPy.
    accelerator
        What the tiles are.
    network
        What is programmed.
    calibration
        Inputs that set the ranges, such as 256 images (n, ...) of the training set.
    rng
        Draws the programming errors.
    digital
        Names of layers that stay digital, or their width in bits by name.
    elsewhere
        Layer -> another accelerator for it.

    Returns
    -------
    Chip
        The programmed chip, at the moment of its programming.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> images = xc.network.fashion_mnist_calibration().images[:8]
    >>> network, rng = xc.network.fashion_mnist_lenet5(), np.random.default_rng(0)
    >>> chip = program(xc.Accelerator(), network, calibration=images, rng=rng)
    >>> chip.run(images)[0].shape
    (8, 10)
    """
    seed = 0 if rng is None else int(rng.integers(2**63))
    return program_mapping(
        Chip,
        map_network(network, accelerator, digital=digital, elsewhere=elsewhere),
        calibration=calibration,
        seed=seed,
        celsius=celsius,
        aware=wire_aware,
        drift_compensation=drift_compensation,
        memory_bytes=memory_bytes,
        device=device,
    )
