"""Shipped tables of published networks that no library builds, against twins of them written in Keras."""

from __future__ import annotations

import keras_twins
import pytest
from keras_oracles import count_keras, keras
from test_shipped_tables import differences

import mbcost

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize(
    ("table", "size"), [(table, size) for table, (_, sizes, _) in keras_twins.KERAS.items() for size in sizes]
)
def test_a_table_is_its_twin_in_keras(table: str, size: keras_twins.Size) -> None:
    build, _, published = keras_twins.KERAS[table]
    model = build(size)
    network = mbcost.load(table)
    cost = network.cost(resolution="{}x{}".format(*size))
    assert differences(cost, count_keras(model)) == {}
    assert model.count_params() == published == network.cost(convention="keras").params
    keras.utils.clear_session()
