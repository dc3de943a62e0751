"""Every verdict, computed again from `catalog.json` alone by the rule's second program."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.catalog.second_reader import Unit, sums, verdict, weight

pytestmark = pytest.mark.site
SITE = Path(os.environ.get("SITE", Path(__file__).parents[3] / "site"))


def unit(given: dict[str, Any]) -> Unit:
    names = ("dimension", "source", "source", "finding", "run_by", "strength")
    dimension, source, *rest = (given[name] for name in names)
    return Unit(dimension, source.split(",")[0], *rest)


def changed(dimension: str, units: list[Unit]) -> dict[str, str]:
    word, _ = verdict(dimension, units, unread=False)
    keys = {u.source for u in units}
    left = {key: [u for u in units if u.source != key] for key in keys}
    others = {f"without {k}": verdict(dimension, rest, False)[0] for k, rest in left.items()}
    return {how: other for how, other in others.items() if other != word}


def test_all_verdicts_follow_from_the_evidence_in_catalog_json() -> None:
    data = json.loads((SITE / "catalog.json").read_text("utf-8"))
    worth = {d: about["points"] for d, about in data["dimensions"].items()}
    seen = 0
    for method in data["methods"]:
        audit = method["audit"]
        for dimension, stated in (audit["dimensions"] if audit else {}).items():
            told = [u for u in method["evidence"] if u["dimension"] == dimension]
            units = list(map(unit, told))
            assert [u["weight"] for u in told] == [weight(u) for u in units]
            where = (method["slug"], dimension)
            found = tuple(map(float, sums(dimension, units)))
            assert found == pytest.approx((stated["for"], stated["against"]), abs=1e-3), where
            assert "override" not in stated, where
            unread = audit["main_paper"] == "not read" and dimension != "WA"
            assert unread or changed(dimension, units) == stated["changes"], where
            expected = verdict(dimension, units, unread)
            assert expected == (stated["verdict"], stated["leaning"]), where
            seen += 1
        if audit:
            for word in ("confirmed", "reported", "contested"):
                points = [worth[d] for d, v in audit["dimensions"].items() if v["verdict"] == word]
                assert audit[word] == sum(points), (method["slug"], word)
    assert seen == 31 * 6
