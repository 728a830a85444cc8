"""Makes the int8 files of ``tests/memory/tflite``: Keras' own MobileNets, converted by TensorFlow, at some alphas and resolutions.

    pip install '.[tflm]' && python -m tests.memory.make_tflite

Weights are constant, so that a file packs to a few kilobytes; a plan of memory does not depend on them. They are chosen so
that activations neither vanish nor grow, since a converter scales by what it sees. ``heads.json`` says with which
versions the files were made, and the arena head that the interpreter then printed.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "tflite"
CLASSES = 10
POINTS = [
    ("mobilenet_v1_keras", "0.25", 96), ("mobilenet_v1_keras", "0.25", 224), ("mobilenet_v1_keras", "0.5", 160),
    ("mobilenet_v1_keras", "0.75", 128), ("mobilenet_v1_keras", "1", 192), ("mobilenet_v1_keras", "1", 224),
    ("mobilenet_v2", "0.1", 96), ("mobilenet_v2", "0.35", 96), ("mobilenet_v2", "0.35", 224), ("mobilenet_v2", "0.5", 160),
    ("mobilenet_v2", "0.75", 192), ("mobilenet_v2", "1", 128), ("mobilenet_v2", "1", 224), ("mobilenet_v2", "1.4", 224),
    ("mobilenet_v3_large_keras", "0.35", 128), ("mobilenet_v3_large_keras", "0.75", 160), ("mobilenet_v3_large_keras", "0.75", 224),
    ("mobilenet_v3_large_keras", "1", 96), ("mobilenet_v3_large_keras", "1", 224),
    ("mobilenet_v3_small_keras", "0.5", 96), ("mobilenet_v3_small_keras", "0.75", 192), ("mobilenet_v3_small_keras", "1", 160),
    ("mobilenet_v3_small_keras", "1", 224), ("mobilenet_v3_large_minimalistic", "0.5", 128),
    ("mobilenet_v3_large_minimalistic", "1", 224), ("mobilenet_v3_small_minimalistic", "1", 224), ("efficientnet_b0", "1", 96),
    ("efficientnet_b0", "1", 224), ("pooled", "1", 8),
]  # fmt: skip
"""Table, alpha, resolution: multiples of 32, where no convolution needs padding of its own."""


def build(table: str, alpha: str, resolution: int) -> Any:
    """The network of Keras that the table describes, for one image, with constant weights."""
    import keras

    if table == "pooled":  # where a kernel's scratch is part of the peak
        image = keras.Input(batch_shape=(1, resolution, resolution, 64))
        vector = keras.layers.GlobalAveragePooling2D()(image)
        return keras.Model(image, keras.layers.Dense(CLASSES)(vector))
    makers: dict[str, Any] = {
        "efficientnet_b0": (keras.applications.EfficientNetB0, {}),
        "mobilenet_v1_keras": (keras.applications.MobileNet, {}),
        "mobilenet_v2": (keras.applications.MobileNetV2, {}),
        "mobilenet_v3_large_keras": (keras.applications.MobileNetV3Large, {"include_preprocessing": False}),
        "mobilenet_v3_small_keras": (keras.applications.MobileNetV3Small, {"include_preprocessing": False}),
        "mobilenet_v3_large_minimalistic": (keras.applications.MobileNetV3Large, {"include_preprocessing": False, "minimalistic": True}),
        "mobilenet_v3_small_minimalistic": (keras.applications.MobileNetV3Small, {"include_preprocessing": False, "minimalistic": True}),
    }  # fmt: skip
    make, more = makers[table]
    image = keras.Input(batch_shape=(1, resolution, resolution, 3))
    width = {} if table == "efficientnet_b0" else {"alpha": float(alpha)}
    found = make(input_tensor=image, weights=None, classes=CLASSES, **width, **more)
    for layer in found.layers:
        values = {weight.name: weight for weight in layer.weights}
        for name, weight in values.items():
            shape = tuple(weight.shape)
            if "kernel" in name:
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
                inputs = shape[0] * shape[1] * (1 if depthwise else shape[2]) if len(shape) == 4 else shape[0]
                weight.assign(weight * 0 + 1 / inputs)
            elif name == "bias":  # logits of some range, which softmax's scale needs
                weight.assign(keras.ops.linspace(-4.0, 4.0, shape[0]))
            elif name != "count":
                weight.assign(weight * 0 + ("mean" not in name))
    return found


def convert(network: Any) -> bytes:
    """The network in int8, inputs and outputs too."""
    import numpy as np
    import tensorflow as tf

    generator = np.random.default_rng(0)
    image = generator.random(network.input_shape, dtype=np.float32)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: iter([[image]])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def main() -> None:
    """Make the files that are not there yet, one process each, and print the versions."""
    FOLDER.mkdir(exist_ok=True)
    if len(sys.argv) == 4:
        table, alpha, resolution = sys.argv[1], sys.argv[2], int(sys.argv[3])
        packed = gzip.compress(convert(build(table, alpha, resolution)), mtime=0)
        (FOLDER / f"{table}_{alpha}_{resolution}.tflite.gz").write_bytes(packed)
        return
    for table, alpha, size in POINTS:
        if not (FOLDER / f"{table}_{alpha}_{size}.tflite.gz").exists():
            subprocess.run([sys.executable, "-m", "tests.memory.make_tflite", table, alpha, str(size)], check=True)
    from tests.memory.interpreter import head_of

    heads = {
        f"{table}_{alpha}_{size}": head_of(FOLDER / f"{table}_{alpha}_{size}.tflite.gz")
        for table, alpha, size in POINTS
    }
    made = {name: version(name) for name in ("tensorflow-cpu", "keras", "tflite-micro")}
    text = json.dumps({"made_with": made, "arena_head": heads}, indent=1)
    (FOLDER / "heads.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
