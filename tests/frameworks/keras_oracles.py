"""Keras' own networks, counted from the shapes of their kernels and of the maps between their layers."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import prod
from typing import Any
from unittest import mock

from counts import Count, Layer

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras

NETWORKS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "keras:MobileNet": ("MobileNet", {}, True),
    "keras:MobileNetV2": ("MobileNetV2", {}, True),
    "keras:MobileNetV3Large": ("MobileNetV3Large", {}, True),
    "keras:MobileNetV3Small": ("MobileNetV3Small", {}, True),
    "keras:MobileNetV3LargeMinimalistic": ("MobileNetV3Large", {"minimalistic": True}, True),
    "keras:MobileNetV3SmallMinimalistic": ("MobileNetV3Small", {"minimalistic": True}, True),
    "keras:NASNetMobile": ("NASNetMobile", {}, False),
    **{f"keras:EfficientNetB{n}": (f"EfficientNetB{n}", {}, False) for n in range(8)},
    **{
        f"keras:EfficientNetV2{size}": (f"EfficientNetV2{size}", {}, False)
        for size in ("B0", "B1", "B2", "B3", "S", "M", "L")
    },
    "keras:InceptionV3": ("InceptionV3", {}, False),
    "keras:VGG16": ("VGG16", {}, False),
    "keras:VGG19": ("VGG19", {}, False),
    "keras:DenseNet121": ("DenseNet121", {}, False),
    "keras:DenseNet169": ("DenseNet169", {}, False),
    "keras:ConvNeXtTiny": ("ConvNeXtTiny", {}, False),
    "keras:Xception": ("Xception", {}, False),
    "keras:ResNet50": ("ResNet50", {}, False),
    "keras:ResNet50V2": ("ResNet50V2", {}, False),
}


def count_keras(model: Any) -> Count:
    """Counts a Keras network from its kernels and the maps between its layers.

    A kernel is applied once to every position of the map it gives, so its share is positions x its elements,
    whatever its groups or multiplier are.
    """
    layers: list[Layer] = []
    stats = 0
    for layer in _flat(model.layers):
        kind = keras.layers
        if isinstance(layer, kind.SeparableConv2D):
            kernels = [layer.depthwise_kernel, layer.pointwise_kernel]
        elif isinstance(layer, kind.Conv2D | kind.DepthwiseConv2D | kind.Dense):
            kernels = [layer.kernel]
        else:
            stats += sum(prod(w.shape) for w in layer.non_trainable_weights if "moving_" in w.path)
            known = isinstance(layer, kind.BatchNormalization | kind.LayerNormalization | kind.Normalization)
            known = known or not layer.weights or type(layer).__name__ == "LayerScale"  # ConvNeXt's own class
            assert known, f"{layer.name} ({type(layer).__name__}) has weights that this oracle does not know"
            continue
        shape = layer.output.shape
        size = (1, 1) if len(shape) == 2 else (int(shape[1]), int(shape[2]))
        for kernel in kernels:
            window = (1, 1) if len(kernel.shape) == 2 else (int(kernel.shape[0]), int(kernel.shape[1]))
            given, taken = int(kernel.shape[-1]), int(kernel.shape[-2])
            groups = int(getattr(layer, "groups", 1))
            if kernel is getattr(layer, "depthwise_kernel", None) or isinstance(layer, kind.DepthwiseConv2D):
                groups, given = taken, taken * given
            else:
                taken *= groups
            elements = prod(int(n) for n in kernel.shape)
            layers.append(Layer(layer.name, taken, given, size, window, groups, prod(size) * elements, elements))
    params = sum(prod(w.shape) for w in model.trainable_weights)
    return Count(
        sum(layer.mult_adds for layer in layers),
        params,
        params + stats,
        sum(layer.weights for layer in layers),
        tuple(layers),
    )


def _flat(layers: list[Any]) -> Iterator[Any]:
    """The layers of a network, those of its chains in their place."""
    for layer in layers:
        if isinstance(layer, keras.Sequential):
            yield from _flat(layer.layers)
        else:
            yield layer


@contextmanager
def _nasnet_on_torch() -> Iterator[None]:
    """Keras refuses to build NASNet on its PyTorch backend, for what happens when it runs; here it is never run."""
    nasnet = importlib.import_module("keras.src.applications.nasnet")
    willing = mock.Mock(wraps=nasnet.backend)
    willing.backend.side_effect = lambda: "any"
    with mock.patch.object(nasnet, "backend", willing):
        yield


@lru_cache(maxsize=64)
def count_network(name: str, alpha: float, resolution: int | tuple[int, int]) -> Count:
    application, options, widths = NETWORKS[name]
    assert widths or alpha == 1, "this network has no width multiplier"
    height, width = (resolution, resolution) if isinstance(resolution, int) else resolution
    if widths:
        options = options | {"alpha": alpha}
    with _nasnet_on_torch():
        model = getattr(keras.applications, application)(weights=None, input_shape=(height, width, 3), **options)
    count = count_keras(model)
    keras.utils.clear_session()
    return count
