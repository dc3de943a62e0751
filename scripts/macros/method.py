"""The furniture of a method's page: its widget, its file, its evidence and its grade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import urlencode

from adapters_np.core import arrays, knobs, load, parameters
from demos.settings import AIM
from scripts.bootstrap import ROOT
from scripts.catalog.records import DIMENSIONS, MOST, POINTS, Method, Peft
from scripts.catalog.shapes import formula, shape_text
from scripts.catalog.signatures import PEFT
from scripts.macros.bets import own_controls, shown
from scripts.macros.forest import Forests, risk
from scripts.macros.later import own_training, without
from scripts.macros.page import (
    MEANINGS,
    WIDEST,
    Part,
    catalog,
    inline,
    listing,
    macro,
    publication,
    short,
    subscripts,
)
from scripts.macros.views import TITLES
from scripts.stored.states import called, state
from scripts.stored.widgets import opening
from scripts.survey.facts.say import count, figures, number
from scripts.survey.results.bets import of
from scripts.survey.results.changes import SPECTRAL, families
from scripts.survey.sources.providers import facts
from scripts.survey.sources.rule import Dimension, Finding, Verdict, Word, by_source, vote

FRAGMENTS = ROOT / ".build" / "demos"

BACK = {
    "generalises": "special_case_of",
    "generalised_by": "generalises",
    "special_case_of": "has as a special case",
    "successor_of": "succeeded_by",
    "builds_on": "built_on_by",
    "combines": "part_of",
}
"""Relations as the other page words them; what is not here reads the same from both ends."""

TO_LORA = (
    "\n\n`convert_to_lora` turns a trained adapter into LoRA. The widget's *LoRA rank that keeps "
    "90 %* is the rank that it picks for `rank=0.9`."
)

SCALES = (
    "Scales every step of training, so moving it switches to Trained. "
    "The best fit is the same at any value."
)
"""What moving a knob shows that the trained arrays make up for, where its page does not say."""

EDGE = 0.05
"""A distance that shows as 0.0."""

CITED = """<span data-cite=""></span>

<div class="ah" data-search-exclude><div data-cite=""></div></div>
"""
"""Places for a citation, which scripts/finish/foot.py fills in, since it names the commit."""


def snippet(peft: Peft) -> str:
    lines = [f"    {name}={{{knob}}}," for name, knob in peft.knobs.items()]
    lines += [f"    {name}={value!r}," for name, value in peft.fixed.items()]
    name = peft.config
    return "\n".join((f"from peft import {name}", "", f"config = {name}(", *lines, ")"))


def _literal(value: Any) -> str:
    """Return a knob's default as PEFT's users write it: 16, not 16.0."""
    return f"{value:g}" if isinstance(value, float) else repr(value)


def configured(m: Method) -> str:
    """Return the configuration in PEFT at the knobs' defaults.

    Raises:
        ValueError: when the method is not in PEFT.
    """
    if not isinstance(m.peft, Peft):
        raise ValueError(f"{m.slug} is not in PEFT: its page says peft: {m.peft!r}")
    own = knobs(load(m.modules[0]))
    values = {f"{{{name}}}": _literal(knob.default) for name, knob in own.items()}
    return re.sub(r"\{\w+\}", lambda match: values.get(match[0], match[0]), snippet(m.peft))


def graded(m: Method) -> Iterator[dict[str, Any]]:
    for key, verdict in m.verdicts.items():
        sources = [
            {
                "key": source,
                "who": _who(found),
                "risk": risk(source, m.modules),
                "vote": _vote(found),
                "findings": found,
            }
            for source, found in by_source(m.found(key)).items()
        ]
        yield {
            "key": key,
            "name": DIMENSIONS[key],
            "meaning": MEANINGS[key],
            "worth": POINTS[key],
            "sources": sources,
            "units": len(m.found(key)),
            "reason": verdict.reason,
            "said": _weighed(key, verdict, len(sources)),
            "near": _nearest(verdict),
            "changes": "; ".join(_grouped(verdict.changes)),
        }


def _weighed(dimension: Dimension, verdict: Verdict, sources: int) -> str:
    """Return what a dimension's line says of its evidence: weights, or papers where they count."""
    if dimension == "WA":
        return f"{sources or 'no'} paper{'' if sources == 1 else 's'} by other groups"
    if not sources:
        return "nothing compared"
    return f"{number(verdict.F, 1)} for : {number(verdict.A, 1)} against"


