"""Studies of a PCM device: curves, statistics of written cells, temperature, published figures."""

from xbar_circuit.studies.device.characterization import DeviceReport, characterize_device
from xbar_circuit.studies.device.temperature import TemperatureReport, temperature_study
from xbar_circuit.studies.device.written_statistics import WrittenStatistics, written_statistics

__all__ = [
    "DeviceReport",
    "TemperatureReport",
    "WrittenStatistics",
    "characterize_device",
    "temperature_study",
    "written_statistics",
]
