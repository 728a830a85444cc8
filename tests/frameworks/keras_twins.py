"""Published networks that no library builds, written in Keras from their authors' code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_oracles import keras

Size = tuple[int, int]


def bare(layer: Any, x: Any) -> Any:
    """A layer with its bias, batch norm, and ReLU, as MLPerf Tiny's references write every layer."""
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(layer(x)))


def separable(x: Any, filters: int, stride: int = 1) -> Any:
    """Depthwise 3 x 3 and pointwise, with norms and ReLUs."""
    x = bare(keras.layers.DepthwiseConv2D(3, stride, padding="same"), x)
    return bare(keras.layers.Conv2D(filters, 1), x)


def ds_cnn(size: Size) -> Any:
    """Keyword spotting of MLPerf Tiny; `AveragePooling2D` over half the input, cut off."""
    image = keras.Input((*size, 1))
    x = bare(keras.layers.Conv2D(64, (10, 4), 2, padding="same"), image)
    for _ in range(4):
        x = separable(x, 64)
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D((size[0] // 2, size[1] // 2))(x))
    return keras.Model(image, keras.layers.Dense(12, activation="softmax")(x))


def mobilenet(size: Size) -> Any:
    """Visual wake words of MLPerf Tiny."""
    image = keras.Input((*size, 3))
    x = bare(keras.layers.Conv2D(8, 3, 2, padding="same"), image)
    strided = {32, 64, 128, 256}
    for filters in (16, 32, 32, 64, 64, *[128] * 6, 256, 256):
        x = separable(x, filters, 1 + (filters in strided))
        strided.discard(filters)
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D(x.shape[1:3])(x))
    return keras.Model(image, keras.layers.Dense(2, activation="softmax")(x))


def resnet8(size: Size) -> Any:
    """Image classification of MLPerf Tiny."""
    image = keras.Input((*size, 3))
    x = bare(keras.layers.Conv2D(16, 3, padding="same"), image)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = bare(keras.layers.Conv2D(filters, 3, stride, padding="same"), x)
        y = keras.layers.BatchNormalization()(keras.layers.Conv2D(filters, 3, padding="same")(y))
        if stride > 1:
            x = keras.layers.Conv2D(filters, 1, stride, padding="same")(x)
        x = keras.layers.ReLU()(keras.layers.add([x, y]))
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D(min(x.shape[1:3]))(x))
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


def autoencoder(size: Size) -> Any:
    """Anomaly detection of MLPerf Tiny, which has no map."""
    assert size == (1, 1)
    vector = keras.Input((640,))
    x = vector
    for width in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = bare(keras.layers.Dense(width), x)
    return keras.Model(vector, keras.layers.Dense(640)(x))


# By table: what builds its twin in Keras, the sizes tried, and the params that the network is published with
KERAS: dict[str, tuple[Callable[[Size], Any], tuple[Size, ...], int]] = {
    "mlperf_tiny_ds_cnn": (ds_cnn, ((49, 10), (98, 10), (49, 23)), 24_908),
    "mlperf_tiny_mobilenet_v1": (mobilenet, ((96, 96), (128, 97), (81, 81)), 221_794),
    "mlperf_tiny_resnet8": (resnet8, ((32, 32), (33, 33), (64, 64)), 78_666),
    "mlperf_tiny_autoencoder": (autoencoder, ((1, 1),), 269_992),
}
