"""Shares that the lab's methods explain of its worlds: docs/data/explained.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from scripts.bootstrap import ROOT

STUDY = ROOT / "docs" / "data" / "explained.jsonl"


class Share(NamedTuple):
    """The share of a world's change that a method explains with at most so many parameters."""

    budget: int
    method: str
    world: str
    share: float


@cache
def _lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in STUDY.read_text("utf-8").splitlines()]


def shares() -> Iterator[Share]:
    head, *rows = _lines()
    for row in rows:
        if "world" in row:
            for budget, shares in zip(head["budgets"], row["found"], strict=True):
                if shares:
                    yield Share(budget, row["method"], row["world"], shares[0])


def chance() -> Iterator[tuple[int, float]]:
    """Yield each budget, and the share that a random subspace of LoRA's size explains there."""
    head = _lines()[0]
    d_out, d_in = head["size"]
    for budget, rank in zip(head["budgets"], head["ranks"], strict=True):
        yield budget, rank * (d_out + d_in) / (d_out * d_in)
