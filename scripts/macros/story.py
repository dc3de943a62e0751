"""The stage and the story of five bets, complete without a script, and places for what moves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.bootstrap import ROOT
from scripts.macros.page import Part, built, macro
from scripts.survey.facts.say import percent
from scripts.survey.sources.providers import facts

STORED = ROOT / ".build" / "stage" / "stage.json"
FIRST = re.compile(r"\d+(\.\d+)?")


def stored() -> dict[str, Any]:
    return built(STORED)


def stills(method: str, targets: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pictures of a method's best for some targets, as figures.mjs draws them.

    Raises:
        LookupError: when the stage has no such method or target.
    """
    if method not in stored()["methods"]:
        raise LookupError(f"the stage has no {method!r}: {', '.join(stored()['methods'])}")
    about = stored()["methods"][method]
    found = list[dict[str, Any]]()
    for target in targets or about["scenes"]:
        if target not in about["scenes"]:
            raise LookupError(f"{method} has no target {target!r}: {', '.join(about['scenes'])}")
        wanted = stored()["targets"][target]
        share = round(100 * max(0, about["scenes"][target]["explained"]))
        says = f"{about['name']} at its best explains {share} %."
        figure = {
            "figure": {"stage": method, "target": target},
            "role": "img",
            "label": f"Eight neurons as arrows. {wanted['says']} {says}",
        }
        title = wanted["name"][0].upper() + wanted["name"][1:]
        found.append({"title": title, "says": f"{wanted['says']} {says}", "figure": figure})
    return found


class Story(Part):
    @macro("widget")
    def five_bets(self) -> str:
        return self.page.draw("five_bets", file="story.html", found=False)

    @macro("widget")
    def bet_stage(self, method: str, *targets: str, beside: str = "") -> str:
        """A part of the story for its one stage: on which targets, which other can be tried."""
        drawn = stills(method, targets)
        theme = stored()["methods"][method]["theme"]
        given = (method, " ".join(targets), beside, theme, drawn)
        return self.page.draw("stage", *given, file="story.html", found=False)

    @macro("text")
    def staged(self, method: str, target: str = "") -> str:
        about = stored()["methods"][method]
        if not target:
            return f"{about['parameters']}"
        return percent(max(0, about["scenes"][target]["explained"]))

    @macro("widget")
    def bet(self, method: str, ask: str, options: Sequence[str], right: int) -> str:
        theme = stored()["methods"][method]["theme"]
        return self.page.draw("bet", method, theme, ask, options, right, file="story.html")

    @macro("figure")
    def bars(self, method: str, title: str, rows: Mapping[str, str | int], most: float) -> str:
        """Facts as bars in a method's colour, a row each; those of a control are hollow.

        Args:
            method: The method.
            title: The finding.
            rows: Each row's number or its address. A name that ends in `*` is of a control.
            most: The number of a bar that is full.
        """
        drawn = []
        for name, address in rows.items():
            text = facts().say(address) if isinstance(address, str) else str(address)
            number = FIRST.search(text)
            assert number, f"{address} is no number: {text}"
            share = 100 * float(number[0]) / most
            control = name.rstrip().endswith("*")
            drawn.append((name.rstrip(" *"), text, share, control))
        theme = stored()["methods"][method]["theme"]
        return self.page.draw("bars", theme, title, drawn, file="story.html")

    @macro("text")
    def guessed(self, methods: Sequence[str]) -> str:
        """The reader's own guesses; empty until a script fills it."""
        found = {slug: stored()["methods"][slug]["name"] for slug in methods}
        return self.page.draw("guessed", found, file="story.html", found=False)
