"""Second opinions: the networks that Keras, torchvision and timm really build, counted by their own means.

Nothing here knows a formula of mbcost. A network is built without pretrained weights, PyTorch's on the meta
device, and is asked for its tensors:

- a PyTorch network is counted twice, by `torch.utils.flop_counter.FlopCounterMode` (halved: it counts a
  multiplication and an addition as two) and by hooks on its convolutions and linear layers; the two must agree;
- a Keras network is counted from the shapes of its kernels and of the maps that its layers give.

Mult-adds are the multiplications of convolutions and linear layers, biases left out.
"""

from __future__ import annotations

import keras_oracles
import torch_oracles
from counts import Count


def names() -> list[str]:
    """The networks that `oracle` can build, as `framework:network`."""
    return [*torch_oracles.NETWORKS, *keras_oracles.NETWORKS]


def oracle(name: str, alpha: float = 1.0, resolution: int | tuple[int, int] = 224) -> Count:
    """The exact cost of the network that a framework builds for this width and resolution."""
    if name in keras_oracles.NETWORKS:
        return keras_oracles.count_network(name, float(alpha), resolution)
    return torch_oracles.count_torch(torch_oracles.network(name, float(alpha)), resolution)
