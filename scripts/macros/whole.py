"""Full fine-tuning's changes of whole matrices: the share that a method describes, as bars.

A widget fits to the corner of one matrix. Its step *A real change* shows these beside that: the
families of real changes on two BERTs, and the method and its control on the small decoder.
"""

from __future__ import annotations

from html import escape
from statistics import fmean
from typing import Literal, NamedTuple, TypeAlias

from adapters_np.control import controls
from demos.reach import FAMILIES
from demos.settings import AIM
from scripts.catalog.records import Method
from scripts.macros.page import Page, names
from scripts.macros.real_changes import Row, rows
from scripts.survey.facts import say
from scripts.survey.results import bets
from scripts.survey.results.changes import DESCENDED
from scripts.survey.results.hypothesis import Outcome
from scripts.survey.statistics.intervals import Interval

SIDE = 64
"""Of a matrix of the small decoder."""

MUCH, LITTLE = 2.0, 1.25
"""Times its control, from which on there is much of a structure, and some."""


class Bar(NamedTuple):
    """A bar: its label, its length, and its number."""

    name: str
    length: float
    text: str


class Bars(NamedTuple):
    """Bars on one scale, what they show, and what follows."""

    title: str
    bars: tuple[Bar, Bar, Bar]
    says: str

    @property
    def most(self) -> float:
        """The longest."""
        return max(bar.length for bar in self.bars)


Side: TypeAlias = Literal["more", "alike", "less"]


def side(change: Interval, control: Interval) -> Side:
    """Say whether a family explains more of a change than of its control.

    >>> side(Interval(3, 2, 4), Interval(1, 1, 1)), side(Interval(3, 1, 4), Interval(1, 0, 2))
    ('more', 'alike')
    """
    if change.low > control.high:
        return "more"
    return "less" if change.high < control.low else "alike"


def follows(found: list[tuple[Interval, Interval]]) -> str:
    """Return what follows from a family's intervals in the models, each against its control."""
    sides = [side(*pair) for pair in found]
    if len(set(sides)) > 1:
        first, *_ = (word for word in ("more", "less") if word in sides)
        return (
            f"In one model it explains {first} of the real change than of the control,"
            f" in the other it {'does not' if 'alike' in sides else 'is the other way round'}."
        )
    if sides[0] == "less":
        return "Real changes have less of this structure than changes in random directions."
    if sides[0] == "alike":
        return "Real changes have no more of this structure than changes in random directions."
    least = min(change.mean / control.mean for change, control in found)
    if least < LITTLE:
        return "Real changes have hardly more of this structure than changes in random directions."
    return f"Real changes have {'' if least >= MUCH else 'a little of '}this structure."


def family(slug: str) -> Row | None:
    """Return the family of a method: of several the one that is most its own, then the first."""
    known = [*FAMILIES, *DESCENDED]
    own = [row for row in rows() if slug in row.methods]
    return min(own, key=lambda row: (len(row.methods), known.index(row.name)), default=None)


def of_berts(slug: str) -> Bars | None:
    """Return how many times chance a method's family explains of what was done to two BERTs."""
    row = family(slug)
    if row is None:
        return None

    def bar(name: str, some: list[Interval]) -> Bar:
        said = dict.fromkeys(say.number(interval.mean, 1) for interval in some)
        return Bar(name, max(0.0, fmean(i.mean for i in some)), " and ".join(said))

    changes, controls = ([pair[i] for pair in row.found] for i in (0, 1))
    spectral = "independent entries" if "†" in row.mark else "same spectrum, random directions"
    count = "16" if "*" in row.mark else "72"
    return Bars(
        f"{row.title}, in {count} whole matrices of each of two BERTs. Times what chance explains",
        (
            bar("The real changes", changes),
            bar(f"Their control: {spectral}", controls),
            Bar("A random subspace", 1.0, "1"),
        ),
        follows(row.found),
    )  # fmt: skip


OUTCOMES: dict[Outcome, str] = {
    "ahead": "explains less",
    "behind": "explains more",
    "equal": "explains as much",
    "not resolved": "shows no clear difference",
}


def of_decoder(slug: str) -> Bars | None:
    """Return what a method and its control explain of the small decoder's changes.

    Of several controls it is the one that comes nearest to the method, or passes it most.
    """
    found = bets.of([slug])
    if not found or not found[0].reach:
        return None
    bet = found[0]
    nearest = min(bet.reach, key=lambda j: j.overall.mean).comparison.control
    shares = bets.by_entry(bets.described())
    own, control = shares[bet.method, ""], shares[bet.method, nearest]
    places = [place for place in own if place in control]
    name = names()[slug][0]

    def bar(name: str, share: float) -> Bar:
        return Bar(name, share, say.percent(share, 1))

    judged, out = bet.beside(nearest)[1], controls(slug)[nearest].out
    assert judged
    return Bars(
        f"{name}, in {len(places)} whole matrices of our small decoder. Share of the change",
        (
            bar(name, fmean(own[p].described for p in places)),
            bar(f"Control: {say.named(nearest)}", fmean(control[p].described for p in places)),
            bar("A random subspace", fmean(own[p].parameters for p in places) / SIDE**2),
        ),
        f"The control {OUTCOMES[judged.overall.outcome]}. Taken out there: {out}",
    )


def whole(page: Page, slug: str) -> str:
    """Return what the widget's step about a real change shows of whole matrices."""
    found = [bars for bars in (of_berts(slug), of_decoder(slug)) if bars]
    html = page.draw("whole", found, file="whole.html", kind="measures", found=False)
    return f'<template class="whole">{html.strip()}</template>'


def written(m: Method, slug: str) -> str:
    """Return what a page says of single changes to a module, where the widget's steps look for it.

    Raises:
        ValueError: when the widget does not offer a change; the text names the page.
    """
    said, known = m.changes.get(slug, {}), [str(world) for world in AIM["world"].options]
    for world in sorted(said.keys() - set(known)):
        offered = ", ".join(known)
        raise ValueError(f"{m.file}: changes.{slug}: {world!r} is not one of {offered}")
    lines = (f'<p data-world="{world}">{escape(text)}</p>' for world, text in said.items())
    return f'<template class="written">{"".join(lines)}</template>'
