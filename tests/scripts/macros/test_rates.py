"""Rates that sweeps found, beside LoRA's and full fine-tuning's."""

from __future__ import annotations

import csv
from math import log10

import pytest

from scripts.survey.results import experiment
from scripts.survey.results.experiment import Cell, finals
from scripts.survey.results.rates import BESIDE, POINT, beside, moved, nearest, plain, rates, table
from scripts.survey.sources.providers import facts


def test_the_best_rate_is_the_one_at_which_fresh_seeds_were_run() -> None:
    compared = 0
    for found in table():
        runs = finals(found.method, found.cell)
        if runs:
            assert {run.rate for run in runs.values()} == {found.best}
            compared += 1
    assert compared > 100


def test_the_table_is_what_the_file_says_read_by_hand() -> None:
    with experiment.TABLE.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["method"] == "dora 4" and r["task"] == "prose"]
    tried = [r for r in rows if (r["phase"], r["base"]) == ("sweep", "0")]
    found = rates("dora 4", Cell("prose"))
    assert found
    least = min(tried, key=lambda r: float(r["validation"]))
    assert (found.best, found.tried) == (float(least["rate"]), len(tried))
    shares = {float(r["rate"]): float(r["improvement"]) for r in tried if r["status"] == "done"}
    assert shares[found.low] >= max(shares.values()) - 0.05
    assert shares[found.high] >= max(shares.values()) - 0.05


def test_a_ratio_is_whole_half_decades_and_none_stands_beside_itself() -> None:
    for found in table():
        for other, times in beside(found):
            assert other != found.method
            assert other in BESIDE
            assert 2 * log10(times) == pytest.approx(round(2 * log10(times)), abs=1e-3)


def test_a_further_base_model_has_no_sweep_of_its_own() -> None:
    assert rates("lora 4", Cell(base=1)) is None
    assert rates("lora 4", Cell(steps=1600)) is not None


def test_rates_have_addresses() -> None:
    assert facts().say("rates/code: full, best") == "0.0032"
    times = facts().say("rates/code: lora 4, times full")
    assert float(times) == pytest.approx(3.16, abs=0.05)
    assert "to" in facts().say("rates/code: delora 4, good")


def test_a_range_within_a_point_lies_in_that_within_five() -> None:
    for one in table():
        narrow = rates(one.method, one.cell, POINT)
        assert narrow
        assert narrow.best == one.best
        assert one.low <= narrow.low <= narrow.high <= one.high


def test_a_narrow_range_is_what_the_file_says_read_by_hand() -> None:
    with experiment.TABLE.open(encoding="utf-8", newline="") as file:
        rows = [
            r
            for r in csv.DictReader(file)
            if (r["method"], r["task"], r["phase"], r["batch"], r["steps"], r["width"])
            == ("oft 16", "code", "sweep", "4", "400", "64")
        ]
    shares = {float(r["rate"]): float(r["improvement"]) for r in rows if r["status"] == "done"}
    good = [rate for rate, share in shares.items() if share >= max(shares.values()) - 0.01]
    narrow = rates("oft 16", Cell(), POINT)
    assert narrow
    assert (narrow.low, narrow.high) == (min(good), max(good))


def test_who_stands_beside_which_rank() -> None:
    found = {one.method: nearest(one) for one in plain()}
    assert (found["ia3"], found["oft 16"], found["dora 16"]) == ("lora 1", "lora 4", "lora 16")
    assert all("," not in name for name in found)


def test_what_moved_has_several_cells_on_one_text() -> None:
    found = dict(moved())
    assert {cell.batch for cell in found["lora 4"]} == {1, 4, 16}
    assert all(len(cells) > 1 and {c.task for c in cells} == {"code"} for cells in found.values())
