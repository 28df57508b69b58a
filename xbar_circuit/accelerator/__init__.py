"""Networks on crossbar tiles: the accelerator, mapping, programming, inference.

A few lines of Python run a network of your own::

    from xbar_circuit import accelerator, network
    from xbar_circuit.studies.inference import evaluate

    mine = network.bring("mine.onnx", data="images.npy", labels="labels.npy",
                         calibration="training.npy",
                         normalisation=network.Normalisation(divide=255.0))
    settings = accelerator.read_settings("accelerator.toml")
    print(evaluate(mine.network, mine.test, mine.calibration, settings).mean)
"""

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.drift import compensate
from xbar_circuit.accelerator.inference import Analog, calibrate, prepare
from xbar_circuit.accelerator.mapping import Mapping, map_network
from xbar_circuit.accelerator.programming import ProgrammedNetwork, program
from xbar_circuit.accelerator.settings import Settings, read_settings
from xbar_circuit.accelerator.spot_check import TileCheck, choose_tiles, spot_check
from xbar_circuit.accelerator.wire_aware import WireAware, wire_aware

__all__ = [
    "Accelerator",
    "Analog",
    "Mapping",
    "ProgrammedNetwork",
    "Settings",
    "TileCheck",
    "WireAware",
    "calibrate",
    "choose_tiles",
    "compensate",
    "map_network",
    "prepare",
    "program",
    "read_settings",
    "spot_check",
    "wire_aware",
]
