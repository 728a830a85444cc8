"""Arrays of alphas and resolutions: exact, broadcast, and never beyond 63 bits."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mbcost
from mbcost.separated.arrays import factors as factors_module
from mbcost.separated.arrays import grid as array_grid
from mbcost.separated.arrays.factors import FLOAT_LIMIT, Factors
from mbcost.separated.arrays.reading import distinct, outer, rationals

MODELS = ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("alphas", "sizes"),
    [
        (np.array([0.25, 0.5, 1.4]), np.array([96, 224, 225])),
        (np.array([[0.25], [0.35], [1.15]]), np.array([[96, 224, 127]])),
        (np.array([[0.25], [0.35], [1.15]]), np.array([96, 224, 127])),
        (np.array([0.5, 0.5, 1, 0.75, 0.5]), np.array([224, 96, 224, 96, 224])),
        (np.array([0.5, 0.75]), 160),
        ("3/4", np.array([[96, 97], [98, 224]])),
        (np.array(["1/3", "0.75"]), np.array([[[224]], [[96]]])),
        (np.array([Fraction(1, 3)], dtype=object), np.array([224])),
        (np.array([1, 2]), np.array([32, 64], dtype=np.uint16)),
        (np.array([0.35, 0.5], dtype=np.float32), np.array([200, 100])),
    ],
)
def test_cost_broadcasts_and_is_exact(name: str, alphas: Any, sizes: Any) -> None:
    network = mbcost.load(name)
    cost = network.cost(alpha=alphas, resolution=sizes)
    shape = np.broadcast_shapes(np.shape(alphas), np.shape(sizes))
    for quantity in ("mult_adds", "params", "norm_params", "adds"):
        found = cost.total(quantity)
        assert found.shape == shape
        assert found.dtype == np.int64
        for index in np.ndindex(shape):
            alpha, size = (np.broadcast_to(np.array(axis), shape)[index] for axis in (alphas, sizes))
            alpha = Fraction(str(alpha))
            assert found[index] == network.cost(alpha=alpha, resolution=int(size)).total(quantity)


def test_rho_can_be_an_array() -> None:
    network = mbcost.load("mobilenet_v1")
    found = network.cost(alpha=0.75, rho=np.array([1, 0.5]))
    assert found.mult_adds.tolist() == [network.cost(alpha=0.75, rho=rho).mult_adds for rho in ("1", "0.5")]


def test_rows_are_arrays_too() -> None:
    network = mbcost.load("mobilenet_v3_small")
    alphas, sizes = np.array([[0.5], [1.0]]), np.array([100, 224])
    cost = network.cost(alpha=alphas, resolution=sizes)
    assert cost.layers == network.cost().layers
    assert cost.exact
    for i, alpha in enumerate(("0.5", "1")):
        for j, size in enumerate((100, 224)):
            plain = network.cost(alpha=alpha, resolution=size).rows
            wide = {row.name: row for row in cost.rows}
            for row in plain:
                for field in ("mult_adds", "params", "norm_elements", "output_elements"):
                    value = np.broadcast_to(getattr(wide[row.name], field), (2, 2))
                    assert value[i, j] == getattr(row, field), (row.name, field)


@pytest.mark.parametrize("scalar", [np.float64(0.75), np.float32(0.75), np.array(0.75), np.float32(0.35)])
def test_numpy_scalars_are_plain_numbers(scalar: Any) -> None:
    network = mbcost.load("mobilenet_v1")
    cost = network.cost(alpha=scalar, resolution=np.int64(192))
    assert type(cost.mult_adds) is int
    assert cost.mult_adds == network.cost(alpha=str(scalar), resolution=192).mult_adds


def test_a_sum_of_steps_is_not_the_decimal_it_looks_like() -> None:
    """Adding 0.05 nine times gives 0.44999999999999996: an error that names 0.45, not a network one channel short."""
    steps = np.cumsum(np.full(9, 0.05))
    with pytest.raises(mbcost.MbcostError, match=r"0\.15000000000000002 has more than 12 digits"):
        mbcost.load("mobilenet_v1").cost(alpha=steps)
    exact = mbcost.load("mobilenet_v1").cost(alpha=np.arange(1, 10) * 5 / 100, rounding="divisor:8")
    assert exact.mult_adds[8] == mbcost.load("mobilenet_v1").cost(alpha="0.45", rounding="divisor:8").mult_adds


@given(st.lists(st.decimals(min_value="0.0001", max_value=64, places=4), min_size=1, max_size=30))
def test_floats_are_read_as_their_shortest_decimals(values: list[Any]) -> None:
    found = rationals(np.array([float(value) for value in values]))
    assert [found.at(i) for i in range(len(values))] == [Fraction(value) for value in values]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=40))
def test_distinct_values_and_their_indices(values: list[int]) -> None:
    array = np.array(values)
    found, index = distinct(array)
    assert found.tolist() == sorted(set(values))
    assert found[index].tolist() == values


@given(
    st.lists(st.integers(0, 2**31), min_size=1, max_size=6),
    st.lists(st.integers(0, 2**29), min_size=1, max_size=5),
    st.integers(1, 4),
)
def test_products_are_exact_on_both_paths(left: list[int], right: list[int], terms: int) -> None:
    p = [np.array(left) for _ in range(terms)]
    q = [np.array(right) + k for k in range(terms)]
    wanted = [[sum(x * (y + k) for k in range(terms)) for y in right] for x in left]
    factors = Factors(p, q)
    assert (factors.floats is not None) == (sum(max(left) * (max(right) + k) for k in range(terms)) < FLOAT_LIMIT)
    assert factors.product().tolist() == wanted


@pytest.mark.parametrize("largest", [2**52 - 1, 2**52, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1])
def test_products_at_the_edges_of_floats_and_of_63_bits(largest: int) -> None:
    assert Factors([np.array([largest, 1])], [np.array([1])]).product().tolist() == [[largest], [1]]


def test_a_total_of_2_63_is_an_error_and_never_wraps_around() -> None:
    with pytest.raises(mbcost.MbcostError, match=r"below 2\^63"):
        Factors([np.array([2**32, 2**31])], [np.array([2**31])])
    network = mbcost.load("mobilenet_v1")
    with pytest.raises(mbcost.MbcostError, match=r"below 2\^63"):
        _ = network.grid(np.array([64]), np.array([65_536]), batch=1_000_000).mult_adds
    below = network.grid(np.array([64]), np.array([65_536]), batch=40).mult_adds
    assert below.tolist() == [[network.cost(alpha=64, resolution=65_536, batch=40).mult_adds]]
    assert below[0, 0] > 2**62


def test_long_decimals_go_through_python_s_integers() -> None:
    alphas = np.array([63.123456789, 0.123456789])
    table = "format: 1\ninput: {channels: 3, resolution: 8}\nrounding: divisor:8\nlayers: [{op: conv, kernel_size: 1, out_channels: 9999999}]\n"
    network = mbcost.loads(table)
    assert network.cost(alpha=alphas).params.tolist() == [network.cost(alpha=float(alpha)).params for alpha in alphas]


@pytest.mark.parametrize("name", ["shufflenet_v1", "shufflenet_v1_g8"])
def test_alphas_at_which_channels_do_not_divide_are_the_walk_s_errors(name: str) -> None:
    network = mbcost.load(name)
    with pytest.raises(mbcost.MbcostError, match="must be divisible by `groups`") as caught:
        network.cost(alpha=np.array([1, 0.51]))
    with pytest.raises(mbcost.MbcostError) as alone:
        network.cost(alpha=0.51)
    assert str(caught.value) == str(alone.value)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"alpha": np.array([0.5]), "ideal": True}, "idealised costs are fractions"),
        ({"alpha": np.array([0.5]), "rounding": "none"}, "rounding none gives widths that are fractions"),
        ({"rho": np.array([1]), "resolution": np.array([1])}, "rho and a resolution are both given"),
        ({"alpha": np.array([0.5]), "convention": "none"}, "there is no convention"),
        ({"alpha": np.array([])}, "the arrays have no points"),
        ({"rho": np.array([0.001])}, "makes the resolution 0x0"),
        ({"alpha": np.array([0.01])}, "a width of 0 channels"),
    ],
)
def test_questions_that_arrays_cannot_answer(question: dict[str, Any], message: str) -> None:
    with pytest.raises(mbcost.MbcostError) as caught:
        _ = mbcost.load("mobilenet_v1").cost(**question).mult_adds
    assert message in str(caught.value)


def test_arrays_that_do_not_broadcast_say_so() -> None:
    with pytest.raises(mbcost.MbcostError, match="do not broadcast"):
        mbcost.load("mobilenet_v1").cost(alpha=np.array([0.5, 1]), resolution=np.array([96, 128, 224]))


def test_many_points_of_few_networks_and_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one outer grid where that is small enough, else point by point: the same numbers."""
    network = mbcost.load("mobilenet_v2")
    rng = np.random.default_rng(1)
    alphas, sizes = rng.integers(25, 140, 500) / 100, rng.integers(64, 256, 500)
    outer = network.cost(alpha=alphas, resolution=sizes).mult_adds
    monkeypatch.setattr("mbcost.separated.arrays.points.CACHED", 0)
    single = network.cost(alpha=alphas, resolution=sizes).mult_adds
    assert (
        outer.tolist()
        == single.tolist()
        == [network.cost(alpha=float(a), resolution=int(r)).mult_adds for a, r in zip(alphas, sizes, strict=True)]
    )


