"""Torch networks whose layers compute on the array: trained through its wires, then programmed.

`convert` turns the linear and convolutional layers of a torch network into layers that multiply
with the exact transfer matrix of their tiles: wires, cells and terminals, converters, programming
and read noise. Gradients come from the adjoint network. A converted network has the parameters of
the original under the same names, so checkpoints go both ways. ::

    import xbar_circuit as xc
    import xbar_circuit.torch

    analog = xc.torch.convert(model, accelerator, rng=np.random.default_rng(1))
    ...                                                     # train it as any other network
    chip = xc.torch.program_module(analog, calibration=inputs, rng=np.random.default_rng(2))
    later = chip.at(86400.0)
    later(inputs)                                           # what the chip computes after a day
    plain = later.effective()                               # a plain network with its weights

Needs the extra ``[torch]``.
"""

from xbar_circuit.errors import ModelFileError

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ModelFileError(
        "xbar_circuit.torch: got no package torch, expected it for layers that are the array;"
        " pip install 'xbar_circuit[torch]'"
    ) from error

from xbar_circuit.torch.chip import TorchChip, program_module
from xbar_circuit.torch.conversion import convert, set_ranges
from xbar_circuit.torch.layers import CrossbarConv1d, CrossbarConv2d, CrossbarLinear
from xbar_circuit.torch.transfer import differentiable_transfer
from xbar_circuit.torch.tuning import fine_tune, module_of

__all__ = [
    "CrossbarConv1d",
    "CrossbarConv2d",
    "CrossbarLinear",
    "TorchChip",
    "convert",
    "differentiable_transfer",
    "fine_tune",
    "module_of",
    "program_module",
    "set_ranges",
]
