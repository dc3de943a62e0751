"""Cells of the table of what methods explain; the whole table is computed by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from adapters_np.budget import best, best_of_rank, choose
from adapters_np.core import load
from adapters_np.fit import fit, last
from demos.lab import TARGETS, weight
from demos.worlds import change
from scripts.stored.lab import read_study
from scripts.studies.explained import cell, methods, run, teacher, teachers

pytestmark = pytest.mark.long


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


def test_a_broken_run_goes_on_where_it_was(tmp_path: Path) -> None:
    out = tmp_path / "explained.jsonl"
    cells = [("ia3", "rows", False), ("ia3", "ia3", True), ("svft", "spectrum", False)]
    run(out, cells=cells[:2])
    whole = out.read_text()
    assert [json.loads(text)["found"][0][0] for text in whole.splitlines()[1:]] == [1, 1]
    out.write_text(whole[:-20])  # broken within a line
    run(out, cells=cells)
    lines = out.read_text().splitlines()
    assert lines[:2] == whole.splitlines()[:2]
    rows = [json.loads(text) for text in lines[1:]]
    assert [(r["method"], r.get("world"), r.get("teacher")) for r in rows] == [
        ("ia3", "rows", None),
        ("ia3", None, "ia3"),
        ("svft", "spectrum", None),
    ]


def test_of_the_real_change_a_method_explains_what_it_explains_of_its_control() -> None:
    _, rows = read_study()
    shares = {(r["method"], r["world"]): r["found"][1] for r in rows if "world" in r}
    for slug in methods():
        real, control = shares[slug, "real"], shares[slug, "control"]
        assert (real is None) == (control is None)
        assert real is None or abs(real[0] - control[0]) < 0.06, slug


def test_a_table_of_other_budgets_is_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "explained.jsonl"
    out.write_text('{"size": [64, 64]}\n')
    with pytest.raises(ValueError, match="remove it to begin"):
        run(out, cells=[])


def test_the_committed_table_has_every_cell_and_agrees_with_what_is_computed() -> None:
    head, rows = read_study()
    found = {(r["method"], r.get("world"), r.get("teacher")): r["found"] for r in rows}
    worlds = {(m, w, None) for m in methods() for w in TARGETS}
    assert set(found) == worlds | {(m, None, t) for m in teachers() for t in teachers()}
    assert head["teachers"] == json.loads(json.dumps({slug: teacher(slug) for slug in teachers()}))
    for slug, world in (("ia3", "pairs"), ("lora", "turn"), ("miss", "kronecker"), ("oft", "real")):
        stored = [f and f[0] for f in found[slug, world, None]]
        assert cell(slug, world) == pytest.approx(stored, abs=2e-3)
