"""The study of controls: methods, their controls, and what is run."""

from __future__ import annotations

from typing import NamedTuple

from adapters_np.control import controls
from scripts.macros.page import Part, macro, names
from scripts.survey.facts.say import named
from scripts.survey.results.controls import Amount, amount, entries, plan


class Other(NamedTuple):
    """A control, as readers see it."""

    name: str
    kind: str
    sentence: str
    out: str
    kept: str
    reached: int | None


class Method(NamedTuple):
    """A method with its controls, as readers see it."""

    name: str
    page: str
    setting: str
    parameters: int
    reached: int | None
    controls: list[Other]


def methods() -> list[Method]:
    """Return the methods of the study, by name."""
    called, found = names(), dict[str, Method]()
    for e in entries():
        if not e.control and controls(e.slug):
            name, page = called[e.slug]
            setting = e.method.partition(" ")[2]
            found[e.method] = Method(name, page, setting, e.parameters, e.reached, [])
        elif e.control:
            c = controls(e.slug)[e.control]
            sentence, out, kept = (t.replace("'", "’") for t in (c.sentence, c.out, c.kept))
            other = Other(named(c.name), c.kind, sentence, out, kept, e.reached)
            found[e.method].controls.append(other)
    tested = (method for method in found.values() if method.controls)
    return sorted(tested, key=lambda method: method.name.lower())


class Controls(Part):
    """The macros of the page about controls."""

    @macro("table")
    def controls_table(self) -> str:
        """Every method with each of its controls."""
        return self.page.style() + self.page.draw(
            "table", methods(), file="controls.html", kind="ah lab"
        )

    @macro("table")
    def controls_plan(self) -> str:
        """Tabulate the runs, part by part, and their cost."""
        parts = [(part, amount(part)) for part in plan().parts]
        whole = Amount(*(sum(getattr(a, field) for _, a in parts) for field in Amount._fields))
        return self.page.draw("plan", parts, whole, file="controls.html", kind="ah lab")
