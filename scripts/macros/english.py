"""A real English model: what of the experiment holds there, and what is learned along the rates."""

from __future__ import annotations

from scripts.macros import figures
from scripts.macros.page import Part, macro, shown, theme
from scripts.macros.views import Views
from scripts.survey.facts.result import FULL
from scripts.survey.facts.say import figures as digits
from scripts.survey.facts.say import number
from scripts.survey.results import english, english_claims
from scripts.survey.results.english import plan
from scripts.survey.results.english_claims import Claim

TASKS = {"reviews": "film reviews", "definitions": "definitions"}
FRONTIER = (FULL, "lora 4", "oft 16")
"""Entries that are followed along the rates."""


def basis(claim: Claim) -> str:
    who = {*claim.entries, *(plan().entries[name].like for name in claim.entries)}
    tasks, seeds = len(plan().tasks), len(plan().seeds)
    runs, found = len(who) * tasks * seeds, len(claim.entries) * tasks
    return f"{runs} runs: {seeds} seeds, {found} of {found} comparisons"


def line(entry: str, task: str) -> figures.Line:
    points = []
    for run in english.sweep(entry, task):
        x, y = run.forgetting, 100 * (run.validation_accuracy - run.start_validation_accuracy)
        rate = digits(run.rate)
        says = f"{shown(entry)} at {rate}: {number(y, 1)} points, forgets {number(x, 2)} nats"
        points.append(figures.Point(x, y, y, y, says, name=f"rate {rate}"))
    return figures.Line(shown(entry), tuple(points), kind=theme(entry))


class English(Part):
    @macro("figure")
    def english_rates(self, task: str) -> str:
        lines = [line(entry, task) for entry in FRONTIER]
        points = [point for line in lines for point in line.points]
        across, up = "loss of the other task’s probe, rise in nats", "accuracy on validation above"
        figure = figures.Chart(
            f"{TASKS[task].capitalize()}: each line follows one from low rates to high ones. To the"
            " upper left more is learned and less forgotten. One seed",
            figures.around(across, [p.x for p in points]),
            figures.around(f"{up} the probe, points", [p.y for p in points]), lines,
        )  # fmt: skip
        return self.page.figure(figure, table=True)

    @macro("list")
    def english_claims(self) -> str:
        """The experiment's findings that were asked here, as cards."""
        return f'<div class="findings">{"".join(map(self._card, english_claims.CLAIMS))}</div>'

    def _card(self, claim: Claim) -> str:
        like = shown(plan().entries[claim.entries[0]].like)
        card = self.page.draw("card", claim, basis(claim), file="english.html", kind="ah lab",
                              found=False)  # fmt: skip
        forgets = claim.measure is english.forgetting
        column = "forgets" if forgets else "points"
        figure = Views(self.page).figure(
            "english/reviews", "",
            f"Loss of the other task’s probe, beside {like}" if forgets
            else f"Accuracy on the test, beside {like}. Grey: less than a point",
            claim.entries,
            lanes={f"english/{task}: {column}": name for task, name in TASKS.items()},
            across="nats more" if forgets else "percentage points",
            sides=("← forgets less", "forgets more →") if forgets else ("← behind", "ahead →"),
            band=0 if forgets else 1, linked=False, table=True,
        )  # fmt: skip
        return card.replace("<!--figure-->", figure)
