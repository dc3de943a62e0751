"""Methods beyond the survey, trained: what their own pages have of it."""

from __future__ import annotations

from collections.abc import Collection

from scripts.macros.page import Page, names, shown
from scripts.survey.facts import say
from scripts.survey.results.later import effect, named, plan

AGAINST = {
    "ahead": "better than", "behind": "worse than", "level": "as good as",
    "not told apart": "no clear difference from",
}  # fmt: skip


def without(modules: Collection[str]) -> str:
    """Return how modules compare with themselves without their ideas, where that was trained."""
    found = []
    for name in named(True, modules):
        entry = plan().entries[name]
        whose = f"{names()[entry.slug][0]} " if len(modules) > 1 else ""
        found.append(f"{whose}{AGAINST[effect(name).word]} *{say.named(entry.arm)}*")
    return ", ".join(found)


def own_training(page: Page, modules: Collection[str]) -> str:
    found = [
        f"{shown(name)} against {shown(plan().entries[name].like)}, {effect(name)}"
        for name in named(False, modules)
    ]
    bare = bool(named(True, modules))
    return page.draw("own", found, bare, file="later.html", found=False) if found else ""
