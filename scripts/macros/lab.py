"""The lab: which hypothesis fits which change, as tables that scripts bring to life."""

from __future__ import annotations

from typing import Any

from scripts.bootstrap import ROOT
from scripts.macros.page import Page, Part, built, macro

STORED = ROOT / ".build" / "lab" / "lab.json"
EXAMPLE = ROOT / ".build" / "example" / "about.json"
SHOWN = 1
"""The place of the budget that is shown first."""


def stored() -> dict[str, Any]:
    return built(STORED)


def piece(page: Page, name: str, *arguments: Any) -> str:
    titles = {m["slug"]: m["name"] for m in stored()["methods"]}
    given = {"titles": titles, "chance": chance()}
    return page.draw(name, *arguments, file="lab.html", kind="ah lab", given=given)


class Lab(Part):
    @macro("widget")
    def element(self, name: str) -> str:
        """One of the lab's elements, complete without a script."""
        given = {"adapter-lab": (stored(), SHOWN), "adapter-file": (built(EXAMPLE),)}
        script = f'<script type="module" src="{self.page.root}assets/demo/{name}.js"></script>'
        drawn = piece(self.page, name.replace("-", "_"), *given.get(name, ()))
        return self.page.style(script) + drawn

    @macro("table")
    def imitation(self) -> str:
        return piece(self.page, "imitation", stored())


def chance() -> list[int]:
    data = stored()
    entries = data["size"][0] * data["size"][1]
    return [round(100 * rank * sum(data["size"]) / entries) for rank in data["ranks"]]