BY = {
    "authors": "by the method’s authors",
    "rival": "by authors of another method",
    "independent": "by independent authors",
    "here": "by this site",
}


def _who(found: list[Finding]) -> str:
    """Return who ran a source's units; settings by the authors stand out in a source of others."""
    kinds = list(dict.fromkeys("here" if f.claimed_by == "us" else f.run_by for f in found))
    if len(kinds) == 1:
        return BY[kinds[0]]
    return "run by independent authors, in part with settings by the method’s authors"


def _nearest(verdict: Verdict) -> str:
    if not verdict.near:
        return ""
    weight, side, word, _ = verdict.near
    if weight < EDGE:
        return f"It is on a boundary: anything more {side} would make it {word}."
    more = number(weight, 1)
    return f"The nearest other verdict is {word}; it would take {more} more on the side {side}."


def _vote(found: list[Finding]) -> str:
    """Return a source's vote in words, such as "0.67 for, 1.33 against"."""
    given = [
        (f"{figures(weight, 3)} {side}", weight) for side, weight in vote(found)._asdict().items()
    ]
    words = ", ".join(text for text, weight in given if weight)
    return words.replace("supports", "for")


def _grouped(changes: dict[str, Word]) -> Iterator[str]:
    by_word: dict[Word, list[str]] = {}
    for how, word in changes.items():
        preposition, _, key = how.partition(" ")
        known = preposition == "without" and key in catalog().papers
        by_word.setdefault(word, []).append(f"without {short(key)}" if known else how)
    for word, ways in by_word.items():
        yield f"{word} {', or '.join(ways)}"


