"""One table of what is known of any number of methods, a row each, of which a reader chooses."""

from __future__ import annotations

from typing import Any

from scripts.catalog.memory import GIB
from scripts.catalog.recipes import Wish, memory, trained
from scripts.catalog.records import DIMENSIONS, Method, Peft
from scripts.macros.lists import NEEDS, offers
from scripts.macros.method import configured
from scripts.macros.page import Part, catalog, macro
from scripts.macros.portraits import drawing
from scripts.survey.facts import peft
from scripts.survey.results import bets
from scripts.survey.sources import forest

WISH = Wish()
"""The settings with which Choose opens."""

FIRST = ("lora", "dora", "pissa")
"""The rows before a reader has chosen."""


def row(m: Method, run: peft.Run | None) -> dict[str, Any]:
    """Return what the table says of a method; `run` is its best in PEFT's benchmark."""
    known = m.slug in catalog().recipes()
    return {
        "method": m,
        "drawn": drawing(m.slug, "small"),
        "trained": trained(m, WISH.model, WISH.targets) if known else None,
        "memory": memory(m, WISH)["all"] / GIB if known else None,
        "run": None if m.untested else run,
        "beside": forest.read()["lora"].get(m.slug),
        "bets": bets.of(m.modules),
        "offers": offers(m),
        "code": configured(m) if isinstance(m.peft, Peft) else "",
        "first": m.slug in FIRST,
    }


class MethodTable(Part):
    @macro("widget")
    def method_table(self) -> str:
        """Any number of methods in one table; without a script it has the first few."""
        runs = peft.best("metamathqa")
        rows = [row(m, runs.get(m.runs)) for m in catalog().methods.values()]
        themes = {key: theme.title for key, theme in catalog().themes.items()}
        given = (rows, themes, NEEDS, DIMENSIONS, WISH)
        html = self.page.draw("method_table", *given, file="method_table.html", found=False)
        assets = f"{self.page.root}assets/demo"
        return f'{html}<script type="module" src="{assets}/method_table.js"></script>\n'
