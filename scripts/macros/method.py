"""Page furniture for Markdown: what `{{ … }}` on a page calls.

The HTML stands in page.html, the facts in scripts/catalog. Only `page.url` and `page.meta` of a
page are used, so that another site generator can run these macros too. No macro has the name of a
front matter field: a page's fields hide macros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from adapters_np.core import arrays, knobs, load, parameters
from demos.probe import measure
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.catalog.counts import MODELS, TARGETS, count, counters
from scripts.catalog.exports import page_bibtex, read_site
from scripts.catalog.records import (
    DIMENSIONS,
    MOST,
    POINTS,
    Dimension,
    Method,
    Peft,
    Source,
    front_matter,
    sources,
)
from scripts.catalog.shapes import formula, shape_text
from scripts.macros import examples, peft_benchmark
from scripts.macros.argument import argument_map

FRAGMENTS = ROOT / ".build" / "demos"
COMPARISON = ROOT / ".build" / "compare" / "compare.html"

MEANINGS: dict[Dimension, str] = {
    "PE": "level with full fine-tuning with under 1 % of the parameters",
    "BL": "better than LoRA at a comparable budget",
    "BF": "level with or above full fine-tuning",
    "DE": "converges faster, or needs less data",
    "OOD": "generalises beyond the training distribution",
    "WA": "a baseline in many other papers",
}

BACK = {
    "generalises": "special_case_of",
    "generalised_by": "generalises",
    "special_case_of": "has as a special case",
    "successor_of": "succeeded_by",
    "builds_on": "built_on_by",
    "combines": "part_of",
}
"""How the other page words a relation; what is not here reads the same from both ends."""

NEEDS = {
    "merges": "Merges into the weight",
    "mixed_batch": "Several adapters in one batch",
    "quantised": "Works on a quantised base",
    "small": "Under 0.1 % of the model",
    "spectrum": "Keeps the spectrum",
    "peft": "In PEFT",
    "identity": "Starts at the identity",
}


# Words --------------------------------------------------------------------------------------------


def inline(text: str) -> Markup:
    r"""Return escaped text with `code`, *emphasis* and $maths$.

    >>> inline("`r` < *4* and $x_1$")
    Markup('<code>r</code> &lt; <em>4</em> and <span class="arithmatex">\\(x_1\\)</span>')
    """

    def dress(match: re.Match[str]) -> str:
        mark, inside = match[0][0], match[0][1:-1]
        if mark == "$":
            return f'<span class="arithmatex">\\({inside}\\)</span>'
        return f"<code>{inside}</code>" if mark == "`" else f"<em>{inside}</em>"

    pattern = r"`[^`]+`|\$[^$\s](?:[^$]*[^$\s])?\$|(?<![\w*])\*[^*\s](?:[^*]*[^*\s])?\*(?![\w*])"
    return Markup(re.sub(pattern, dress, escape(text, quote=False)))


def subscripts(formula: str) -> Markup:
    """Return a formula with d_in and d_out as letters with an index."""
    return Markup(re.sub(r"\bd_(in|out)\b", r"d<sub>\1</sub>", escape(formula)))


def decimal(value: float, digits: int = 2) -> str:
    """Return a number in so many digits, never in powers of ten.

    >>> decimal(0.0000623), decimal(25.0)
    ('0.000062', '25')
    """
    return np.format_float_positional(value, digits, fractional=False, trim="-")


def catalog() -> Catalog:
    """Return the catalogue, read once for a build."""
    return read()


def short(key: str) -> str:
    """Return a publication as "Hu et al. 2022"."""
    return catalog().papers[key].short


def publication(key: str) -> Markup:
    """Return a publication as a line of HTML with its address."""
    paper = catalog().papers[key]
    shown = escape(paper.url.removeprefix("https://"))
    return Markup(f'{escape(paper.sentence)} <a href="{escape(paper.url)}">{shown}</a>')


def snippet(peft: Peft) -> str:
    """Return the configuration in PEFT, with the names of knobs in braces for their values."""
    lines = [f"    {name}={{{knob}}}," for name, knob in peft.knobs.items()]
    lines += [f"    {name}={value!r}," for name, value in peft.fixed.items()]
    name = peft.config
    return "\n".join((f"from peft import {name}", "", f"config = {name}(", *lines, ")"))


def listing(path: Path, name: str, module: str = "") -> str:
    """Return a Python file as a listing that a reader can edit and run.

    Args:
        path: The file.
        name: What the listing is called in links.
        module: The method whose widgets show what is edited, if any.
    """
    file = path.relative_to(ROOT).as_posix()
    method = f' module="{module}"' if module else ""
    return (
        f'<div class="source-listing" data-module="{module}" data-search-exclude markdown="1">\n\n'
        f'<div class="ah"><code-cell name="{name}"{method}></code-cell></div>\n\n'
        f'```python title="{file}"\n--8<-- "{file}"\n```\n\n</div>\n'
    )


def keeps_spectrum(slug: str) -> bool:
    """Return whether the adapter keeps all singular values of the toy weight, measured."""
    change = measure(slug, {})
    gap = abs(change.sigma_after - change.sigma_before).max()
    return change.symbol == "W" and bool(gap < 1e-9 * change.sigma_before[0])


def offers(method: Method) -> list[str]:
    """Return which of the `NEEDS` a method meets."""
    cls = load(method.modules[0])
    met = {
        **method.deploy.model_dump(),
        "small": count(cls, MODELS[0]) < MODELS[0].total / 1000,
        "spectrum": keeps_spectrum(method.modules[0]),
        "peft": method.peft != "none",
        "identity": cls.starts_at_identity,
    }
    return [need for need in NEEDS if met[need]]


# Macros -------------------------------------------------------------------------------------------


def _literal(value: Any) -> str:
    """Return a knob's default as PEFT's users write it: 16, not 16.0."""
    return f"{value:g}" if isinstance(value, float) else repr(value)


class Furniture:
    """The macros of one page."""

    def __init__(self, env: Any) -> None:
        """Remember the generator's environment, which knows the page."""
        self.env = env
        self.cited: dict[str, dict[str, None]] = {}
        loader = FileSystemLoader(Path(__file__).parent)
        jinja = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        jinja.filters |= {
            "inline": inline,
            "subscripts": subscripts,
            "decimal": decimal,
            "short": short,
            "sources": self.note,
        }
        self.jinja = jinja

    @property
    def url(self) -> str:
        """The page's address below the site's root, "" for the home page."""
        return str(self.env.page.url or "").strip("/").removesuffix(".")

    @property
    def root(self) -> str:
        """The way from the page to the site's root."""
        return "../" * len([part for part in self.url.split("/") if part]) or "./"

    @property
    def method(self) -> Method:
        """The page's own record."""
        return catalog().methods[self.url.split("/")[-1]]

    def draw(self, name: str, *arguments: Any) -> str:
        """Return a piece of scripts/macros/page.html as one block of HTML."""
        titles = {m.slug: m.title for m in catalog().methods.values()}
        template = self.jinja.get_template("page.html")
        module = template.make_module({"root": self.root, "titles": titles})
        html = re.sub(r"\s*\n\s*", "", str(getattr(module, name)(*arguments)))
        return f'\n<div class="ah" data-search-exclude>{html}</div>\n'

    def note(self, text: str) -> tuple[Any, ...]:
        """Return the sources in a text, and note them for the page's list of references."""
        found: tuple[Source, ...] = sources(text)
        self.cited.setdefault(self.url, {}).update(dict.fromkeys(s.key for s in found))
        return found

    # Pages of methods

    def verdict(self) -> str:
        """Name, theme and totals."""
        return self.draw(
            "verdict", self.method, catalog().themes[self.method.theme].title, self.root, MOST
        )

    def demo(self, module: str = "") -> str:
        """The widget of a module, complete without a script."""
        slug = module or self.method.modules[0]
        path = FRAGMENTS / f"{slug}.html"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: the build draws it before the pages")
        html = path.read_text(encoding="utf-8").replace("\n", " ")
        attributes = f'method="{slug}"{self.peft_attribute(slug)} data-search-exclude'
        element = f"<adapter-demo {attributes}>{html}</adapter-demo>"
        return f'\n<div class="ah">{element}</div>\n'

    def comparison(self) -> str:
        """Two methods side by side, complete without a script."""
        if not COMPARISON.exists():
            raise FileNotFoundError(f"{COMPARISON} is missing: the build draws it before the pages")
        html, assets = COMPARISON.read_text("utf-8"), f"{self.root}assets/demo"
        return (
            f'\n<div class="ah"><link rel="stylesheet" href="{assets}/compare.css">'
            f"<adapter-compare data-search-exclude>{html}</adapter-compare>"
            f'<script type="module" src="{assets}/adapter-compare.js"></script></div>\n'
        )

    def arrays(self, module: str = "") -> str:
        """The declared arrays and the parameter formula."""
        cls = load(module or self.method.modules[0])
        fields = [
            {
                "name": f.name,
                "shape": shape_text(cls, f.shape),
                "role": "learned" if f.learned else "frozen",
            }
            for f in arrays(cls)
        ]
        n = parameters(cls, 64, 64)
        return self.draw("arrays", fields, formula(cls), n, 100 * n / 64**2)

    def source(self, module: str = "") -> str:
        """The tested file itself."""
        slug = module or self.method.modules[0]
        return listing(ROOT / "adapters_np" / "methods" / f"{slug}.py", slug, slug)

    def evidence_table(self) -> str:
        """The table of claims."""
        return self.draw("evidence", self.method)

    def grade(self) -> str:
        """Survey and audit side by side."""
        return self.draw("grade", self.method, DIMENSIONS, MEANINGS, POINTS, MOST, self.root)

    def errata_list(self) -> str:
        """The corrections to the source survey."""
        return self.draw("errata", self.method)

    def relations_list(self) -> str:
        """Relations in both directions."""
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
        return self.draw("relations", self.method, related, compare)

    def peft_config(self) -> str:
        """The configuration in PEFT, or where the code is."""
        m = self.method
        note = m.peft_note or ""
        if not isinstance(m.peft, Peft):
            return note
        own = knobs(load(m.modules[0]))
        values = {f"{{{name}}}": _literal(knob.default) for name, knob in own.items()}
        code = re.sub(r"\{\w+\}", lambda match: values.get(match[0], match[0]), snippet(m.peft))
        return f"```python\n{code}\n```\n\n{note}"

    def peft_attribute(self, module: str) -> str:
        """The configuration for the widget to fill in, as an attribute; nothing without one."""
        found = (m.peft for m in catalog().methods.values() if m.modules[0] == module)
        peft = next(found, None)
        if not isinstance(peft, Peft):
            return ""
        return f' data-peft="{escape(snippet(peft))}"'.replace("\n", "&#10;")

    def ref(self, key: str, where: str = "") -> str:
        """A citation in the text."""
        self.note(key)
        place = f", {where}" if where else ""
        return f'<span class="source">(<a href="#ref-{key}">{short(key)}</a>{place})</span>'

    def references(self) -> str:
        """The page's list of references: all that is cited above it."""
        keys = self.cited.get(self.url, {})
        return self.draw("references", [{"key": k, "html": publication(k)} for k in keys])

    def cite(self) -> str:
        """How to cite the page and the paper, and the list of references."""
        m = self.method
        self.cited[self.url] = dict.fromkeys(m.references)
        site = read_site()
        paper = m.papers[0]
        return f"""
**This page.** The Adapters as Hypotheses contributors (2026). {m.title}: {m.name}.
In *Adapters as Hypotheses*. <{site.url}{m.url}>

```bibtex
{page_bibtex(m, site)}
```

**The paper.** {publication(paper)}

```bibtex
{catalog().papers[paper].bibtex}
```

<p><a href="{m.slug}.bib" download>Both and all references of this page as BibTeX</a></p>

### References

{self.references()}
"""

    # Pages about all methods

    def cards(self) -> str:
        """All methods by theme."""
        groups = [
            {"key": key, "title": theme.title, "methods": catalog().of_theme(key)}
            for key, theme in catalog().themes.items()
        ]
        return self.draw("cards", groups, self.root, MOST)

    def dimensions(self) -> str:
        """The rubric's dimensions with how often they are awarded, confirmed and contested."""
        graded = [m for m in catalog().methods.values() if m.graded]

        rows = []
        for key, name in DIMENSIONS.items():
            verdicts = [m.audit[key].verdict for m in graded]
            awarded = sum(key in m.survey for m in graded)
            counts = (awarded, verdicts.count("confirmed"), verdicts.count("contested"))
            rows.append((key, name, POINTS[key], MEANINGS[key], counts))
        return self.draw("dimensions", rows)

    def argument_map(self) -> str:
        """The claims as a picture."""
        links = {slug: f"{self.root}methods/{slug}/" for slug in catalog().methods}
        svg = argument_map(self.env.page.meta["claims"], links)
        label = 'tabindex="0" role="group" aria-label="Argument map"'
        return f'\n<div class="ah"><div class="scroll wide" {label}>{svg}</div></div>\n'

    def claims_list(self) -> str:
        """The claims in words."""
        return self.draw("claims", self.env.page.meta["claims"])

    def claim_cards(self) -> str:
        """The claims and their verdicts in short, for the home page."""
        meta, _ = front_matter(ROOT / "docs" / "claims.md")
        return self.draw("claim_cards", meta["claims"])

    def themes_list(self) -> str:
        """The themes with their methods."""
        themes = self.env.page.meta["themes"]
        listed = [(t, [m.slug for m in catalog().of_theme(t["key"])]) for t in themes]
        return self.draw("themes", listed)

    def predictions_list(self) -> str:
        """The predictions and where they stand."""
        parts = []
        for i, p in enumerate(self.env.page.meta["predictions"], 1):
            parts.append(f"## {i}. {p['title']} {{ #prediction-{i} }}\n")
            parts.append(self.draw("prediction", p))
        return "\n".join(parts)

    def all_errata(self) -> str:
        """Every correction, by entry."""
        parts = []
        for m in (m for m in catalog().methods.values() if m.errata):
            keys = (s.key for e in m.errata for s in e.sources)
            self.cited.setdefault(self.url, {}).update(dict.fromkeys(keys))
            number = f"{m.number}. " if m.number else ""
            parts.append(f"## {number}[{m.title}](methods/{m.slug}.md) {{ #{m.slug} }}\n")
            parts.append(self.draw("errata", m))
        return "\n".join(parts)

    def scorecard(self) -> str:
        """The table of all methods."""
        rows: list[dict[str, Any]] = []
        for m in catalog().methods.values():
            cls = load(m.modules[0])
            by = {
                verdict: [d for d, v in m.audit.items() if v.verdict == verdict]
                for verdict in ("confirmed", "contested")
            }
            identity, n = cls.starts_at_identity, parameters(cls, 64, 64)
            rows.append(
                {"method": m, "formula": formula(cls), "count": n, "identity": identity, **by}
            )
        rows.sort(key=lambda row: (-row["method"].confirmed, -row["method"].contested))
        themes = {key: theme.title for key, theme in catalog().themes.items()}
        return self.draw("scorecard", rows, themes, DIMENSIONS, MOST)

    def chooser(self) -> str:
        """From needs to a shortlist."""
        return self.draw("chooser", [(m, offers(m)) for m in self.active()], NEEDS)

    def active(self) -> Iterator[Method]:
        """All methods that one would choose today."""
        return (m for m in catalog().methods.values() if m.status == "active")

    def parameter_table(self) -> str:
        """Trained parameters on real model shapes."""
        rows = []
        for m in self.active():
            cls = load(m.modules[0])
            counts = [(count(cls, model), model.total) for model in MODELS]
            rows.append(
                {"slug": m.slug, "title": m.title, "formula": formula(cls), "counts": counts}
            )
        return self.draw("parameter_table", rows, MODELS)

    def calculator(self) -> str:
        """Trained parameters of a method on a model of one's own."""
        return self.draw("calculator", counters(catalog()), MODELS, TARGETS)

    # The playground

    def example(self, name: str) -> str:
        """One example, as a listing."""
        return listing(next(e.path for e in examples.read() if e.name == name), name)

    def examples_list(self) -> str:
        """The examples of all themes, each behind its title."""
        parts = []
        for key, theme in catalog().themes.items():
            parts.append(f"## {theme.title}\n")
            for e in examples.read():
                if e.theme == key:
                    text = listing(e.path, e.name)
                    parts.append(
                        f'<details class="example" markdown="1">\n'
                        f"<summary>{escape(e.title)}</summary>\n\n{text}\n</details>\n"
                    )
        return "\n".join(parts)

    # The benchmark

    def links(self) -> dict[int, peft_benchmark.Link]:
        """The pages of all entries."""
        return {
            m.number: peft_benchmark.Link(f"{self.root}methods/{m.slug}/", m.title)
            for m in catalog().methods.values()
            if m.number
        }

    def benchmark_plot(self, suite: peft_benchmark.Suite, axis: Any) -> str:
        """Score against a cost."""
        svg = peft_benchmark.plot(suite, axis, self.links())
        return f'\n<div class="ah"><div class="scroll wide plot">{svg}</div></div>\n'

    def benchmark_table(self, suite: peft_benchmark.Suite) -> str:
        """All runs."""
        about: dict[str, dict[str, str]] = {
            "metamathqa": {
                "name": "mathematics", "score": "GSM8K, %", "side": "Forgetting", "format": "%.1f",
                "caption": "Llama-3.2-3B, MetaMathQA to GSM8K; ± is the standard error.",
            },
            "imagegen": {
                "name": "images", "score": "Similarity", "side": "Drift", "format": "%.3f",
                "caption": "FLUX.2-klein-base-4B, one subject.",
            },
        }  # fmt: skip
        rows = peft_benchmark.rows(suite)
        return self.draw("benchmark_table", rows, about[suite], self.links())

    def agreement(self) -> str:
        """The rank correlations of the benchmark with both totals."""
        graded = [m for m in catalog().methods.values() if m.graded and m.number]
        survey = {m.number: m.survey_total for m in graded if m.number}
        audit = {m.number: m.confirmed for m in graded if m.number}
        found = [
            ("Survey total and accuracy", peft_benchmark.agreement("metamathqa", survey)),
            (
                "The same, with the total of OFT instead of OFTv2 for PEFT’s OFT",
                peft_benchmark.agreement("metamathqa", survey, as_oft=True),
            ),
            ("Audit total (confirmed) and accuracy", peft_benchmark.agreement("metamathqa", audit)),
            (
                "Trained parameters and accuracy",
                peft_benchmark.agreement_with_parameters("metamathqa", list(survey)),
            ),
            ("Survey total and image similarity", peft_benchmark.agreement("imagegen", survey)),
            ("Audit total and image similarity", peft_benchmark.agreement("imagegen", audit)),
        ]
        return self.draw("agreement", found)