class Furniture(Part):
    """The macros of a method's page."""

    @property
    def method(self) -> Method:
        return catalog().methods[self.page.url.split("/")[-1]]

    @macro("text")
    def verdict(self) -> str:
        tested = [*map(shown, of(self.method.modules))]
        where, later = facts().say("together: study, where"), without(self.method.modules)
        return self.page.draw(
            "verdict", self.method, tested, given={"where": where, "later": later}
        )

    @macro("text")
    def answer(self) -> str:
        return self.page.draw("answer", self.method)

    @macro("widget")
    def demo(self, module: str = "", title: str = "", about: str = "") -> str:
        """The widget of a module, complete without a script; with a title it stands in a fold."""
        slug = module or self.method.modules[0]
        path = FRAGMENTS / f"{slug}.html"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: the build draws it before the pages")
        name = escape(catalog().names()[slug])
        html = path.read_text(encoding="utf-8")
        html = html.replace("<!--remarks-->", self.remarks(slug)).replace("\n", " ")
        html = self.hinted(html, slug)
        attributes = f'id="try-{slug}" method="{slug}" data-name="{name}" data-search-exclude'
        family = f"of-{self.method.theme}"
        element = f'<adapter-demo class="{family}" {attributes}>{html}</adapter-demo>'
        if title:
            heading = f'<h3 id="{slug.replace("_", "-")}">{escape(title)}</h3>'
            summary = f'<summary>{heading} <span class="soft">{inline(about)}</span></summary>'
            element = f'<details class="fold further">{summary}{element}</details>'
        return f'<div class="ah{"" if module else " instrument"}">{element}</div>\n'

    def remarks(self, slug: str) -> str:
        """Return what the page says of single changes, shown where the widget fits to one.

        Raises:
            ValueError: when the widget does not offer a change; the text names the page.
        """
        said, known = self.method.changes.get(slug, {}), [str(w) for w in AIM["world"].options]
        for world in sorted(said.keys() - set(known)):
            offered = ", ".join(known)
            raise ValueError(
                f"{self.method.file}: changes.{slug}: {world!r} is not one of {offered}"
            )
        first = opening(slug).get("world", AIM["world"].default)
        return "".join(
            f'<p class="remark" data-world="{world}"{"" if world == first else " hidden"}>'
            f"{escape(text)}</p>"
            for world, text in said.items()
        )

    def hinted(self, html: str, slug: str) -> str:
        """Return the widget with what the page says of its knobs below these.

        Raises:
            ValueError: when the widget has no such knob; the text names the page.
        """
        scales = {name: SCALES for name, knob in knobs(load(slug)).items() if knob.absorbed}
        for knob, text in (scales | self.method.hints.get(slug, {})).items():
            error, hint = (f'{slug}-{knob}-{kind}"' for kind in ("error", "hint"))
            place = f'<p class="error" id="{error}'
            if place not in html:
                raise ValueError(
                    f"{self.method.file}: hints.{slug}: {knob!r} is not one of its knobs"
                )
            html = html.replace(place, f'<p class="hint" id="{hint}>{escape(text)}</p>{place}')
            html = html.replace(f'describedby="{error}', f'describedby="{hint[:-1]} {error}')
        return html

    @macro()
    def sets(self, typed: str = "", module: str = "", said: str = "") -> str:
        """A button that sets the widget to settings, `name=value` pairs; see `state`.

        It says which, or what they are called.

        Raises:
            ValueError: when the widget cannot take them; the text names the page.
        """
        slug = module or self.method.modules[0]
        try:
            link = f"?{urlencode(state(slug, typed))}#try-{slug}"
        except ValueError as error:
            page = f"docs/methods/{self.method.slug}.md"
            raise ValueError(f'{page}: sets("{typed}"): {error}') from error
        return f'<a class="set" href="{escape(link)}">Set {escape(said or called(slug, typed))}</a>'

    @macro("widget")
    def implementation(self, module: str = "") -> str:
        """Count the parameters that a module trains; its arrays and the tested file follow."""
        slug = module or self.method.modules[0]
        cls = load(slug)
        fields = [
            {
                "name": f.name,
                "shape": shape_text(cls, f.shape),
                "role": "learned" if f.learned else "frozen",
            }
            for f in arrays(cls)
        ]
        path = ROOT / "adapters_np" / "methods" / f"{slug}.py"
        n = parameters(cls, 64, 64)
        noun = "parameter" if formula(cls) == "1" else "parameters"
        return f"""
**{cls.__name__}** trains {subscripts(formula(cls))} {noun} in a layer: on a 64 × 64 weight, by
default, {count(n)} or {figures(100 * n / 64**2, 3)} %.

{self.page.draw("arrays", fields)}

{listing(path, slug, slug)}
"""

    @macro("table")
    def evidence_table(self) -> str:
        """The method's own controls, and in folds claims and real changes."""
        real = [
            (title, family.says, family.name in SPECTRAL)
            for family in families()
            for title, methods in [TITLES[family.name]]
            if set(methods) & set(self.method.modules)
        ]
        own = own_controls(self.page, self.method.modules)
        drawn = self.page.draw("evidence", self.method.evidence, real)
        return own + own_training(self.page, self.method.modules) + drawn

    @macro("table")
    def grade(self) -> str:
        """Effects, then survey and audit side by side, with all evidence to add up."""
        effects = Forests(self.page).own_effects(self.method)
        theme = catalog().themes[self.method.theme]
        found = [*graded(self.method)]
        return effects + self.page.draw("grade", self.method, theme, found, MOST, WIDEST)

    @macro("list")
    def relations_list(self) -> str:
        compare = (ROOT / "docs" / "compare.md").exists()
        related = [
            (
                BACK.get(link.kind, link.kind) if not link.stated else link.kind,
                link.other,
                link.note,
            )
            for link in catalog().links(self.method.slug)
        ]
        related = [(kind.replace("_", " "), other, note) for kind, other, note in related]
        return self.page.draw("relations", self.method, related, compare)

    @macro("text")
    def peft_config(self) -> str:
        m = self.method
        note = m.peft_note or ""
        if not isinstance(m.peft, Peft):
            return note
        served = TO_LORA if m.peft.config in PEFT["to_lora"] else ""
        return f"```python\n{configured(m)}\n```\n\n{note}{served}"

    @macro("list")
    def cite(self) -> str:
        m = self.method
        self.page.cited[self.page.url] = dict.fromkeys(m.references)
        paper = m.papers[0]
        return f"""
**This page.** {CITED}

**The paper.** {publication(paper)}

<div class="citation" markdown="1">
<details class="fold" markdown="1" data-search-exclude>
<summary>BibTeX of the paper</summary>

```bibtex
{catalog().papers[paper].bibtex}
```

</details>

</div>

All references of this page, for a reference manager:
<a href="{m.slug}.bib" download>BibTeX</a>,
<a href="{m.slug}.ris" download>RIS</a>, <a href="{m.slug}.csl.json" download>CSL-JSON</a>.

### References

{self.page.references()}
"""
