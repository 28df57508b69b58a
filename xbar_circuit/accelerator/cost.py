"""Energy, time and area of an inference on a chip, split by component.

Layers are stages of a pipeline: a new image enters when the slowest stage is free. A stage takes
the products of its layer, shared by the layer's replicas, or its digital work, whichever is
longer; they overlap. The latency of one image is the sum of all stages. A layer that stays digital
is a stage of its own on one digital unit, its weights read from a buffer for every product.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief, headline
from xbar_circuit.accelerator._area import areas_of
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._layer_cost import (
    COMPONENTS,
    LayerCost,
    analog_cost,
    digital_cost,
)
from xbar_circuit.accelerator._loads import (
    LayerLoad,
    array_joule,
    count_loads,
    recorded_vectors,
)
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator._tile_peak import OPERATIONS_A_MAC, tile_peak
from xbar_circuit.accelerator._working_chip import Inputs, WorkingChip
from xbar_circuit.accelerator.mapping import LayerPlan
from xbar_circuit.architecture import Architecture
from xbar_circuit.errors import ParameterError

__all__ = ["Cost", "cost_of_loads", "inference_cost"]

_LOADING_SAMPLES = 16  # whose activations load the arrays for their energy


@brief(
    lambda self: headline(
        self, self.network_name, "total_joule", "latency_second", "tops_per_watt"
    ),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of an inference, and the chip that runs it.

    Parameters
    ----------
    accelerator, periphery
        What it is made of, and whose numbers count; of layers elsewhere, their own count.
    network_name, utilisation
        What runs, and the share of one copy's cells that hold a weight.
    layers
        In order.
    product_second
        From one product of a tile to the next [s].
    full_tile
        One tile at full use, see `tile_peak`, whose cells draw what the network's cells draw on
        average: what chips are compared by.
    area_square_metre
        By component [m2]; what is not published is missing.
    assumptions
        Printed with every figure.
    """

    accelerator: Hardware
    periphery: Periphery
    network_name: str
    utilisation: float
    layers: tuple[LayerCost, ...]
    product_second: float
    full_tile: dict[str, float]
    area_square_metre: dict[str, float]
    assumptions: tuple[str, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an inference."""
        return sum(layer.load.macs for layer in self.layers)

    @property
    def activation_macs(self) -> int:
        """Multiply-accumulates of activations with each other, all digital; not among `macs`."""
        return sum(layer.load.activation_macs for layer in self.layers)

    @property
    def tiles(self) -> int:
        """Tiles, replicas included."""
        return sum(layer.tiles for layer in self.layers)

    @property
    def latency_second(self) -> float:
        """Time from input to output of one image [s]."""
        return sum(layer.second for layer in self.layers)

    @property
    def interval_second(self) -> float:
        """From one image to the next in the full pipeline [s]."""
        return max(layer.second for layer in self.layers)

    @property
    def joule(self) -> dict[str, float]:
        """Energy of an inference by component [J]."""
        return {name: sum(layer.joule[name] for layer in self.layers) for name in COMPONENTS}

    @property
    def total_joule(self) -> float:
        """Energy of an inference [J]."""
        return sum(self.joule.values())

    @property
    def square_metre(self) -> float:
        """Known area [m2]; 0 if nothing is known."""
        return sum(self.area_square_metre.values())

    @property
    def tops(self) -> float:
        """Useful operations per second in the full pipeline [10**12/s]."""
        return OPERATIONS_A_MAC * self.macs / self.interval_second * 1e-12

    @property
    def tops_per_watt(self) -> float:
        """Useful operations per joule [10**12/J]."""
        return OPERATIONS_A_MAC * self.macs / self.total_joule * 1e-12

    @property
    def tops_per_mm2(self) -> float | None:
        """Useful operations per second and area [10**12/s/mm2]; None where no area is known."""
        return self.tops / (self.square_metre * 1e6) if self.square_metre > 0.0 else None

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            Energy [J], time [s], area [m2] and efficiency by the names of this class's fields and
            properties; ``numbers`` and ``source`` say whose figures they are, ``layers`` holds one
            entry per layer, ``tops_per_mm2`` is None where no area is known.
        """
        return {
            "numbers": self.periphery.name,
            "source": self.periphery.source,
            "network": self.network_name,
            "macs": self.macs,
            "activation_macs": self.activation_macs,
            "tiles": self.tiles,
            "utilisation": self.utilisation,
            "full_tile": self.full_tile,
            "product_second": self.product_second,
            "latency_second": self.latency_second,
            "interval_second": self.interval_second,
            "joule": self.total_joule,
            "joule_by_component": self.joule,
            "area_square_metre": self.square_metre,
            "area_square_metre_by_component": self.area_square_metre,
            "tops": self.tops,
            "tops_per_watt": self.tops_per_watt,
            "tops_per_mm2": self.tops_per_mm2,
            "layers": [
                {
                    "name": layer.load.name,
                    "tiles": len(layer.load.tiles),
                    "replicas": layer.replicas,
                    "products": layer.load.products,
                    "macs": layer.load.macs,
                    "activation_macs": layer.load.activation_macs,
                    "second": layer.second,
                    "joule_by_component": layer.joule,
                }
                for layer in self.layers
            ],
            "assumptions": list(self.assumptions),
        }


def inference_cost(
    chip: WorkingChip,
    inputs: Inputs | None = None,
    *,
    architecture: str | Architecture | None = None,
    replicas: MappingOf[str, int] | None = None,
) -> Cost:
    """Return what an inference costs; see `Chip.cost`.

    Parameters
    ----------
    chip
        Whose arrays are loaded.
    inputs
        Samples that load them; None takes one sample of ones.
    architecture
        As for `Periphery.of`.
    replicas
        Copies of each layer's tiles by name; default 1.

    Raises
    ------
    ParameterError
        Converters without a width, an unknown architecture or layer.
    """
    return cost_of_loads(
        chip,
        count_loads(chip.mapping),
        recorded_vectors(chip, _loading(chip, inputs), most=_LOADING_SAMPLES),
        architecture=architecture,
        replicas=replicas,
    )


def cost_of_loads(
    chip: WorkingChip,
    loads: Sequence[LayerLoad],
    recorded: MappingOf[str, np.ndarray],
    *,
    architecture: str | Architecture | None = None,
    replicas: MappingOf[str, int] | None = None,
) -> Cost:
    """Return what given loads cost; see `Chip.cost`.

    Parameters
    ----------
    chip
        Whose arrays are loaded.
    loads
        Of each layer, and of what is multiplied digitally besides them, in float32.
    recorded
        What each layer on tiles multiplies, codes (vectors, groups, rows).
    architecture, replicas
        As for `inference_cost`.
    """
    mapping = chip.mapping
    copies = dict(replicas or {})
    unknown = sorted(set(copies) - {plan.name for plan in mapping.layers})
    if unknown:
        raise ParameterError.about(
            "replicas",
            got=f"unknown layers {unknown}",
            expected=f"some of {[plan.name for plan in mapping.layers]}",
            remedy="correct the names",
        )
    peripheries = {
        plan.name: Periphery.of(_ranged(chip, plan), architecture) for plan in mapping.layers
    }
    usual = Periphery.of(chip.accelerator, architecture)
    joules = array_joule(chip, peripheries, recorded)
    layers = []
    for load in loads:
        if load.name not in peripheries:
            layers.append(digital_cost(load, chip.accelerator, mapping.digital.get(load.name)))
            continue
        plan = mapping.layer(load.name)
        count = checks.count(f"replicas[{load.name!r}]", copies.get(load.name, 1))
        layers.append(
            analog_cost(load, plan.accelerator, peripheries[load.name], joules[load.name], count)
        )
    used = sum(rows * columns for load in loads for rows, columns in load.tiles)
    full = chip.accelerator.rows * chip.accelerator.cols
    drawn = sum(joules.values()) * full / used if used else 0.0
    areas = areas_of(mapping, tuple(layers), peripheries)
    return Cost(
        accelerator=chip.accelerator,
        periphery=usual,
        network_name=mapping.network.source,
        utilisation=mapping.utilisation,
        layers=tuple(layers),
        full_tile=tile_peak(chip.accelerator, usual, array_joule=drawn),
        product_second=usual.product_second,
        area_square_metre=areas,
        assumptions=_assumptions(chip, usual, areas, loads),
    )


def _ranged(chip: WorkingChip, plan: LayerPlan) -> Hardware:
    """Return a layer's accelerator with the drivers of its calibration: signed or not."""
    return plan.accelerator.changed(driver=chip.parts[plan.name].accelerators[0].driver)


def _loading(chip: WorkingChip, inputs: Inputs | None) -> Inputs:
    if inputs is not None:
        return inputs
    ports = chip.network.inputs
    return {port.name: np.ones((1, *port.shape), dtype=port.kind) for port in ports}


def _assumptions(
    chip: WorkingChip, periphery: Periphery, areas: dict[str, float], loads: Sequence[LayerLoad]
) -> tuple[str, ...]:
    products = sum(load.activation_macs for load in loads)
    missing = [name for name in COMPONENTS if name not in areas]
    kept = chip.mapping.digital
    widths = ", ".join(f"{n} ({'float32' if b is None else f'{b} bit'})" for n, b in kept.items())
    return (
        *periphery.assumptions,
        *chip.accelerator.digital.assumptions,
        "Array energy: what the word line drivers deliver into the wires and devices at"
        f" {chip.accelerator.driver.full_scale_volt:g} V, from the nodal engine, for inputs of real"
        " samples.",
        *([f"Digital layers: {widths}; every weight is read for every product."] if kept else []),
        *(
            [f"Products of activations ({products:,} multiply-accumulates): digital, float32."]
            if products
            else []
        ),
        "Tiles in parallel, layers pipelined, conversion overlapped with the next read; only used"
        " rows and columns take energy; every tile takes its whole area.",
        "Operations: two for each multiply-accumulate of the network, none for idle cells.",
        f"Area without: {', '.join(missing)}." if missing else "Area of all components.",
    )
