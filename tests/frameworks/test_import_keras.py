"""Tables imported from Keras, held against the shapes of the kernels that Keras builds."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from keras_oracles import NETWORKS, count_network, keras

from mbcost.errors import MbcostError
from mbcost.importers import Imported, Source, raised, tracer
from mbcost.importers.graph import read_graph

pytestmark = pytest.mark.frameworks


def imported(model: Any, *sizes: int) -> Imported:
    """The table of a Keras model, traced at some sizes."""
    return raised_of(model, *([[3, size, size]] for size in sizes))


def raised_of(model: Any, *shapes: list[list[int]]) -> Imported:
    """The table of a Keras model, traced at some lists of input shapes."""
    document = {
        "schema": tracer.SCHEMA,
        "framework": "keras",
        "versions": {},
        **tracer.KerasModel(keras, model, 10_000).traces(list(shapes)),
    }
    return raised(read_graph(json.loads(json.dumps(document))), Source("keras:model", {}, shapes[0]))


@pytest.mark.parametrize("size", [224, 193, 160])
@pytest.mark.parametrize("name", [name for name in NETWORKS if "NASNet" not in name])
def test_an_application_costs_what_its_kernels_and_maps_say(name: str, size: int) -> None:
    application, options, _ = NETWORKS[name]
    with keras.device("meta"):
        model = getattr(keras.applications, application)(weights=None, input_shape=(size, size, 3), **options)
    cost = imported(model, size).network.cost()
    expected = count_network(name, 1.0, size)
    assert (cost.mult_adds, cost.params) == (expected.mult_adds, expected.params)
    assert cost.exact


class Subclassed(keras.Model):
    """A model whose graph is its code."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)
        self.norm = keras.layers.BatchNormalization()
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.head = keras.layers.Dense(4)

    def call(self, x: Any) -> Any:
        return self.head(self.pool(keras.ops.relu(self.norm(self.conv(x)))))


class Twice(keras.layers.Layer):
    """A layer of the user's own, that calls one layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = keras.layers.Conv2D(3, 3, padding="same", use_bias=False, activation="relu")

    def call(self, x: Any) -> Any:
        return self.conv(self.conv(x))


class Opaque(keras.layers.Layer):
    """A layer that does not run on symbols."""

    def call(self, x: Any) -> Any:
        if not hasattr(x, "device"):
            raise TypeError("data only")
        return x * 2

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def test_a_subclassed_model_is_called_on_symbols() -> None:
    table = imported(Subclassed(), 32, 33)
    assert [row.name for row in table.network.cost().rows] == ["conv_1", "global_pool_1", "classifier"]
    assert table.network.cost(resolution=65).mult_adds == 33 * 33 * 27 * 8 + 32


def test_a_layer_of_ones_own_is_looked_into_and_a_shared_kernel_counts_once() -> None:
    image = keras.Input((32, 32, 3))
    table = imported(keras.Model(image, Twice()(image)), 32, 33)
    rows = [(row.mult_adds, row.params) for row in table.network.cost().rows if row.op != "activation"]
    assert rows == [(81 * 1024, 81), (81 * 1024, 0)]


def test_a_model_in_a_model_is_its_layers() -> None:
    inner = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 1), keras.layers.DepthwiseConv2D(3)])
    image = keras.Input((32, 32, 3))
    table = imported(keras.Model(image, inner(image)), 32)
    assert [row.kind for row in table.network.cost().rows] == ["pointwise", "depthwise"]


def test_a_layer_that_does_not_run_on_symbols_is_not_known() -> None:
    image = keras.Input((32, 32, 3))
    opaque = Opaque()
    table = imported(keras.Model(image, keras.layers.Conv2D(4, 1)(opaque(image))), 32)
    assert not table.network.cost().exact


class Own(keras.layers.Layer):
    """A layer of the user's own: weights of some shapes, and what it does with them and the map."""

    def __init__(self, shapes: list[tuple[int, ...]], does: Callable[..., Any]) -> None:
        super().__init__()
        self.shapes, self.does = shapes, does

    def build(self, _: Any) -> None:
        self.own = [self.add_weight(shape=shape) for shape in self.shapes]

    def call(self, x: Any) -> Any:
        return self.does(x, *self.own)


