"""Write the files in this folder; needs torch and onnxscript."""

import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (as torch's own examples)
from torch import nn

HERE = Path(__file__).parent


class Block(nn.Module):
    """Inverted residual with squeeze and excitation, as in MobileNetV3."""

    def __init__(self, channels, wide, kernel=3, stride=1):
        super().__init__()
        pad = {"stride": stride, "padding": kernel // 2, "groups": wide, "bias": False}
        self.expand = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.Hardswish()
        )
        self.depth = nn.Sequential(
            nn.Conv2d(wide, wide, kernel, **pad), nn.BatchNorm2d(wide), nn.ReLU6()
        )
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            *(nn.Conv2d(wide, 4, 1), nn.ReLU(), nn.Conv2d(4, wide, 1), nn.Hardsigmoid()),
        )
        self.project = nn.Sequential(
            nn.Conv2d(wide, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )
        self.residual = stride == 1

    def forward(self, x):
        y = self.depth(self.expand(x))
        y = self.project(y * self.gate(y))
        return x + y if self.residual else y


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.PReLU(8)
        )
        self.first, self.second = Block(8, 16), Block(8, 16, 5, 2)
        self.left = nn.Conv2d(8, 4, 3, padding=2, dilation=2)
        self.right = nn.Conv2d(8, 4, 1, groups=2)
        self.head, self.last = nn.Linear(8 * 2 * 2, 12), nn.Linear(12, 5)

    def forward(self, x):
        x = F.max_pool2d(self.first(self.stem(x)), 3, 2, 1, ceil_mode=True)
        x = F.pad(self.second(x), (0, 1, 1, 0))
        x = torch.cat([torch.sigmoid(self.left(x)), torch.tanh(self.right(x))], 1)
        x = F.avg_pool2d(x, 2, 2, 0, count_include_pad=False)
        x = x.permute(0, 2, 3, 1).reshape(x.size(0), -1)
        return F.log_softmax(self.last(F.leaky_relu(self.head(x), 0.1)), dim=1)


class Sound(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv1d(2, 8, 5, stride=2, padding=2)
        self.norm = nn.BatchNorm1d(8)
        self.depth = nn.Conv1d(8, 8, 3, groups=8, padding=1)
        self.last = nn.Linear(8, 4)

    def forward(self, x):
        x = self.depth(F.relu(self.norm(self.wide(x)))) * 0.5 + 1.0
        return torch.softmax(self.last(F.hardswish(F.avg_pool1d(x, 2)).mean(2)), 1)


def trained(module):
    """Give batch normalisations something to fold."""
    for part in module.modules():
        if isinstance(part, (nn.BatchNorm2d, nn.BatchNorm1d)):
            part.running_mean.uniform_(-1, 1)
            part.running_var.uniform_(0.5, 2)
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.5, 0.5)
    return module.eval()


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(3)
    truth = {}
    for name, module, shape, opsets in (
        ("images", trained(Images()), (3, 19, 19), (9, 13)),
        ("sound", trained(Sound()), (2, 32), (11, 20)),
    ):
        x = torch.randn(3, *shape)
        with torch.no_grad():
            truth |= {f"{name}_x": x.numpy(), f"{name}_y": module(x).numpy()}
        for opset in opsets:
            torch.onnx.export(
                module,
                (x[:1],),
                HERE / f"{name}_opset{opset}.onnx",
                opset_version=opset,
                input_names=["input"],
                dynamic_axes={"input": {0: "batch"}} if opset in {11, 13} else None,
                do_constant_folding=opset != 13,
                dynamo=False,
            )
        torch.onnx.export(
            module,
            (x[:2],),
            HERE / f"{name}_dynamo.onnx",
            dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
            external_data=False,
            dynamo=True,
        )
    np.savez_compressed(HERE / "truth.npz", **truth)


if __name__ == "__main__":
    main()
