"""The lab: which hypothesis fits which change, as tables that scripts bring to life."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from scripts.bootstrap import ROOT
from scripts.macros.head_to_head import HeadToHead
from scripts.macros.page import listing, macro

STORED = ROOT / ".build" / "lab" / "lab.json"
OWN = ROOT / "demos" / "lab" / "own.py"
ENDS = (0.5, 16.0)
"""The ends of the scale of real changes, in times chance."""

SHOWN = 1
"""The place of the budget that is shown first."""


@cache
def stored() -> dict[str, Any]:
    """Return what the build has stored for the lab."""
    if not STORED.exists():
        raise FileNotFoundError(f"{STORED} is missing: the build stores it before the pages")
    data: dict[str, Any] = json.loads(STORED.read_text("utf-8"))
    return data


class Lab(HeadToHead):
    """The macros of the lab's page."""

    def piece(self, name: str, *arguments: Any) -> str:
        """Return a piece of scripts/macros/lab.html as one block of HTML."""
        titles = {m["slug"]: m["name"] for m in stored()["methods"]}
        template = self.jinja.get_template("lab.html")
        given = {"root": self.root, "titles": titles, "chance": chance(), "ends": ENDS}
        piece = getattr(template.make_module(given), name)
        html = re.sub(r"\s*\n\s*", "", str(piece(*arguments)))
        return f'\n<div class="ah lab">{html}</div>\n'

    def style(self, more: str = "") -> str:
        """Return the style sheet of the lab's tables, and what the page loads besides."""
        style = f'<link rel="stylesheet" href="{self.root}assets/demo/lab.css">'
        return f'\n<div class="ah">{style}{more}</div>\n'

    @macro
    def lab(self) -> str:
        """The table of methods and worlds, with its script."""
        script = f'<script type="module" src="{self.root}assets/demo/adapter-lab.js"></script>'
        return self.style(script) + self.piece("table", stored(), SHOWN)

    @macro
    def imitation(self) -> str:
        """The table of students and teachers."""
        return self.piece("imitation", stored())

    @macro
    def own_change(self) -> str:
        """The form that takes a reader's change."""
        return self.piece("change")

    @macro
    def own_adapter(self) -> str:
        """The first version of a reader's adapter, to edit and fit."""
        return listing(OWN, "own")


def chance() -> list[int]:
    """Return what a random subspace explains at each budget, in per cent."""
    data = stored()
    entries = data["size"][0] * data["size"][1]
    return [round(100 * rank * sum(data["size"]) / entries) for rank in data["ranks"]]