ops = keras.ops
OWN: dict[str, tuple[list[tuple[int, ...]], Callable[..., Any], list[tuple[str, int, int]]]] = {
    "scale": ([(3,)], lambda x, g: x * g, [("scale", 0, 3)]),
    "computed scale": ([(3,)], lambda x, g: ops.reshape(1 + g, (1, 1, 1, 3)) * x, [("scale", 0, 3)]),
    "scale and bias": ([(3,), (3,)], lambda x, g, b: x * g + b, [("scale", 0, 3), ("custom", 0, 3)]),
    "not used": ([(3,), (7,)], lambda x, g, _: x * g, [("scale", 0, 3), ("custom", 0, 7)]),
    "matmul": ([(3, 5)], ops.matmul, [("pointwise", 1024 * 15, 15)]),
    "tensordot": ([(3, 5)], lambda x, w: ops.tensordot(x, w, 1), [("custom", 1024 * 15, 15)]),
    "einsum": ([(3, 5)], lambda x, w: ops.einsum("bhwc,cd->bhwd", x, w), [("custom", 1024 * 15, 15)]),
    "conv": ([(3, 3, 3, 5)], lambda x, w: ops.conv(x, w, 2, "same"), [("conv", 256 * 135, 135)]),
    "conv of one's own shape": ([(3, 3, 3, 3)], lambda x, w: ops.conv(x, w, padding="same"), [("conv", 1024 * 81, 81)]),
    "standardised": ([(3, 3, 3, 5)], lambda x, w: ops.conv(x, w - ops.mean(w)), [("conv", 900 * 135, 135)]),
    "depthwise": ([(3, 3, 3, 2)], ops.depthwise_conv, [("depthwise", 900 * 54, 54)]),
    "separable": (
        [(3, 3, 3, 2), (1, 1, 6, 7)],
        ops.separable_conv,
        [("depthwise", 900 * 54, 54), ("pointwise", 900 * 42, 42)],
    ),
    "transposed": ([(2, 2, 6, 3)], lambda x, w: ops.conv_transpose(x, w, 2), [("transposed", 1024 * 72, 72)]),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_weights_of_a_layer_of_ones_own_are_in_its_rows(name: str) -> None:
    shapes, does, rows = OWN[name]
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, Own(shapes, does)(image))
    cost = imported(model, 32).network.cost()
    assert [(row.kind, row.mult_adds, row.params) for row in cost.rows] == rows
    assert (cost.exact, cost.params) == (True, model.count_params())


def test_what_is_no_function_of_each_element_is_not_free() -> None:
    image = keras.Input((32, 32, 3))
    for does in (lambda x, w: ops.map(lambda row: row @ w, x), lambda x, w: ops.fft2((x * w[0, 0], x))[0]):
        cost = imported(keras.Model(image, Own([(3, 3)], does)(image)), 32).network.cost()
        assert (cost.exact, cost.params) == (False, 9)


def test_a_recurrent_layer_is_not_known_and_has_its_params() -> None:
    steps = keras.Input((8, 4))
    cost = raised_of(keras.Model(steps, keras.layers.LSTM(6)(steps)), [[4, 8]]).network.cost()
    assert (cost.exact, cost.params) == (False, 4 * 6 * (4 + 6 + 1))


def test_attention_is_its_products_at_every_length() -> None:
    image = keras.Input((8, 8, 12))
    tokens = keras.layers.Reshape((64, 12))(image)
    model = keras.Model(image, keras.layers.MultiHeadAttention(2, 5)(tokens, tokens))
    cost = raised_of(model, [[12, 8, 8]]).network.cost()
    assert (cost.mult_adds, cost.params) == (4 * 64 * 120 + 2 * 10 * 64 * 64, model.count_params())
    assert [row.mult_adds for row in cost.rows if row.kind == "matmul"] == [10 * 64 * 64] * 2


