"""Settings at equal budgets: allowed, within the budget, and not less than could be."""

from typing import Any

import numpy as np
import pytest

from adapters_np.budget import MOST, choose
from adapters_np.core import Adapter, departs, flatten, knobs, load, slugs
from tests.toy import weight

W = weight(32, 32)
BUDGETS = [64, 128, 256]


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_settings_are_allowed_counted_and_within_the_budget(slug: str) -> None:
    for budget in BUDGETS:
        settings = choose(load(slug), W, budget)
        assert 0 < len(settings) <= MOST
        for size, values in settings:
            adapter = load(slug).init(W, np.random.default_rng(0), **values)
            assert flatten(adapter).size == size
            assert size <= budget or len(settings) == 1
            assert all(knobs(load(slug))[name].check(v) == v for name, v in values.items())
            assert not departs(load(slug), values)


def first(slug: str, budget: int) -> dict[str, Any]:
    return choose(load(slug), W, budget)[0].knobs


def test_the_first_setting_has_default_forms_and_spends_the_most() -> None:
    assert first("lora", 128) == {"rank": 2, "alpha": 16.0, "rank_stabilised": False}
    assert first("oft", 128)["block_size"] == 8
    assert first("psoft", 128) | {"rank": 14} == first("psoft", 128)
    assert first("c3a", 128)["block_size"] == 8


def test_all_blocks_and_forms_are_tried_since_families_are_not_nested() -> None:
    tried = [s.knobs for s in choose(load("bone"), W, 128)]
    assert {(k["block_size"], k["form"]) for k in tried} == {
        (b, form) for b in (2, 4) for form in ("column", "row", "additive")
    }


def test_of_two_numbers_in_ranges_only_settings_are_tried_of_which_neither_can_grow() -> None:
    tried = {
        (k["num_vectors"], k["rank"])
        for k in (s.knobs for s in choose(load("vblora"), W, 256))
        if k["vector_length"] == 16
    }
    assert tried
    for h, r in tried:
        assert not any((a, b) != (h, r) and a >= h and b >= r for a, b in tried), (
            f"{h}, {r} is inside another"
        )


def test_a_budget_below_the_smallest_setting_gives_that_one() -> None:
    (only,) = choose(load("lora"), W, 10)
    assert only.size == 64
    assert only.knobs["rank"] == 1


def test_a_weight_that_no_setting_suits_is_refused() -> None:
    cls: type[Adapter] = load("bone")
    with pytest.raises(ValueError, match=r"Bone has no setting for a weight of shape \(3, 3\)"):
        choose(cls, np.eye(3), 100)
