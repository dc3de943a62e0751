"""Every verdict, computed again from `catalog.json` alone, without anything of the project."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.site
SITE = Path(os.environ.get("SITE", Path(__file__).parents[3] / "site"))

Unit = dict[str, Any]


def key(unit: Unit) -> str:
    return str(unit["source"].split(",")[0])


def weigh(unit: Unit) -> int:
    return 1 if unit["strength"] == "weak" else 4 if unit["run_by"] == "independent" else 2


def sums(dimension: str, units: list[Unit]) -> tuple[float, float]:
    votes = defaultdict(list)
    for unit in units:
        votes[key(unit)].append(unit)
    f = a = 0.0
    for ballot in votes.values():
        total = sum(map(weigh, ballot))
        scale = min(1, 2 * max(map(weigh, ballot)) / total)
        side = {s: scale * sum(weigh(u) for u in ballot if u["finding"] == s)
                for s in ("for", "level", "against")}  # fmt: skip
        f += side["for"]
        a += side["against"] + (side["level"] / 2 if dimension == "BL" else 0)
    return round(f, 6), round(a, 6)


def judge(dimension: str, units: list[Unit]) -> tuple[str, str | None]:
    if dimension == "WA":
        n = len(set(map(key, units)))
        words = ["no evidence", "too little", "too little", "contested", "contested", "confirmed"]
        return words[min(n, 5)], "for" if n in (3, 4) else None
    f, a = sums(dimension, units)
    lean = "for" if f and f >= 2 * a - 1e-5 else "against" if a and a >= 2 * f - 1e-5 else None
    if not units:
        return "no evidence", None
    if a >= 2 and a >= 4 * f:
        return "contradicted", None
    if f >= 2 and f >= 4 * a:
        others = [u for u in units if u["finding"] == "for" and u["run_by"] != "authors"]
        full = any(u["strength"] == "full" for u in others)
        two = len(set(map(key, others))) >= 2
        return ("confirmed" if full or two else "reported"), None
    if lean == "against" and f < 2:
        return "against, too little", None
    return ("too little" if f < 2 and a < 2 else "contested"), lean


def unread(found: tuple[str, str | None]) -> tuple[str, str | None]:
    if found[0] == "contradicted":
        return "against, too little", None
    return ("too little", "for") if found[0] in ("confirmed", "reported") else found


def changed(dimension: str, units: list[Unit]) -> dict[str, str]:
    word = judge(dimension, units)[0]
    left = {k: [u for u in units if key(u) != k] for k in set(map(key, units))}
    others = {f"without {k}": judge(dimension, rest)[0] for k, rest in left.items()}
    return {how: other for how, other in others.items() if other != word}


def test_all_verdicts_follow_from_the_evidence_in_catalog_json() -> None:
    data = json.loads((SITE / "catalog.json").read_text("utf-8"))
    worth = {d: about["points"] for d, about in data["dimensions"].items()}
    seen = 0
    for method in data["methods"]:
        audit = method["audit"]
        for dimension, stated in (audit["dimensions"] if audit else {}).items():
            units = [u for u in method["evidence"] if u["dimension"] == dimension]
            assert [u["weight"] for u in units] == [weigh(u) for u in units]
            where = (method["slug"], dimension)
            assert sums(dimension, units) == pytest.approx(
                (stated["for"], stated["against"]), abs=1e-3
            ), where
            assert "override" not in stated, where
            expected = judge(dimension, units)
            if audit["main_paper"] == "not read" and dimension != "WA":
                expected = unread(expected)
            else:
                assert changed(dimension, units) == stated["changes"], where
            assert expected == (stated["verdict"], stated["leaning"]), where
            seen += 1
        if audit:
            for word in ("confirmed", "reported", "contested"):
                points = [worth[d] for d, v in audit["dimensions"].items() if v["verdict"] == word]
                assert audit[word] == sum(points), (method["slug"], word)
    assert seen == 31 * 6
