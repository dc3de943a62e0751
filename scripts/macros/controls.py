"""The study of controls: who is beside whom, and what is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from adapters_np.control import controls
from scripts.macros.page import Part, macro, names
from scripts.survey.controls import Amount, Trained, amount, entries, plan
from scripts.survey.hypothesis import MARGIN, RISK
from scripts.survey.say import count, percent


class Beside(NamedTuple):
    """A method beside one of its controls, as readers see it."""

    method: str
    page: str
    setting: str
    name: str
    kind: str
    sentence: str
    out: str
    kept: str
    parameters: int
    reached: tuple[int | None, int | None]
    """By the method and by its control, of a matrix of 64 × 64."""


def beside() -> Iterator[Beside]:
    """Yield every method beside each of its controls, by the methods' names."""
    called = names()
    of = {entry.method: entry for entry in entries() if not entry.control}

    def order(entry: Trained) -> str:
        return called[entry.slug][0].lower()

    for entry in sorted((e for e in entries() if e.control), key=order):
        found, method = controls(entry.slug)[entry.control], of[entry.method]
        name, page = called[entry.slug]
        yield Beside(
            name, page, entry.method.partition(" ")[2], found.name, found.kind, found.sentence,
            found.out, found.kept, entry.parameters, (method.reached, entry.reached),
        )  # fmt: skip


class Controls(Part):
    """The macros of the page about controls."""

    @macro
    def controls_table(self) -> str:
        """Every method beside each of its controls."""
        return self.page.style() + self.page.draw(
            "table", list(beside()), file="controls.html", kind="ah lab"
        )

    @macro
    def controls_plan(self) -> str:
        """What is run, part by part, and what it takes."""
        parts = [(part, amount(part)) for part in plan().parts]
        whole = Amount(*(sum(getattr(a, field) for _, a in parts) for field in Amount._fields))
        return self.page.draw("plan", parts, whole, file="controls.html", kind="ah lab")

    @macro
    def controls_count(self, what: str) -> str:
        """A number of the study in words: `methods`, `controls`, `margin` or `risk`."""
        some = [entry for entry in entries() if entry.control]
        return {
            "methods": count(len({entry.method for entry in some})),
            "controls": count(len(some)),
            "margin": percent(MARGIN),
            "risk": percent(RISK),
        }[what]
