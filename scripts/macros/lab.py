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
    def lab(self) -> str:
        script = f'<script type="module" src="{self.page.root}assets/demo/adapter-lab.js"></script>'
        return self.page.style(script) + piece(self.page, "table", stored(), SHOWN)

    @macro("table")
    def imitation(self) -> str:
        return piece(self.page, "imitation", stored())

    @macro("widget")
    def adapter_file(self) -> str:
        script = (
            f'<script type="module" src="{self.page.root}assets/demo/adapter-file.js"></script>'
        )
        return self.page.style(script) + piece(self.page, "adapter_file", built(EXAMPLE))

    @macro("widget")
    def model_pair(self) -> str:
        script = f'<script type="module" src="{self.page.root}assets/demo/model-pair.js"></script>'
        return self.page.style(script) + piece(self.page, "model_pair")


def chance() -> list[int]:
    data = stored()
    entries = data["size"][0] * data["size"][1]
    return [round(100 * rank * sum(data["size"]) / entries) for rank in data["ranks"]]
