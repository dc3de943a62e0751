"""Bets, each against its own controls: the word with its reason, figures, and a table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from scripts.macros.bet_words import OUTCOMES, Shown, by_theme, by_word, share, shown
from scripts.macros.figures import Lane, Row, Rows, Value, around
from scripts.macros.page import Page, Part, catalog, macro, names
from scripts.survey.facts import say
from scripts.survey.results import bets as survey
from scripts.survey.results.bets import Bet
from scripts.survey.results.hypothesis import MARGIN, Effect, Judged, Outcome
from scripts.survey.sources.providers import facts

FILE = "bets.html"
FARTHEST = 30.0
"""Points from nothing up to which an axis follows an interval: what is wider goes to its end."""

TRAINED = "points of full fine-tuning’s improvement"
DESCRIBED = "points of ‖ΔW‖² of full fine-tuning"
SIDES = ("← control ahead", "method ahead →")
MARKS = "Intervals hold together at 95 %. Short marks: base models. Grey: less than a point"
LANES = (
    Lane("", hollow=True), Lane("", "diamond", True), Lane("", "diamond"), Lane("", hollow=True),
)  # fmt: skip


# Figures ------------------------------------------------------------------------------------------


def value(effect: Effect, parts: Iterable[float] = ()) -> Value:
    """Return an effect in points, with what it is the mean of."""
    x, low, high = (100 * end for end in (effect.mean, effect.low, effect.high))
    return Value(x, low, high, parts=tuple(100 * part for part in parts))


def lanes(tasks: Sequence[str]) -> list[Lane]:
    """Return a lane for all tasks, and where they are several one for each."""
    if len(tasks) < 2:
        return [Lane("")]
    own = [
        lane._replace(name=survey.called(task)) for task, lane in zip(tasks, LANES, strict=False)
    ]
    return [Lane("all tasks"), *own]


def values(judged: Judged, tasks: Sequence[str]) -> tuple[Value | None, ...]:
    """Return the values in the lanes of `tasks`: base models are the parts of each."""
    c = judged.comparison

    def bases(*of: str) -> list[float]:
        return [fmean(unit) for unit in c.units(of or None)]

    found = [value(judged.overall, bases())]
    if len(tasks) < 2:
        return tuple(found)
    return (
        *found,
        *(value(judged.by_task[t], bases(t)) if t in judged.by_task else None for t in tasks),
    )


def tasks_of(some: Iterable[Judged]) -> list[str]:
    """Return the tasks of judgements, each once."""
    return list(dict.fromkeys(task for j in some for task in j.comparison.tasks))


def forest(says: str, rows: Sequence[Row], across: Sequence[Lane], axis: str) -> Rows:
    """Return rows of differences from controls; the grey band is what counts for nothing."""
    found = [v for row in rows for v in row.values if v is not None]
    ends = [end for v in found for end in (v.low, v.high) if abs(end) <= FARTHEST]
    means = [mean for v in found for mean in (v.x, *v.parts)]
    ax = around(axis, [-2 * 100 * MARGIN, 2 * 100 * MARGIN, *means, *ends])
    return Rows(says, ax, 0, SIDES, rows, across, band=100 * MARGIN)


def linked(s: Shown, name: str, found: tuple[Value | None, ...]) -> Row:
    """Return a row that leads to its method's page."""
    return Row(name, found, s.theme, "", f"methods/{s.page}/")


def of_all(kind: str) -> Rows:
    """Return every method against each control, `trained` or in `reach`."""
    some = [(shown(bet), getattr(bet, kind)) for bet in survey.bets()]
    tasks = tasks_of(j for _, own in some for j in own) if kind == "trained" else []
    rows = [
        linked(s, f"{s.name}, {say.named(j.comparison.control)}", values(j, tasks))
        for s, own in some
        for j in sorted(own, key=lambda j: -j.overall.mean)
    ]
    says, axis = {
        "trained": ("How much more each method improves than its own control", TRAINED),
        "reach": ("How much more each describes of full fine-tuning’s change", DESCRIBED),
    }[kind]
    title = counted(j for _, own in some for j in own)
    return forest(f"{says}. {MARKS}", rows, lanes(tasks), axis)._replace(title=title)


def counted(found: Iterable[Judged]) -> str:
    """Return how many comparisons have which outcome over all tasks."""
    every = Counter(j.overall.outcome for j in found)
    return say.listed([f"{every[o]} {o}" for o in OUTCOMES if every[o]]) + "."


