"""Small tables the renderers are tried on: the first and last layers of MobileNetV1, and a made-up comparison."""

from fractions import Fraction

import pytest

from mbcost.report import Column, Table


@pytest.fixture
def layers() -> Table:
    mult_adds = (10838016, 3612672, 25690112, 1024000)
    shares = [Fraction(n, sum(mult_adds)) for n in mult_adds]
    return Table(
        title="mobilenet_v1, four layers, alpha 1, resolution 224",
        columns=(
            Column("name", "layer", "name"),
            Column("kind", "kind", "text", 2),
            Column("output", "output", "shape", 3),
            Column("mult_adds", "mult-adds", "count"),
            Column("share", "share", "share", 1),
            Column("params", "params", "count"),
            Column("ratio", "of standard", "ratio", 4),
        ),
        rows=(
            ("conv_1", "convolution", (32, 112, 112), mult_adds[0], shares[0], 928, None),
            ("conv_2/depthwise", "depthwise", (32, 112, 112), mult_adds[1], shares[1], 352, None),
            ("conv_2/pointwise", "pointwise", (64, 112, 112), mult_adds[2], shares[2], 2176, Fraction(73, 576)),
            ("fc", "classifier", (1000, 1, 1), mult_adds[3], shares[3], 1025000, None),
        ),
        total=("total", None, None, sum(mult_adds), 1, 1028456, None),
        notes=("convention torch: mult-adds of convolutions and linear layers, 61.30 % of them above",),
        sections=(1, 3),
    )


@pytest.fixture
def changes() -> Table:
    return Table(
        title="what 50 % & more cost",
        columns=(
            Column("alpha", "alpha", "number"),
            Column("params", "params", "delta"),
            Column("mult_adds", "mult-adds", "percent_change"),
            Column("remark", "remark", "text"),
        ),
        rows=(
            (Fraction(3, 4), 1234, Fraction(213, 10000), "a | b"),
            (Fraction(6, 7), -21888, Fraction(-1, 3), 'the "new" one, _much_ smaller'),
            (1, 0, 0, None),
        ),
    )
