"""Check pages, bibliography and modules against each other: every problem is a line.

The build does this first and `python -m scripts.catalog` alone; reading the catalogue does not.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from adapters_np import core
from adapters_np.knobs import Knob
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, errata, readable
from scripts.catalog.records import Method, Peft, quoted
from scripts.catalog.signatures import PEFT
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import outside, read_tables
from scripts.survey.facts.records import CatalogError, front_matter, references
from scripts.survey.facts.result import FULL, Said
from scripts.survey.sources.bare import astray, every
from scripts.survey.sources.providers import facts

# Parts of every page, in this order, and the words that each must contain.
PARTS: dict[str, tuple[str, ...]] = {
    "Hypothesis": (),
    "Evidence": ('{{ text("answer") }}', '{{ table("evidence") }}'),
    "In PEFT": ('{{ text("peft_config") }}',),
    "Mathematics": (),
    "Limits": (),
    "Implementation": (),
    "Grade": ('{{ table("grade") }}',),
    "Relations": ('{{ list("relations") }}',),
    "Errata": ('{{ list("errata") }}',),
    "Cite": ('{{ list("cite") }}',),
}
LONGEST_DESCRIPTION = 160


SIDEBAR = ROOT / "docs" / "methods" / ".nav.yml"
RECORD = "what it has is in scripts/catalog/peft_signatures.json"


def check(root: Path = ROOT) -> Catalog:
    """Return the whole catalogue when nothing is wrong with it.

    Raises:
        CatalogError: when anything is, with a line for each problem.
    """
    catalog, problems = readable(root)
    complete = not problems
    problems += page_problems(catalog)
    problems += graph_problems(catalog, root, complete)
    problems += source_problems(catalog, root, complete)
    with suppress(CatalogError):  # a file that cannot be read is named already
        problems += name_problems(root)
    if complete:
        problems += table_problems(catalog, root)
        problems += word_problems(catalog, root)
        errata.every(catalog, root)
        problems += address_problems(catalog, root)
    if problems:
        raise CatalogError("\n".join(problems))
    return catalog


def page_problems(catalog: Catalog) -> Iterator[str]:
    for m in catalog.methods.values():
        if list(m.sections) != list(PARTS):
            missing = [part for part in PARTS if part not in m.sections]
            rule = f"{', '.join(missing)} is missing" if missing else "not in the usual order"
            yield f"{m.file}: sections: {rule}; the parts are {', '.join(PARTS)}"
            continue
        for part, needed in PARTS.items():
            if not m.sections[part]:
                yield f"{m.file}: {part}: is empty"
            yield from (
                f"{m.file}: {part}: {macro} is missing"
                for macro in needed
                if macro not in m.sections[part]
            )
        if '{{ text("verdict") }}' not in m.body.partition("\n## ")[0]:
            yield f'{m.file}: {{{{ text("verdict") }}}} is missing between title and Hypothesis'
        for i, module in enumerate(m.modules):
            named = rf', "{module}"[,)]' + (r"|\)" if i == 0 else "")
            for name, where in (("demo", m.body), ("implementation", m.sections["Implementation"])):
                if not re.search(rf'widget\("{name}"({named})', where):
                    yield f'{m.file}: {{{{ widget("{name}", "{module}") }}}} is missing'
        if typed := re.search(r"\b\d(\.\d)?\s*(/|out of|of)\s*8 points\b", m.body):
            yield f"{m.file}: {typed[0]!r} is a typed score; totals are computed"
        if len(m.description) > LONGEST_DESCRIPTION or re.search(r"[*_`${}\[\]]", m.description):
            yield (
                f"{m.file}: Hypothesis: the first sentence describes the page in search and cards; "
                f"at most {LONGEST_DESCRIPTION} letters of plain text, not {m.description!r}"
            )


def word_problems(catalog: Catalog, root: Path) -> Iterator[str]:
    """Yield claims that are called confirmed and that only the method's authors have measured."""
    by = {source.key: source for source in read_tables(root)}
    for m in catalog.methods.values():
        for i, claim in enumerate(m.evidence):
            keys = [source.key for source in claim.sources]
            own = all(
                key in m.papers or (key in by and by[key].run_by(m.modules) == "authors")
                for key in keys
            )
            if claim.verdict == "confirmed" and own and not claim.follows:
                yield (
                    f"{m.file}: evidence.{i}.verdict: only its authors say so, which is reported, "
                    "not confirmed; where it follows from the formula, say `follows: true`"
                )


