"""Pages about all methods: cards, claims, scorecard, examples, the benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from html import escape
from typing import get_args

from demos.probe import measure
from scripts.bootstrap import ROOT
from scripts.catalog.others import read_others
from scripts.catalog.records import DIMENSIONS, MOST, Method
from scripts.macros import examples, family
from scripts.macros.bets import shown
from scripts.macros.page import WIDEST, Part, catalog, listing, macro
from scripts.macros.stages import drawing
from scripts.survey.facts.papers import flags, read_tables
from scripts.survey.facts.peft import Key, Suite, best
from scripts.survey.results.bets import of
from scripts.survey.sources.rule import Word
from scripts.survey.statistics.intervals import Agreement, spearman

COMPARISON = ROOT / ".build" / "compare" / "compare.html"

NEEDS = {
    "merges": "Merges into the weight",
    "mixed_batch": "Several adapters in one batch",
    "quantised": "Works on a quantised base",
    "spectrum": "Keeps the spectrum",
    "peft": "In PEFT",
    "identity": "Starts at the identity",
}


def keeps_spectrum(slug: str) -> bool:
    """Return whether the adapter keeps all singular values of the toy weight, measured."""
    change = measure(slug, {})
    gap = abs(change.sigma_after - change.sigma_before).max()
    return change.symbol == "W" and bool(gap < 1e-9 * change.sigma_before[0])


def offers(method: Method) -> list[str]:
    met = {
        **method.deploy.model_dump(),
        "spectrum": keeps_spectrum(method.modules[0]),
        "peft": method.in_peft,
        "identity": family.still(method.modules[0]),
    }
    return [need for need in NEEDS if met[need]]


def active() -> Iterator[Method]:
    return (m for m in catalog().methods.values() if m.status == "active")


class Lists(Part):
    @macro("table")
    def comparison(self) -> str:
        """Two methods side by side, complete without a script."""
        if not COMPARISON.exists():
            raise FileNotFoundError(f"{COMPARISON} is missing: the build draws it before the pages")
        html, assets = COMPARISON.read_text("utf-8"), f"{self.page.root}assets/demo"
        return (
            f'\n<div class="ah"><link rel="stylesheet" href="{assets}/compare.css">'
            f'<adapter-compare id="pair" data-search-exclude>{html}</adapter-compare>'
            f'<script type="module" src="{assets}/adapter-compare.js"></script></div>\n'
        )

    @macro("list")
    def cards(self) -> str:
        groups = [
            {"key": key, "title": title, "methods": catalog().of_theme(key)}
            for key, title in catalog().themes.items()
        ]
        small = {slug: drawing(slug) for slug in catalog().methods}
        tested = {m.slug: [*map(shown, of(m.modules))] for m in catalog().methods.values()}
        kinds = {key: words for key, (words, _) in family.BETS.items()}
        laid = {m.slug: family.bets(m.modules) for m in catalog().methods.values()}
        given = {"kinds": kinds, "laid": laid}
        return self.page.draw(
            "cards", groups, self.page.root, MOST, small, tested, found=False, given=given
        )

    @macro("table")
    def verdict_counts(self) -> str:
        words = get_args(Word)
        rows = []
        for key, name in DIMENSIONS.items():
            found = [m.verdicts[key] for m in self.graded()]
            counts = Counter(v.word for v in found)
            near = sum(v.near is not None and v.near.short for v in found)
            rows.append((key, name, [*(counts[word] for word in words), near]))
        return self.page.draw("verdict_counts", rows, words)

    def graded(self) -> list[Method]:
        return [m for m in catalog().methods.values() if m.graded]

    @macro("list")
    def flagged(self) -> str:
        return self.page.draw("flagged", list(flags(read_tables())))

    @macro("list")
    def others_list(self) -> str:
        return self.page.draw("others", read_others())

    @macro("table")
    def scorecard(self) -> str:
        methods = catalog().survey
        confirmed = {
            m.slug: [d for d, v in m.verdicts.items() if v.word == "confirmed"] for m in methods
        }
        about = (methods, confirmed, catalog().themes, DIMENSIONS, MOST, WIDEST)
        return self.page.draw("scorecard", *about, found=False)

    # The playground

    @macro("widget")
    def example(self, path: str, name: str) -> str:
        return listing(ROOT / path, name)

    @macro("list")
    def examples_list(self) -> str:
        parts = []
        for key, title in catalog().themes.items():
            parts.append(f"## {title}\n")
            for e in examples.read():
                if e.theme == key:
                    text = listing(e.path, e.name)
                    parts.append(
                        f'<details class="example" markdown="1">\n'
                        f"<summary>{escape(e.title)}</summary>\n\n{text}\n</details>\n"
                    )
        return "\n".join(parts)

    @macro("text")
    def agreement(self) -> str:
        return self.page.draw("agreement", agreements(), found=False)


def agreements() -> list[tuple[str, list[Agreement]]]:
    """Return the benchmark's rank correlations: all rows, and without those that test nothing."""
    numbers: dict[Key, Method] = {m.runs: m for m in catalog().survey if m.graded}
    survey = {n: m.survey_total for n, m in numbers.items()}
    audit = {n: m.confirmed for n, m in numbers.items()}
    trained = {n: float(row.parameters) for n, row in best("metamathqa").items() if n in numbers}
    idle = {n for n, m in numbers.items() if m.untested or m.slug == "fourierft"}
    found = [
        (name, [with_score("metamathqa", values), with_score("metamathqa", values, idle)])
        for name, values in (
            ("Survey total and accuracy", survey),
            ("Audit total (confirmed) and accuracy", audit),
            ("Trained parameters and accuracy", trained),
        )
    ]
    found += [
        (name, [with_score("imagegen", values)])
        for name, values in (
            ("Survey total and image similarity", survey),
            ("Audit total and image similarity", audit),
        )
    ]
    return found


def with_score(
    suite: Suite, values: Mapping[Key, float], without: Collection[Key] = ()
) -> Agreement:
    """Return Spearman's ρ between a value and the best score, over the entries that have both."""
    scores = {entry: row.score for entry, row in best(suite).items() if entry not in without}
    return spearman([(values[entry], scores[entry]) for entry in scores.keys() & values.keys()])
