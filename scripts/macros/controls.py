"""The study of controls: methods, their controls, and what is run."""

from __future__ import annotations

from typing import NamedTuple

from adapters_np.control import controls
from scripts.macros.bets import effect
from scripts.macros.page import Part, macro, names
from scripts.survey.bets import checked
from scripts.survey.controls import Amount, amount, entries, plan, runs
from scripts.survey.hypothesis import MARGIN, RISK, Judged
from scripts.survey.say import count, named, number, percent


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

    @macro("text")
    def controls_count(self, what: str) -> str:
        """A number of the study in words: `methods`, `controls`, `margin` or `risk`."""
        some = [entry for entry in entries() if entry.control]
        return {
            "methods": count(len({entry.method for entry in some})),
            "controls": count(len(some)),
            "margin": percent(MARGIN),
            "risk": percent(RISK),
        }[what]

    @macro("text")
    def controls_power(self) -> str:
        """Say what came of the checks of the study itself, as far as they are complete."""
        power, size = (checked(runs())[what] for what in ("power", "size"))
        leads = [100 * j.overall.mean for j in power if j.overall.outcome == "ahead"]
        said = "Whether a planted hypothesis is found is not known yet: those runs are not there."
        if power:
            by = f", by {number(min(leads), 0)} to {number(max(leads), 0)} points" if leads else ""
            said = (
                "Where a change of a method’s own form was planted, the method is ahead of its"
                f" control in {len(leads)} of {len(power)} comparisons{by}."
            )
        apart = sum(j.overall.outcome in ("ahead", "behind") for j in size)
        twice = f"Of {len(size)} controls that were drawn twice {apart or 'none'} can be told from"
        return f"{said} {twice} the second draw." if size else said

    @macro("table")
    def controls_checks(self) -> str:
        """Tabulate what the study tests itself by, of parts that are complete."""
        found = checked(runs())
        return self.page.draw(
            "checks", [(what, j, _name(j)) for what, some in found.items() for j in some],
            file="controls.html", given={"effect": effect, "named": named},
        ) if any(found.values()) else ""  # fmt: skip


def _name(judged: Judged) -> str:
    """Return the name of the method of a comparison."""
    (slug,) = {e.slug for e in entries() if e.method == judged.comparison.method}
    return names()[slug][0]