def graph_problems(catalog: Catalog, root: Path, complete: bool) -> Iterator[str]:
    """Yield what does not fit together: modules, relations, numbers, names, themes.

    `complete`: every page could be read, so that what is missing is truly missing.
    """
    methods = catalog.methods.values()
    modules = {p.stem for p in (root / "adapters_np/methods").glob("*.py")} - {"__init__"}
    claimed = {module for m in methods for module in m.modules}
    if complete:
        for module in sorted(modules - claimed):
            yield f"adapters_np/methods/{module}.py: has no page docs/methods/{module}.md"
    for m in methods:
        for module in m.modules:
            if module not in modules:
                yield f"{m.file}: modules: adapters_np/methods/{module}.py is missing"
        if m.theme not in catalog.themes:
            yield f"{m.file}: theme: {m.theme!r} is not one of {', '.join(catalog.themes)}"
        targets = [("relations", r.to) for r in m.relations]
        targets += [("superseded_by", m.superseded_by)] if m.superseded_by else []
        for field, slug in targets:
            if complete and slug not in catalog.methods:
                yield f"{m.file}: {field}: there is no page {slug!r}"
            if slug == m.slug:
                yield f"{m.file}: {field}: a method is not related to itself"
        if isinstance(m.peft, Peft):
            # The page and the widget fill in the knobs of the first module only.
            yield from _knob_problems(m.file, m.peft, m.modules[0], modules)
            yield from _peft_problems(m.file, m.peft)
    yield from _clashes("number", [(m.number, m) for m in methods if m.number])
    yield from _clashes("title", [(m.title, m) for m in methods])
    names = [(m.slug, m) for m in methods] + [(a, m) for m in methods for a in m.aliases]
    yield from _clashes("aliases", names)
    pefts = [(m.peft, m) for m in methods]
    kept = [(name, m) for p, m in pefts if isinstance(p, Peft) for name in p.memory]
    yield from _clashes("peft.memory", kept)


def _knob_problems(file: str, peft: Peft, module: str, modules: Set[str]) -> Iterator[str]:
    knobs = _knobs(module) if module in modules else {}
    for argument, knob in peft.knobs.items():
        if knob not in knobs:
            yield f"{file}: peft.knobs.{argument}: {knob!r} is not a knob of {module}"


def _peft_problems(file: str, peft: Peft) -> Iterator[str]:
    known = PEFT["signatures"].get(peft.config)
    if known is None:
        yield f"{file}: peft.class: PEFT {PEFT['peft']} has no {peft.config}; {RECORD}"
        return
    recipe = peft.recipe.arguments if peft.recipe else {}
    for field, arguments in (
        ("knobs", peft.knobs), ("fixed", peft.fixed), ("recipe.arguments", recipe),
    ):  # fmt: skip
        for name in arguments:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"is {near[0]} meant?" if near else RECORD
                place = f"{file}: peft.{field}.{name}"
                yield f"{place}: {peft.config} of PEFT {PEFT['peft']} has no such argument; {hint}"


def _knobs(module: str) -> Mapping[str, Knob]:
    return core.knobs(core.load(module))


def _clashes(field: str, owned: list[tuple[Any, Method]]) -> Iterator[str]:
    counts = Counter(value for value, _ in owned)
    for value, m in owned:
        if counts[value] > 1:
            others = sorted({o.file for v, o in owned if v == value and o.slug != m.slug})
            yield f"{m.file}: {field}: {value!r} is taken, see {', '.join(others) or 'this page'}"


def source_problems(catalog: Catalog, root: Path, complete: bool) -> Iterator[str]:
    """Yield unknown keys, wherever a page or a module names one, and entries that nothing names.

    The latter only where everything could be read, since what could not be may name them.
    """
    used = set()
    for place, named in (*_named_on_pages(root), *_named_in_modules(root), *_named_by_tables(root)):
        if not named:
            yield place
            complete = False
            continue
        used.add(named)
        if named not in catalog.papers:
            yield f"{place}: {named!r} is not in docs/references.bib"
    for key in catalog.papers if complete else ():
        if key not in used:
            yield f"docs/references.bib: {key}: no page and no module names it"


