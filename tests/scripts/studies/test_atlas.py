"""Predictions of others on a toy layer: what the table says comes out again."""

from __future__ import annotations

import re
from math import inf
from typing import Any

import pytest

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.studies import atlas
from scripts.survey.results.atlas import ROUNDING, facts, medians

DONE = atlas.TABLE.done()


@pytest.mark.long
def test_every_row_of_the_table_comes_out_again() -> None:
    for where, make in atlas.TABLE.due({}):
        for row, committed in zip(make(), DONE[where], strict=True):
            for end in ("median", "least", "most"):
                now, then = float(row[end]), float(committed[end])
                assert row["measure"] == committed["measure"]
                assert max(now, then) < ROUNDING or now == pytest.approx(then, rel=2e-3), where


def test_what_is_predicted_fails_where_a_condition_is_broken() -> None:
    apart = {arm: medians("X.1")[arm]["apart"] for arm in atlas.ARMS}
    for arm, settings in atlas.ARMS.items():
        low, high = (0.005, inf) if "broken" in settings else (-inf, ROUNDING)
        assert low < apart[arm] < high
    assert medians("X.7")["SGD 0.01"]["gain"] < 0.01 < 1 < medians("X.7")["uneven rows"]["gain"]


def test_the_page_has_every_prediction() -> None:
    assert {f.table for f in facts()} == {where[0] for where in DONE}
    text = (ROOT / "docs/findings/predictions.md").read_text("utf-8")
    assert {*re.findall(r"<summary>X\.(\d+) ", text)} == {str(i) for i in range(1, 12)}


def test_dimensions_are_those_of_the_formulas() -> None:
    (m, n), r = atlas.SHAPE, 8
    known = {"lora": r * (m + n - r), "hra": n * r - r * (r + 1) // 2, "loha": 2 * 4 * (m + n)}
    known["loha"] -= 2 * 4**2 + m + n - 1
    for slug, dimension in known.items():
        cls: Any = load(slug)
        _, W, rng = atlas.fresh(slug, atlas.SHAPE)
        start = cls.init(W, rng, rank=4 if slug == "loha" else r)
        assert atlas.dimensions(start, W, rng)["dimension"] == [dimension]