def test_windows_are_not_lost_in_the_batch() -> None:
    def windows(x: Any, w: Any) -> Any:
        x = ops.transpose(ops.reshape(x, (-1, 8, 4, 8, 4, 3)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(ops.matmul(ops.reshape(x, (-1, 16, 3)), w), (-1, 32, 32, 5))

    image = keras.Input((32, 32, 3))
    assert imported(keras.Model(image, Own([(3, 5)], windows)(image)), 32).network.cost().mult_adds == 1024 * 15


def test_a_dot_along_an_axis_costs_what_it_multiplies() -> None:
    image = keras.Input((4, 4, 3))
    tokens = keras.layers.Reshape((16, 3))(image)
    for axis, cost in ((1, 16 * 3 * 3), (2, 16 * 16 * 3)):
        model = keras.Model(image, keras.layers.Dot(axes=axis)([tokens, tokens]))
        assert imported(model, 4).network.cost().mult_adds == cost


class Outputs(keras.Model):
    """Needs to be told that it is not trained, gives a dict, and hides a layer from Keras."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = keras.layers.Conv2D(4, 3)
        self.hidden = partial(keras.layers.Conv2D(2, 1))

    def call(self, x: Any, training: bool) -> Any:
        x = keras.layers.RandomFlip()(x)
        return {"a": self.conv(x), "n": None, "rest": (self.hidden(x), 3)}


def test_outputs_of_every_sort_and_weights_that_keras_does_not_list() -> None:
    table = imported(Outputs(), 32)
    cost = table.network.cost()
    assert (cost.mult_adds, cost.params, cost.exact) == (900 * 108 + 1024 * 6, 112 + 8, True)
    assert "that the model itself does not list" in table.remarks[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
def test_low_ranks_and_integers_have_all_their_params() -> None:
    image = keras.Input((32, 32, 3))
    for change in (lambda layer: layer.enable_lora(2), lambda layer: layer.quantize("int8")):
        layer = keras.layers.Dense(8)
        model = keras.Model(image, layer(image))
        params = model.count_params()
        change(layer)
        cost = imported(model, 32).network.cost()
        assert (cost.mult_adds, cost.params >= params) == (1024 * 24, True)


def test_a_model_is_left_as_it_was() -> None:
    image = keras.Input((8, 8, 3))
    x = keras.layers.Reshape((36, 4))(keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Dropout(0.5)])(image))
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.MultiHeadAttention(2, 4)(x, x) + 1))
    model.layers[-1].trainable = False

    def state() -> list[object]:
        layers = model._flatten_layers()
        nodes = [(len(one._inbound_nodes), len(one._outbound_nodes)) for one in [*layers, *model.operations]]
        variables = [(id(v), v.trainable, v.value.tolist()) for v in model.variables]
        outputs = [id(layer.output) for layer in model.layers]
        return [nodes, variables, outputs, model.to_json(), random.getstate(), torch.get_rng_state().numpy().tobytes()]

    before = state()
    imported(model, 8, 9)
    assert state() == before


def test_nothing_that_a_table_has_is_an_error() -> None:
    image = keras.Input((32, 32, 3))
    with pytest.raises(MbcostError, match="runs nothing that a table has a row for"):
        imported(keras.Model(image, keras.layers.UnitNormalization()(image)), 32)


def test_a_frozen_layer_still_has_its_params() -> None:
    model = Subclassed()
    model.conv.trainable = False
    assert imported(model, 32).network.cost().params == 216 + 16 + 36


def test_a_product_by_letters_is_counted() -> None:
    image = keras.Input((32, 32, 3))
    out = keras.layers.EinsumDense("bhwc,cd->bhwd", output_shape=(32, 32, 5))(image)
    assert imported(keras.Model(image, out), 32).network.cost().mult_adds == 1024 * 15


def test_the_tracer_needs_nothing_of_mbcost() -> None:
    source = importlib.import_module("mbcost.importers.tracer").__file__
    assert source is not None
    with open(source, encoding="utf-8") as file:
        assert "import mbcost" not in file.read().replace("from mbcost.importers.graph", "")
