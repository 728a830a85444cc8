"""What a framework's network costs, in the words in which it is compared."""

from __future__ import annotations

from typing import NamedTuple


class Layer(NamedTuple):
    """One convolution or linear layer with weights, as the framework built and ran it."""

    name: str
    in_channels: int
    out_channels: int
    output: tuple[int, int]
    kernel_size: tuple[int, int]
    groups: int
    mult_adds: int
    weights: int


class Count(NamedTuple):
    """What one network costs; `params` are the trained ones, `params_with_stats` add BN's running vectors."""

    mult_adds: int
    params: int
    params_with_stats: int
    weights: int
    layers: tuple[Layer, ...]

    @property
    def norm_stats(self) -> int:
        """Running means and variances."""
        return self.params_with_stats - self.params
