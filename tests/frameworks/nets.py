"""Small networks of every sort that an importer meets, as users write them. This file is imported as code, by its path."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
import torch.utils.checkpoint
from torch import nn
from torch.nn import functional


class Shared(nn.Module):
    """One convolution called twice, and a classifier tied to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(self.conv(x))
        x = torch.relu(self.conv(x))
        return self.head(x.mean((2, 3)))


class Tied(nn.Module):
    """Two linear layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 16)
        self.second = nn.Linear(16, 16)
        self.second.weight = self.first.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(x)))


def in_place() -> nn.Module:
    """Activations that write over their input."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 4, 1), nn.Hardswish(True)
    )


class Outputs(nn.Module):
    """A dict with a tuple in it: two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3, padding=1)
        self.boxes = nn.Conv2d(8, 4, 1)
        self.scores = nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        x = torch.relu(self.body(x))
        return {"boxes": self.boxes(x), "rest": (self.scores(x),)}


class Checkpointed(nn.Module):
    """A part that is computed again in training."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.utils.checkpoint.checkpoint(self.part, x, use_reentrant=False)


class Own(torch.autograd.Function):
    """A function with a gradient of its own."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, weight)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[Any, Any]:
        return gradient, gradient


class WithFunction(nn.Module):
    """A layer written as an autograd function."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(5, 3, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return Own.apply(x, self.weight)


def weight_norm() -> nn.Module:
    """A weight made of a direction and a length."""
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)), nn.ReLU())


def lstm() -> nn.Module:
    """A recurrent layer over 16 steps."""

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(8, 12, batch_first=True)
            self.head = nn.Linear(12, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.lstm(x)[0][:, -1])

    return Recurrent()


def encoder() -> nn.Module:
    """A transformer's layer, whose fast path hides its operations."""
    return nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, batch_first=True)


class Inner(nn.Module):
    """What is scripted below."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x))


class Scripted(nn.Module):
    """A TorchScript module inside a plain one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.jit.script(Inner())
        self.conv = nn.Conv2d(6, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.inner(x))


def compiled() -> nn.Module:
    """A module wrapped for compilation."""
    return torch.compile(in_place())


class Einsum(nn.Module):
    """A 1 x 1 convolution spelt as a sum of products."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(7, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nchw,oc->nohw", x, self.weight)


def conv1d() -> nn.Module:
    """Convolutions along one axis."""
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, stride=2, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 8, 3, groups=8)
    )


def conv3d() -> nn.Module:
    """Convolutions along three axes."""
    return nn.Sequential(nn.Conv3d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 4, 1))


@torch.library.custom_op("mbcost_tests::mystery", mutates_args=())
def mystery(x: torch.Tensor) -> torch.Tensor:
    """An operation that nobody knows."""
    return x.clone()


@mystery.register_fake
def _(x: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


class Mysterious(nn.Module):
    """A custom operator between two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(mystery(self.first(x)))


class Nonzero(nn.Module):
    """A shape that depends on values."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(x).nonzero().float())


class Branching(nn.Module):
    """A branch on a value."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) if x.sum().item() == 0 else x


def quantised() -> nn.Module:
    """A layer with integer weights."""
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(16, 8), nn.ReLU()), {nn.Linear})


class TwoInputs(nn.Module):
    """An image and a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear, self.head = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Linear(5, 8), nn.Linear(16, 4)

    def forward(self, image: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        image = torch.relu(self.conv(image)).mean((2, 3))
        return self.head(torch.cat([image, torch.relu(self.linear(vector))], 1))


class Lazy(nn.Module):
    """Layers that learn their input's channels when they are first run."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.LazyConv2d(8, 3)
        self.head = nn.LazyLinear(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(x).mean((2, 3)))


class OnCuda(nn.Module):
    """A model that asks for an accelerator."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x.cuda()) + torch.zeros(1, device="cuda")


class Written(nn.Module):
    """A convolution of the first channels, written back into the map (FasterNet's partial convolution)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.part = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.head = nn.Conv2d(16, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x[:, :4] = self.part(x[:, :4].clone())
        return self.head(x)


class Transposed(nn.Module):
    """An encoder and a decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(torch.relu(self.down(x)))


class Unused(nn.Module):
    """A head that this forward leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.extra = nn.Conv2d(3, 4, 3), nn.Linear(9, 9)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class NeedsArguments(nn.Module):
    """A class that cannot be made without an argument."""

    def __init__(self, channels: int, act: str = "relu") -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


a_model = NeedsArguments(6)


def prints() -> nn.Module:
    """A builder that talks, on both streams."""
    print("building")
    print("building", file=sys.stderr)
    return NeedsArguments(4)


def raises() -> nn.Module:
    """A builder that fails."""
    raise ValueError("no weights at example.org")


def exits() -> nn.Module:
    """A builder that ends the process."""
    sys.exit(3)


def hangs() -> nn.Module:
    """A builder that never returns."""
    while True:
        time.sleep(1)


def allocates() -> nn.Module:
    """A builder that takes all the memory there is."""
    kept = []
    while True:
        kept.append(torch.ones(1 << 28, device="cpu"))


def nothing() -> str:
    """A builder of something else."""
    return "a model"


def random_depth() -> nn.Module:
    """A loop without end in forward."""

    class Endless(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            while True:
                x = x + 1

    return Endless()
