"""Predictions of others on a toy layer: what the table says comes out again, and could fail."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import WeightAdapter, load, perturbed, slugs
from adapters_np.fit import fit, last
from scripts.bootstrap import ROOT
from scripts.studies import atlas, axes
from scripts.studies.rows import read
from scripts.survey.results.atlas import TABLE, facts, medians

ROUNDING = 1e-9
SAME = 0.999
"""The share of a change from which on a fit has found it."""

ALL = {"any basis", "rotation", "gains", "order"}


@pytest.mark.parametrize("arm", atlas.ARMS)
def test_lora_plus_is_lora_until_a_condition_is_broken(arm: str) -> None:
    settings = atlas.ARMS[arm]
    apart = atlas.plus(0, **settings)["apart"]
    if "broken" in settings:
        assert apart > 0.005
    elif settings["ratio"] == 16:
        assert apart == 0  # to the bit: multiplying by a power of two rounds nothing
    else:
        assert apart < ROUNDING


def test_a_change_of_rank_one_takes_as_many_kronecker_terms_as_predicted() -> None:
    terms, left = atlas.kronecker()
    assert set(terms.values) == {0}
    assert max(left.values) < ROUNDING


def test_the_same_blocks_reach_nothing_new_and_others_do() -> None:
    first, last, drift = atlas.restarted(0, moved=False).values()
    assert abs(last - first) < ROUNDING
    assert drift < ROUNDING
    first, last, drift = atlas.restarted(0, moved=True).values()
    assert last > first + 0.02
    assert drift > 0.1
    assert list(atlas.lora_restarted(0).values()) == [1, 6]


def test_gains_follow_the_closed_form_from_even_rows_and_not_from_others() -> None:
    even = atlas.run(0, 0.01)
    assert even["gain"] < 0.01
    assert even["crossing"] == pytest.approx(1, abs=0.01)
    assert atlas.run(0, 0.01, lean=2)["gain"] > 1


def test_what_stays_under_a_flow_moves_with_the_step_and_as_predicted() -> None:
    small, large = atlas.run(0, 0.01), atlas.run(0, 0.1)
    assert max(small["identity"], large["identity"]) < ROUNDING
    assert 5 < large["drift"] / small["drift"] < 20  # ten times the step
    adam = atlas.run(0, 0.01, adam=True)
    assert adam["drift"] > 100 * small["drift"]
    assert adam["identity"] > 0.1


def test_changes_merge_better_than_factors() -> None:
    for shared in (True, False):
        of_changes, of_factors = atlas.merging(0, shared, 50).values()
        assert 0 < of_factors < of_changes < 1


def test_three_methods_waste_what_the_prediction_says() -> None:
    found = {slug: medians("axes")[slug] for slug in ("lora", "loha", "vera")}
    wasted = {slug: size["numbers"] - size["dimension"] for slug, size in found.items()}
    m, n = axes.SHAPE
    assert wasted == {"lora": 8**2, "loha": 2 * 4**2 + m + n - 1, "vera": 1}


def test_the_table_has_every_arm_and_the_page_every_prediction() -> None:
    rows = read(TABLE)
    assert {row["arm"] for row in rows if row["prediction"] == "X.1"} == set(atlas.ARMS)
    assert {f.table for f in facts()} == {"X.1", "X.5", "X.6", "X.7", "X.8", "X.9", "X.10", "axes"}
    text = (ROOT / "docs/predictions-of-others.md").read_text("utf-8")
    assert re.findall(r"^### (X\.\d+)", text, flags=re.M) == [f"X.{i}" for i in range(1, 12)]


def test_no_method_with_a_change_of_a_weight_is_forgotten_in_the_table() -> None:
    rows = [(row["prediction"], row["arm"]) for row in read(TABLE)]
    weights = {slug for slug in slugs() if issubclass(load(slug), WeightAdapter)}
    assert {arm for prediction, arm in rows if prediction == "axes"} == weights
    assert {arm for prediction, arm in rows if prediction == "X.10"} == weights - {"c3a"}


def test_dimensions_are_those_of_the_formulas() -> None:
    (m, n), r = axes.SHAPE, 8
    W, rng = axes.weight(axes.SHAPE)
    methods: dict[str, Any] = {slug: load(slug) for slug in ("lora", "hra")}
    found = {
        slug: axes.dimensions(cls.init(W, rng, rank=r), W, rng) for slug, cls in methods.items()
    }
    of_start, of_all, of_two = (
        [found[slug][name] for slug in found]
        for name in ("start dimension", "dimension", "dimension of two cycles")
    )
    assert of_start == [m * r, n * r // 2 - r * (r + 2) // 8]
    assert of_all == [r * (m + n - r), n * r - r * (r + 1) // 2]
    assert of_two[0] == 2 * r * (m + n - 2 * r)


@pytest.mark.parametrize(
    ("slug", "outputs", "inputs"),
    [
        ("lora", ALL, ALL),
        ("mica", {"rotation", "order"}, {"rotation", "order"}),
        ("ia3", {"gains", "order"}, ALL),
        ("oft", ALL, set()),
        ("shira", {"gains"}, {"gains"}),
    ],
)
def test_bases_carry_changes_to_changes(slug: str, outputs: set[str], inputs: set[str]) -> None:
    cls: Any = load(slug)
    for side, expected in enumerate((outputs, inputs)):
        assert {name for name, share in axes.covariant(cls, side) if share > SAME} == expected


@pytest.mark.parametrize(
    ("slug", "cone"),
    [("lora", 1), ("glora", 1), ("unilora", 1), ("pissa", 0), ("oft", 0), ("deft", 0)],
)
def test_a_cone_grows_with_the_arrays_that_double(slug: str, cone: float) -> None:
    W, rng = axes.weight(axes.SHAPE)
    cls: Any = load(slug)
    assert axes.scales(cls.init(W, rng), W, rng) == cone
    assert medians("axes")[slug]["cone"] == cone


def test_a_fit_misses_what_peanut_carries_to_another_basis() -> None:
    W, rng = axes.weight((axes.SIDE, axes.SIDE))
    cls: Any = load("peanut")
    moved = perturbed(cls.init(W, rng, rank=4), rng, 0.5)
    g = axes.bases(rng, axes.SIDE)
    there = replace(moved, A=moved.A @ np.linalg.inv(g["any basis"]), B=g["any basis"] @ moved.B)
    assert np.allclose(there.delta(g["any basis"] @ W), g["any basis"] @ moved.delta(W))
    for right in (g["order"], np.abs(g["gains"])):
        assert np.allclose(moved.delta(W @ right), moved.delta(W) @ right)
    assert not np.allclose(moved.delta(W @ g["gains"]), moved.delta(W) @ g["gains"])


def test_adamss_is_bound_to_the_directions_that_it_reads() -> None:
    W, rng = axes.weight((axes.SIDE, axes.SIDE))
    cls: Any = load("adamss")
    g = axes.bases(rng, axes.SIDE)["any basis"]
    for directions, bound in ((8, True), (16, False)):
        chosen = {"groups": 3, "rank": 2, "directions": directions}
        change = perturbed(cls.init(W, np.random.default_rng(1), **chosen), rng, 0.5).delta(W)
        other = cls.init(W @ g, np.random.default_rng(1), **chosen)
        end = last(fit(other, W @ g, change @ g, steps=200, tol=1e-6, starts=5))
        assert (1 - end.error**2 < SAME) is bound


def test_a_method_that_the_table_has_is_not_computed_again() -> None:
    rows = read(TABLE)
    assert atlas.completed(rows) == rows
    without = [row for row in rows if row["arm"] != "ia3"]
    assert len(without) < len(rows)
    assert atlas.completed(without) == rows