def settled(outcome: Outcome) -> str:
    """Return who has an outcome in reach, against which control."""
    return say.listed(
        [
            f"{shown(bet).name} (*{say.named(j.comparison.control)}*)"
            for bet in survey.bets()
            for j in bet.reach
            if j.overall.outcome == outcome
        ]
    )


def strongest() -> Rows:
    """Return every method against the strongest control that it has to beat."""
    found = []
    for s in map(shown, survey.bets()):
        beat = [j for j in s.bet.trained if j.comparison.claim == "ahead"]
        j = min(beat, key=lambda j: j.overall.mean)
        found.append((j.overall.mean, linked(s, s.name, values(j, ()))))
    rows = [row for _, row in sorted(found, key=lambda one: -one[0])]
    says = f"Each against the strongest control that it has to beat. {MARKS}"
    return forest(says, rows, lanes(()), TRAINED)._replace(width=560)


def of_one(bet: Bet) -> Rows:
    """Return a method's own lines: trained and in reach, a row for each control."""
    kinds = {"trained": Lane("trained"), "reach": Lane("describes", "diamond", True)}
    ran = [kind for kind in kinds if getattr(bet, kind)]
    theme, rows = catalog().methods[names()[bet.slug][1]].theme, []
    for e in bet.controls:
        both = dict(zip(kinds, bet.beside(e.control), strict=True))
        found = tuple(values(j, ())[0] if (j := both[kind]) else None for kind in ran)
        rows.append(Row(say.named(e.control), found, theme))
    units = {
        "trained": "in full fine-tuning’s improvement when trained",
        "reach": "in ‖ΔW‖² when fitted",
    }
    says = f"Hundredths by which it is ahead of its control, {', '.join(units[k] for k in ran)}"
    figure = forest(f"{says}. {MARKS}", rows, [kinds[kind] for kind in ran], "points")
    return figure._replace(width=560)


# Macros -------------------------------------------------------------------------------------------


def effect(found: Effect) -> str:
    """Return an effect in points with its interval."""
    ends = say.sided(100 * found.low, 100 * found.high)
    return f"{say.signed(100 * found.mean, 1)} ({ends})"


GIVEN: dict[str, Callable[..., object]] = {
    "called": survey.called,
    "effect": effect,
    "named": say.named,
    "fact": lambda address: facts().say(address),
    "on": lambda bet: survey.on(survey.tasks(bet)),
    "paper": lambda key: catalog().papers[key].url,
    "share": share,
}


def own_controls(page: Page, modules: Iterable[str]) -> str:
    """Return what a method's page has of its bets: a figure, and a table in a fold.

    Where they are several all of it is in a fold, since pages have an end.
    """
    found = [shown(bet) for bet in survey.of(modules)]
    if not found:
        return ""
    html = ""
    for s in found:
        html += page.figure(of_one(s.bet)._replace(title=s.name if len(found) > 1 else ""))
        html += page.draw("own", s, len(found) == 1, file=FILE, found=False, given=GIVEN)
    before, _, after = page.draw("around", len(found) == 1, file=FILE).partition("<!--inside-->")
    return before + html + after


class Bets(Part):
    """The macros of what came of the study of controls."""

    @macro("list")
    def controls_words(self) -> str:
        """Every method by its word."""
        return self.page.draw("by_word", by_word(), file=FILE)

    @macro("table")
    def controls_themes(self) -> str:
        """Count what came of both kinds of control, by theme."""
        return self.page.draw("themes", by_theme(), file=FILE)

    @macro("figure")
    def controls_figure(self, kind: str) -> str:
        """All methods against their controls, `trained` or in `reach`."""
        return self.page.figure(of_all(kind))

    @macro("text")
    def controls_reach(self, outcome: Outcome) -> str:
        """List who is ahead of a control, or behind it, in what it describes."""
        return settled(outcome)

    @macro("table")
    def controls_results(self) -> str:
        """Everything that was judged, as a table and to download."""
        every = list(map(shown, survey.bets()))
        return self.page.style() + self.page.draw(
            "results", every, file=FILE, kind="ah lab", given=GIVEN
        )

    @macro("list")
    def controls_home(self) -> str:
        """List what is decided, for the home page."""
        outcomes = Counter(j.overall.outcome for bet in survey.bets() for j in bet.trained)
        where = survey.where(*survey.bets())
        given = (outcomes, by_word(), by_theme(), where)
        before = self.page.draw("home", *given, file=FILE, found=False, given=GIVEN)
        section, _, after = before.partition("<!--figure-->")
        return section + self.page.figure(strongest(), table=True) + after
