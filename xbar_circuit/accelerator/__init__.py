"""Networks on crossbar tiles: one description from the driver to the code.

A few lines of Python run a network of your own::

    import numpy as np
    import xbar_circuit as xc
    from xbar_circuit import peripherals

    mine = xc.network.load_workload("mine.onnx", data="images.npy", labels="labels.npy",
                            calibration="training.npy",
                            normalisation=xc.network.Normalisation(divide=255.0))
    accelerator = xc.Accelerator(rows=128, cols=128, driver=peripherals.Dac(bits=8),
                                 readout=peripherals.Readout(converter=peripherals.IdealConverter()))
    chip = accelerator.program(mine.network, calibration=mine.calibration.images,
                               rng=np.random.default_rng(1))
    print(chip.at(86400.0).accuracy(mine.test.images, mine.test.labels))
"""

from xbar_circuit.accelerator._layer_cost import LayerCost
from xbar_circuit.accelerator.budget import Budget
from xbar_circuit.accelerator.calibrate import calibrate_readout
from xbar_circuit.accelerator.chip import Chip, program
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.effective import effective_network, effective_weights
from xbar_circuit.accelerator.imported import ImportedSettings, from_aihwkit, from_crosssim
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping, TilePlan, map_network
from xbar_circuit.accelerator.settings import InferenceSettings, read_settings
from xbar_circuit.accelerator.spot_check import CodeAgreement, TileCheck, agreement_by_layer
from xbar_circuit.accelerator.usual import usual_accelerator
from xbar_circuit.accelerator.wire_aware import WireAware, wire_aware

__all__ = [
    "Accelerator",
    "Budget",
    "Chip",
    "CodeAgreement",
    "Cost",
    "ImportedSettings",
    "InferenceSettings",
    "LayerCost",
    "LayerPlan",
    "Mapping",
    "TileCheck",
    "TilePlan",
    "WireAware",
    "agreement_by_layer",
    "calibrate_readout",
    "effective_network",
    "effective_weights",
    "from_aihwkit",
    "from_crosssim",
    "map_network",
    "program",
    "read_settings",
    "usual_accelerator",
    "wire_aware",
]