def _named_on_pages(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((root / "docs").rglob("*.md")):
        file = path.relative_to(root)
        try:
            data, body = front_matter(path)
        except ValueError as error:
            if path.parent.name != "methods":
                yield f"{file}: {error}", ""
            continue
        keys = [*_named(data), *(("text", key) for key in quoted(body))]
        keys += [("papers", key) for key in data.get("papers") or ()]
        yield from ((f"{file}: {field}", key) for field, key in keys)


def _named_in_modules(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((root / "adapters_np/methods").glob("*.py")):
        if path.name == "__init__.py":
            continue
        file = path.relative_to(root)
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"), str(path))) or ""
        for field in ("Source", "Differs"):
            if not re.search(rf"^{field}: *\S", docstring, re.M):
                yield f"{file}: {field}: is missing", ""
        yield from ((f"{file}: Source", key) for key in _sourced(docstring))


def _named_by_tables(root: Path) -> Iterator[tuple[str, str]]:
    for paper in read_tables(root):
        yield f"docs/data/tables/{paper.key}.yml", paper.key


def address_problems(catalog: Catalog, root: Path) -> Iterator[str]:
    store = facts(root)
    yield from map(str, every(root))
    yield from astray(root, store, catalog.papers)


def name_problems(root: Path) -> Iterator[str]:
    modules, printed = set(core.slugs()), {FULL, *outside(root)}
    for slug in sorted(modules & printed):
        yield f"docs/data/outside.yml: {slug!r} is a module of adapters_np/methods"
    for paper in read_tables(root):
        named = [("authors_of", m) for m in paper.authors_of if m not in printed - {FULL}]
        for i, table in enumerate(paper.tables):
            named += [(f"tables.{i}", r.method) for r in table.rows if r.method not in printed]
            named += [(f"tables.{i}", r.same_as) for r in table.rows if r.same_as]
        named += [(f"findings.{i}", said.method) for i, said in enumerate(paper.findings)]
        for field, method in dict.fromkeys(named):
            if method not in modules:
                file = f"docs/data/tables/{paper.key}.yml"
                yield f"{file}: {field}: {method!r} is no module of adapters_np/methods"


def table_problems(catalog: Catalog, root: Path) -> Iterator[str]:
    pages = {module: m for m in catalog.methods.values() for module in m.modules}
    models = read_models(root)
    for paper in read_tables(root):
        file = f"docs/data/tables/{paper.key}.yml"
        for i, table in enumerate(paper.tables):
            if table.model not in models:
                yield f"{file}: tables.{i}: docs/data/models.yml has no size of {table.model!r}"
        for i, said in enumerate(paper.findings):
            if said.method in pages:
                yield from (
                    f"{file}: findings.{i}: {problem}"
                    for problem in _said_problems(said, paper.key, pages[said.method])
                )


def _said_problems(said: Said, key: str, page: Method) -> Iterator[str]:
    findings = [f for f in page.found(said.dimension) if f.source_key == key]
    if said.dimension == "WA":
        if page.graded and not findings:
            yield f"{said.method} is the authors' own, and WA counts papers by others"
    elif [f.unit for f in findings].count(said.unit) > 1:
        yield (
            f"{said.dimension} of {said.method} on {said.unit!r} is there already: typed twice, or "
            "read off a table"
        )


def _sourced(docstring: str) -> Iterator[str]:
    """Yield the keys that a module names from `Source:` to `Differs:`."""
    text = docstring.partition("\nSource:")[2].partition("\nDiffers:")[0]
    for i, part in enumerate(text.split(";")):
        word = re.split(r"[\s,.]", part.strip())[0]
        # A later part may go on about the one before it; unlike a key, such a part begins with a
        # plain word: "section 3.4 for COFT".
        if word and (i == 0 or re.search(r"[\d_]", word)):
            yield word


def _named(data: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys in all `source` fields of a front matter, with the place of the field."""
    if isinstance(data, dict):
        for name, value in data.items():
            place = f"{field}.{name}".strip(".")
            if name == "source" and isinstance(value, str):
                yield from ((place, source.key) for source in references(value))
            else:
                yield from _named(value, place)
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _named(value, f"{field}.{i}")


def main() -> None:
    """Check the catalogue, and write the sidebar's order of methods: by theme."""
    catalog = check()
    themes = [
        {title: [f"{m.slug}.md" for m in catalog.of_theme(key)]}
        for key, title in catalog.themes.items()
    ]
    text = yaml.safe_dump({"nav": ["index.md", *themes]}, allow_unicode=True)
    if not SIDEBAR.is_file() or SIDEBAR.read_text("utf-8") != text:  # a preview watches it
        SIDEBAR.write_text(text, "utf-8")
