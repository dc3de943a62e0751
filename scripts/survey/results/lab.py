"""Shares that the lab's methods explain of its worlds.

lab/130: lora, real      with at most 130 parameters; `chance, any` a random subspace as large
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from scripts.bootstrap import ROOT
from scripts.survey.facts.addresses import Fact, Maker

SOURCE = "lab"
STUDY = ROOT / "docs" / "data" / "explained.jsonl"


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/explained.jsonl")
    head, *rows = map(json.loads, STUDY.read_text("utf-8").splitlines())
    d_out, d_in = head["size"]
    for i, (budget, rank) in enumerate(zip(head["budgets"], head["ranks"], strict=True)):
        yield fact(f"{budget}", "chance", "any", rank * (d_out + d_in) / (d_out * d_in), "0 %")
        for row in rows:
            if "world" in row and (found := row["found"][i]):
                yield fact(f"{budget}", row["method"], row["world"], found[0], "0 %")
