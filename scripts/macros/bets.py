"""Bets, each against its own controls: the word with its reason, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adapters_np.control import controls
from scripts.macros.page import Page, catalog, inline, names
from scripts.macros.views import Views
from scripts.survey.facts import say
from scripts.survey.results import bets as survey
from scripts.survey.results.bets import Bet, reasons
from scripts.survey.results.contrasts import Contrast
from scripts.survey.results.hypothesis import Printed, balance
from scripts.survey.sources.providers import facts

FILE = "bets.html"
SIDES = ("← control ahead", "method ahead →")
SIGNS = {"for": "for", "against": "against", "none": "level", "open": "mixed"}


class Shown(NamedTuple):
    """A bet as pages show it: with what is taken out by control, and what others printed."""

    bet: Bet
    name: str
    page: str
    reasons: str
    now: str
    against: dict[str, str]
    """By control."""
    why: str
    out: dict[str, str]
    printed: list[tuple[Contrast, str]]


def shown(bet: Bet) -> Shown:
    out = {e.control: controls(bet.slug)[e.control].out.replace("'", "’") for e in bet.controls}
    printed = [(c, _side(c)) for c in bet.printed]
    now, why = (facts().say(f"together: {bet.method}, {part}") for part in ("word", "why"))
    by = {say.named(n): facts().say(f"together: {bet.method}, {n}, against") for n in out}
    return Shown(bet, *names()[bet.slug], inline(reasons(bet)), now, by, why, out, printed)


def _side(contrast: Contrast) -> str:
    source = contrast.references[0].key
    return SIGNS[balance(Printed(source, row.side, contrast.by_authors) for row in contrast.rows)]


def own_controls(page: Page, modules: Iterable[str]) -> str:
    """Return what a method's page has of its bets: a figure, and a table in a fold.

    Where they are several all of it is in a fold, since pages have an end.
    """
    own, views, html = [shown(bet) for bet in survey.of(modules)], Views(page), ""
    if not own:
        return ""
    for s in own:
        rows = {f"{s.bet.method}, {name}": say.named(name) for name in s.out}
        lanes = {"together: both": "trained", "controls: reach": "reach"}
        html += views.figure(
            "controls", "", "Lead over its control, in % of full fine-tuning’s gain (trained) and"
            " of ‖ΔW‖² (reach); 95 % intervals; grey: under a point", rows,
            lanes=lanes if s.bet.reach else {"together: both": ""}, sides=SIDES, across="points",
            farthest=30, linked=False, title=s.name if len(own) > 1 else "",
        )  # fmt: skip
        heads = {survey.called(task).capitalize(): task for task in survey.tasks(s.bet)}
        table = views.table(
            "controls", {"Control": "name", "Trained": "trained", **heads, "Reach": "reach"},
            rows, sort=True,
        )  # fmt: skip
        given = {"named": say.named, "paper": lambda key: catalog().papers[key].url}
        html += page.draw("own", s, table, file=FILE, found=False, given=given)
    before, _, after = page.draw("around", len(own) == 1, file=FILE).partition("<!--inside-->")
    return before + html + after
