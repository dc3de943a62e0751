"""Rates that sweeps found, beside LoRA's and full fine-tuning's."""

from __future__ import annotations

import csv
from math import log10

import pytest

from scripts.survey import experiment
from scripts.survey.experiment import Cell, finals
from scripts.survey.providers import facts
from scripts.survey.rates import BESIDE, beside, rates, table


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
    gains = {float(r["rate"]): float(r["gain"]) for r in tried if r["status"] == "done"}
    assert gains[found.low] >= max(gains.values()) - 0.05
    assert gains[found.high] >= max(gains.values()) - 0.05


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