def test_small_blocks_of_a_product_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factors_module, "BLOCK", 100)
    network = mbcost.load("mobilenet_v1")
    alphas, sizes = np.arange(25, 125) / 100, np.arange(100, 160)
    assert (
        network.grid(alphas, sizes).mult_adds == network.cost(alpha=alphas[:, None], resolution=sizes).mult_adds
    ).all()


def test_numpy_is_not_imported_without_arrays() -> None:
    import subprocess

    code = "import sys, mbcost; mbcost.load('mobilenet_v1').grid(['0.5', 1], [96, 224]).mult_adds; assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.longdouble])
def test_narrow_floats_are_their_own_shortest_decimals(kind: Any) -> None:
    """As a float32, 0.35 is also 0.34999999, and that is one channel less of 320."""
    alphas = np.array([0.35, 0.1235 if kind is np.float16 else 0.12345678], dtype=kind)
    network = mbcost.load("mobilenet_v2")
    found = network.cost(alpha=alphas, rounding="floor").mult_adds
    assert found.tolist() == [network.cost(alpha=float(str(alpha)), rounding="floor").mult_adds for alpha in alphas]
    assert found[0] == network.cost(alpha="0.35", rounding="floor").mult_adds


def test_rhos_of_many_denominators_stay_exact() -> None:
    """Their common denominator is near 2^57, and twice a side times a numerator beyond 2^63."""
    rhos = ["1/3", "1", "1000/7919", "10000/104729", "100000/1299709", "1/41"]
    network = mbcost.load("mobilenet_v1")
    found = network.cost(rho=np.array(rhos, dtype=object)).mult_adds
    assert found.tolist() == [network.cost(rho=rho).mult_adds for rho in rhos]


