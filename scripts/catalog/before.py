"""Verdicts that have changed since the rule was written out in full, each with its cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import yaml

from scripts.bootstrap import ROOT
from scripts.catalog.records import Method
from scripts.survey.sources.rule import Dimension, Verdict

FILE = "docs/data/verdicts_before.yml"

RENAMED = {"unsupported": ("no evidence", "too little")}
"""Words that an older word has become where nothing has changed but that they are told apart."""

Old: TypeAlias = tuple[str, str | None, float, float]
"""Word, leaning, what is for it, what is against it."""


class Before(NamedTuple):
    """The file: until when, the verdicts, the causes in words, and which apply to what."""

    until: str
    verdicts: dict[str, dict[Dimension, Old]]
    causes: dict[str, str]
    because: dict[str, list[str]]


class Change(NamedTuple):
    """A verdict that is another one now."""

    method: Method
    dimension: Dimension
    old: Old
    now: Verdict
    causes: tuple[str, ...]

    @property
    def before(self) -> str:
        """The old verdict in words."""
        word, leaning, _, _ = self.old
        return f"{word}, leaning {leaning}" if leaning else word


@cache
def read_before(root: Path = ROOT) -> Before:
    data = yaml.safe_load((root / FILE).read_text("utf-8"))
    verdicts = {
        slug: {d: tuple(old) for d, old in of.items()} for slug, of in data["verdicts"].items()
    }
    return Before(str(data["until"]), verdicts, data["causes"], data["because"])


def changes(methods: Iterable[Method], before: Before) -> Iterator[Change]:
    """Yield every verdict whose word or leaning has changed by more than a finer name."""
    for m in methods:
        for dimension, old in before.verdicts.get(m.slug, {}).items():
            now = m.verdicts[dimension]
            renamed = now.word in RENAMED.get(old[0], ())
            if (old[0], old[1]) != (now.word, now.leaning) and not renamed:
                yield Change(m, dimension, old, now, tuple(_causes(m, dimension, old, before)))


def _causes(m: Method, dimension: Dimension, old: Old, before: Before) -> list[str]:
    now = m.verdicts[dimension]
    if f"{m.slug} {dimension}" in before.because:
        return before.because[f"{m.slug} {dimension}"]
    if now.clause == "unread":
        return ["unread"]
    same = all(abs(a - b) < 1e-3 for a, b in zip(old[2:], (now.F, now.A), strict=True))
    return ["words"] if same else []
