"""The home page: some bets as tiles, findings as figures, and every method."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from statistics import fmean
from typing import NamedTuple

from adapters_np.core import load, parameters
from scripts.macros.head_to_head import outcomes_beside_lora
from scripts.macros.page import Part, catalog, macro, names
from scripts.macros.portraits import drawing, says
from scripts.survey.facts import say
from scripts.survey.facts.result import FULL
from scripts.survey.results import experiment
from scripts.survey.sources.head_to_head import leads

LAYER = (4096, 4096)  # a weight of a model with seven billion parameters
FEW = 6  # pictures on the tile that stands for all others
MARGIN = 0.04  # of the axis of leads, at both ends


class Lead(NamedTuple):
    """A method's mean lead over LoRA at home and elsewhere: in words, and across in per cent."""

    title: str
    page: str
    said: tuple[str, str]
    at: tuple[float, float]


class Student(NamedTuple):
    """A student's distance from each teacher at the end, in nats, and what stands out."""

    title: str
    parameters: int
    found: tuple[tuple[float, bool, bool], ...]
    """The distance, whether full fine-tuning ends further away, whether it is its own teacher."""


def lead_rows() -> tuple[list[Lead], float]:
    found = leads(outcomes_beside_lora())
    ends = [lead.mean for pair in found.values() for lead in pair]
    low, high = min(*ends, 0), max(*ends, 0)
    low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)

    def across(value: float) -> float:
        return 100 * (value - low) / (high - low)

    rows = [
        Lead(
            *names()[module],
            (say.signed(home.mean, 2), say.signed(away.mean, 2)),
            (across(home.mean), across(away.mean)),
        )
        for module, (home, away) in found.items()
    ]
    return rows, across(0)


def students() -> Iterator[Student]:
    """Yield every student of the planted changes, full fine-tuning last."""
    cells = [experiment.Cell(task) for task in experiment.TEACHERS]
    ran = {name: None for name, there in experiment.runs() if there in cells}

    def ends(name: str) -> list[float]:
        return [fmean(map(experiment.loss, experiment.finals(name, c).values())) for c in cells]

    full = ends(FULL)
    for name in sorted(ran, key=lambda name: name == FULL):
        slug = name.split()[0]
        own = [task.split()[1] == slug for task in experiment.TEACHERS]
        near = [one < other for one, other in zip(ends(name), full, strict=True)]
        title = "full fine-tuning" if name == FULL else catalog().methods[slug].title
        size = next(iter(experiment.finals(name, cells[0]).values())).parameters
        yield Student(title, size, tuple(zip(ends(name), near, own, strict=True)))


class Home(Part):
    @macro("list")
    def bets(self, *chosen: str) -> str:
        """Some methods as large tiles, whose pictures play, and one that leads to the others."""
        methods = {m.slug: m for m in catalog().survey}
        tiles = [
            (methods[slug], drawing(slug, "small"), says(slug), parameters(load(slug), *LAYER))
            for slug in chosen
        ]
        others = [slug for slug in methods if slug not in chosen]
        few = [drawing(slug, "small") for slug in others[:FEW]]
        given = (tiles, prod(LAYER), few, len(others))
        return self.page.draw("bets", *given, file="home.html", found=False)

    @macro("list")
    def every_bet(self) -> str:
        """All entries of the survey as tiles, by theme."""
        groups = [
            (
                key,
                theme.title,
                [(m, drawing(m.slug, "small")) for m in catalog().survey if m.theme == key],
            )
            for key, theme in catalog().themes.items()
        ]
        return self.page.draw("every_bet", groups, file="home.html", found=False)

    @macro("list")
    def later_bets(self) -> str:
        """The methods that the survey does not have, in a line."""
        found = [m for m in catalog().methods.values() if not m.number]
        links = [f'<a href="{self.page.root}methods/{m.slug}/">{m.title}</a>' for m in found]
        return f"Beyond the survey, and not graded: {say.listed(links)}."

    @macro("figure")
    def home_and_away(self) -> str:
        """Mean leads over LoRA in papers by a method's authors, and in others', as a figure."""
        return self.page.draw("leads", *lead_rows(), file="home.html", found=False)

    @macro("figure")
    def taught(self) -> str:
        heads = [catalog().methods[t.split()[1]].title for t in experiment.TEACHERS]
        return self.page.draw("taught", list(students()), heads, file="home.html", found=False)

    @macro("text")
    def how_many(self) -> str:
        return str(len(catalog().survey))
