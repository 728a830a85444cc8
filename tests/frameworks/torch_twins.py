"""Published networks that no library builds, in PyTorch from their paper or their authors' code."""

from __future__ import annotations

import torch
from torch import nn


def normed(
    into: int, out: int, kernel: int, stride: int = 1, padding: int | None = None, groups: int = 1
) -> nn.Sequential:
    """A convolution without a bias, and its batch norm."""
    around = kernel // 2 if padding is None else padding
    return nn.Sequential(nn.Conv2d(into, out, kernel, stride, around, groups=groups, bias=False), nn.BatchNorm2d(out))


class Bottleneck(nn.Module):
    """MobileFaceNet's, section 3.3: that of MobileNetV2 with PReLU, and the residual where nothing changes."""

    def __init__(self, into: int, out: int, wide: int, stride: int) -> None:
        super().__init__()
        self.same = stride == 1 and into == out
        self.layers = nn.Sequential(
            normed(into, wide, 1), nn.PReLU(wide), normed(wide, wide, 3, stride, groups=wide), nn.PReLU(wide), normed(wide, out, 1)
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.layers(x)
        return x + found if self.same else found


def mobilefacenet() -> nn.Module:
    """arXiv:1804.07573, Table 1."""
    layers = [normed(3, 64, 3, 2), nn.PReLU(64), normed(64, 64, 3, groups=64), nn.PReLU(64)]
    into = 64
    for expansion, out, repeat, stride in (
        (2, 64, 5, 2),
        (4, 128, 1, 2),
        (2, 128, 6, 1),
        (4, 128, 1, 2),
        (2, 128, 2, 1),
    ):
        for number in range(repeat):
            layers.append(Bottleneck(into, out, expansion * into, 1 if number else stride))
            into = out
    layers += [normed(128, 512, 1), nn.PReLU(512), normed(512, 512, 7, padding=0, groups=512), normed(512, 128, 1)]
    return nn.Sequential(*layers)


def double(into: int, out: int) -> nn.Module:
    """Two convolutions with norms and ReLUs."""
    return nn.Sequential(normed(into, out, 3), nn.ReLU(), normed(out, out, 3), nn.ReLU())


class UNet(nn.Module):
    """U-Net as milesial/Pytorch-UNet has it, with transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList([double(into, out) for into, out in zip((3, *widths), widths, strict=False)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(2 * out, out, 2, 2) for out in reversed(widths[:-1])])
        self.join = nn.ModuleList([double(2 * out, out) for out in reversed(widths[:-1])])
        self.classifier = nn.Conv2d(64, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beside = []
        for number, down in enumerate(self.down):
            x = down(nn.functional.max_pool2d(x, 2) if number else x)
            beside.append(x)
        beside.pop()
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([beside.pop(), up(x)], 1))
        return self.classifier(x)


def unet() -> nn.Module:
    """For three channels and two classes."""
    return UNet()