@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b0"])
def test_the_points_of_a_grid_laid_flat_are_those_of_the_grid(name: str) -> None:
    network = mbcost.load(name)
    alphas, sizes = np.array([0.75, 0.25, 1.4, 0.35]), np.array([224, 96, 100])
    grid = np.array(network.grid(alphas.tolist(), sizes.tolist()).mult_adds)
    for indexing in ("ij", "xy"):
        a, r = np.meshgrid(alphas, sizes, indexing=indexing)
        wanted = grid if indexing == "ij" else grid.T
        cost = network.cost(alpha=a, resolution=r)
        assert (cost.mult_adds == wanted).all()
        assert sum(row.mult_adds for row in cost.rows).tolist() == wanted.tolist()
        assert cost.params.shape == cost.rows[0].params.shape == a.shape
        flat = network.cost(alpha=a.ravel(), resolution=r.ravel())
        assert flat.mult_adds.tolist() == wanted.ravel().tolist()
        assert flat.norm_params.tolist() == cost.norm_params.ravel().tolist()
        by_rho = network.cost(alpha=a.ravel(), rho=np.array([0.5, 1.0])[(r.ravel() > 100) * 1])
        assert by_rho.mult_adds[0] == network.cost(alpha=0.75, rho=1).mult_adds


@settings(max_examples=300)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=12), st.lists(st.integers(0, 2), min_size=2, max_size=12))
def test_a_grid_is_found_only_where_there_is_one(first: list[int], second: list[int]) -> None:
    size = min(len(first), len(second))
    a, b = np.array(first[:size]), np.array(second[:size])
    found = outer(a, b)
    if found is not None:
        x, y = np.broadcast_arrays(*found)
        assert x.ravel().tolist() == a.tolist()
        assert y.ravel().tolist() == b.tolist()


def test_counted_point_by_point_a_total_of_2_63_is_an_error_too() -> None:
    table = "format: 1\ninput: {channels: 3, resolution: 64}\nrounding: floor\nlayers: [{op: conv, kernel_size: 3, out_channels: 64}, {op: flatten}, {op: linear, expansion: 1/3}]\n"
    network = mbcost.loads(table)
    with pytest.raises(mbcost.MbcostError, match=r"below 2\^63"):
        _ = network.cost(alpha=np.array([1, 32]), batch=1_000_000).mult_adds


@pytest.mark.parametrize(("alphas", "sizes"), [(np.array([0.5]), 224), (0.5, np.array([224]))])
def test_a_grid_of_an_array_and_a_number_says_what_is_missing(alphas: Any, sizes: Any) -> None:
    with pytest.raises(mbcost.MbcostError, match="must be a list, not"):
        mbcost.load("mobilenet_v1").grid(alphas, sizes)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 9), st.integers(1, 9), st.sampled_from((1, 2, 3, 128)))
def test_the_largest_of_some_forms_tile_by_tile(data: st.DataObject, alphas: int, sizes: int, tile: int) -> None:
    """Whatever tiles are left out, the largest of all products is found at every point."""
    factor = st.integers(0, 40)

    def arrays(count: int, terms: int) -> list[np.ndarray]:
        drawn = data.draw(st.lists(st.lists(factor, min_size=count, max_size=count), min_size=terms, max_size=terms))
        return [np.array(one, dtype=np.int64) for one in drawn]

    forms = []
    for _ in range(data.draw(st.integers(2, 5))):
        terms = data.draw(st.integers(1, 3))
        forms.append(Factors(arrays(alphas, terms), arrays(sizes, terms)))
    forms.append(Factors(arrays(alphas, 1), [np.ones(sizes, dtype=np.int64)], constant=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(array_grid, "TILE", tile)
        (found,) = array_grid._largest(forms)
    expected = [
        [
            max(sum(int(p[i]) * int(q[j]) for p, q in zip(one.p, one.q, strict=True)) for one in forms)
            for j in range(sizes)
        ]
        for i in range(alphas)
    ]
    assert found.tolist() == expected
