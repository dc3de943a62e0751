"""Cells of the table of what methods explain; the whole table is computed by hand."""

import numpy as np
import pytest

from adapters_np.core import load
from demos.budget import best, best_of_rank, choose
from demos.fit import fit, last
from demos.lab import weight
from demos.worlds import change
from scripts.studies.explained import cell, methods


def test_a_cell_has_the_shares_at_one_two_and_four_ranks() -> None:
    assert cell("ia3", "rows") == [1, 1, 1]
    assert cell("svft", "spectrum") == [1, 1, 1]


def test_a_method_without_so_small_a_setting_has_no_share() -> None:
    """QGOFT has four numbers for each of 31 pairs; one LoRA rank has 64."""
    one, two, four = cell("qgoft", "pairs")
    assert one is None
    assert two == four
    assert two is not None


@pytest.mark.parametrize("world", ["few", "turn"])
def test_lora_explains_what_the_best_change_of_its_rank_does(world: str) -> None:
    bound = best_of_rank(change(world, weight()))
    assert cell("lora", world) == pytest.approx([bound[r] for r in (1, 2, 4)], abs=2e-3)


def test_the_best_setting_is_no_worse_than_the_first() -> None:
    """DeLoRA's default takes its random start away; the other form has nothing to make up for."""
    W, D = weight(), change("mix", weight())
    setting, end = best(load("delora"), W, D, 130)
    first = choose(load("delora"), W, 130)[0]
    default = load("delora").init(W, np.random.default_rng(1), **first.knobs)
    assert setting.knobs["zero_start"]
    assert end.error < last(fit(default, W, D)).error - 0.05


def test_all_methods_with_another_weight_take_part() -> None:
    assert {"lora", "oft", "ia3"} <= set(methods())
    assert not {"reft", "prefix_tuning", "xlora"} & set(methods())
