"""Every verdict, computed again from `catalog.json` alone, without anything of the project."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.site
SITE = Path(os.environ.get("SITE", Path(__file__).parents[1] / "site"))

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


def judge(dimension: str, units: list[Unit], k: float = 4) -> tuple[str, str | None]:
    f, a = sums(dimension, units)
    if dimension == "WA":
        n = len(set(map(key, units)))
        return (
            ("confirmed", None)
            if n >= 5
            else ("contested", "for")
            if n >= 3
            else ("unsupported", None)
        )
    if (f < 2 and a < 2) or (f < 2 and a < k * f):
        return "unsupported", None
    if a >= 2 and a >= k * f:
        return "contradicted", None
    if f >= 2 and f >= k * a:
        others = [u for u in units if u["finding"] == "for" and u["run_by"] != "authors"]
        full = any(u["strength"] == "full" for u in others)
        two = len(set(map(key, others))) >= 2
        return ("confirmed" if full or two else "reported"), None
    return "contested", "for" if f >= 2 * a else "against" if a >= 2 * f else None


def changed(dimension: str, units: list[Unit]) -> set[str]:
    left = {f"without {k}": [u for u in units if key(u) != k] for k in set(map(key, units))}
    word = judge(dimension, units)[0]
    if dimension != "WA":
        left["without weak units"] = [u for u in units if u["strength"] == "full"]
        if word != "reported":
            left["without its authors"] = [u for u in units if u["run_by"] != "authors"]
    others = {how: judge(dimension, rest)[0] for how, rest in left.items()}
    others |= {f"with a ratio of {k}": judge(dimension, units, k)[0] for k in (3, 5)}
    return {f"{other} {how}" for how, other in others.items() if other != word}


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
            assert judge(dimension, units) == (stated["verdict"], stated["leaning"]), where
            changes = {f"{word} {how}" for how, word in stated["changes"].items()}
            assert changed(dimension, units) == changes, where
            assert stated["fragile"] == bool(changes), where
            seen += 1
        if audit:
            for word in ("confirmed", "reported", "contested"):
                points = [worth[d] for d, v in audit["dimensions"].items() if v["verdict"] == word]
                assert audit[word] == sum(points), (method["slug"], word)
    assert seen == 31 * 6
