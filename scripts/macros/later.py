"""Methods beyond the survey, trained: what their own pages have of it."""

from __future__ import annotations

from collections.abc import Collection

from scripts.macros.page import Page, shown
from scripts.survey.results.later import effect, named, plan


def own_training(page: Page, modules: Collection[str]) -> str:
    found = [
        f"{shown(name)} beside {shown(plan().entries[name].like)}, {effect(name)}"
        for name in named(False, modules)
    ]
    bare = bool(named(True, modules))
    return page.draw("own", found, bare, file="later.html", found=False) if found else ""
