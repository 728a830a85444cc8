"""Keras builders with a width argument: the imported table against their kernels and maps, at points that took no part in it."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from keras_oracles import count_network, keras

import mbcost
from mbcost.errors import MbcostError
from mbcost.importers import Source, raised, tracer
from mbcost.importers.graph import read_graph
from mbcost.importers.live import import_builder

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small"])
def test_a_builder_is_its_table_at_every_alpha_and_size(name: str) -> None:
    """Of the first a padding is the same at every size; the second computes it from the size that it is built for."""
    options = {"minimalistic": True} if "V3" in name else {}
    with keras.device("meta"):
        found = import_builder(getattr(keras.applications, name), vary="alpha", weights=None, **options)
    draw = random.Random(name)
    points = [(Fraction(draw.randrange(10, 240), 100), 2 * draw.randrange(32, 140) + odd) for odd in (0, 1)]
    for alpha, side in points:
        with keras.device("meta"):
            built = count_network(f"keras:{name}{'Minimalistic' if options else ''}", float(alpha), side)
        cost = found.network.cost(alpha=alpha, resolution=side)
        assert (alpha, side, cost.mult_adds, cost.params) == (alpha, side, built.mult_adds, built.params)
    assert found.remarks == ()
    assert ("[0, 1, 0, 1]" in found.text) == (name == "MobileNet")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
def test_a_file_of_keras_is_what_was_saved(tmp_path: Path) -> None:
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x)))
    model = keras.Model(image, keras.layers.Dense(4)(x))
    for name in ("net.keras", "net.h5"):
        path = str(tmp_path / name)
        model.save(path)
        document = tracer.Session(path, None, {}).answer({}, [[[3, 32, 32]], [[3, 33, 33]]])
        found = raised(read_graph(json.loads(json.dumps(document))), Source(path, {}, [[3, 32, 32]]))
        rows = [(row.kind, row.mult_adds, row.params) for row in found.network.cost().rows]
        assert rows == [("conv", 256 * 216, 232), ("global_pool", 0, 0), ("linear", 32, 36)]
        assert found.network.cost(resolution=33).mult_adds == 17 * 17 * 216 + 32


def builder(classes: int = 4, weights: str | None = "imagenet", input_shape: tuple[int, ...] | None = None) -> Any:
    """As Keras's own: its padding is that of the size it is told, and it would download weights."""
    assert weights is None, "weights are not needed"
    side = (input_shape or (224, 224, 3))[0]
    image = keras.Input(input_shape or (224, 224, 3))
    x = keras.layers.ZeroPadding2D(((1, 1), (0, 1)) if side % 2 else ((0, 1), (0, 1)))(image)
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.Conv2D(2, 3, strides=2)(x)))


def test_a_builder_that_takes_a_size_is_told_it_and_needs_no_weights() -> None:
    session = tracer.Session("keras_nets:builder", None, {})
    session.target = builder
    document = session.answer({"classes": 5}, [[[3, 32, 32]], [[3, 33, 33]]])
    assert [trace["values"][0] for trace in document["traces"]] == [[1, 32, 32, 3], [1, 33, 33, 3]]
    assert [trace["nodes"][0]["padding"][1:3] for trace in document["traces"]] == [[[0, 1], [0, 1]], [[1, 1], [0, 1]]]


def test_an_input_that_the_model_does_not_take_is_named() -> None:
    image = keras.Input((32, 32, 1))
    model = keras.Model(image, keras.layers.Conv2D(2, 3)(image))
    with pytest.raises(MbcostError, match="it takes 1x32x32, not 3x224x224"):
        mbcost.from_module(model)
