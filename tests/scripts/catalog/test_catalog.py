"""The catalogue is whole, its totals are sums, and each check fails when it should."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest

from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.catalog.checks import check
from scripts.catalog.records import DIMENSIONS, MOST, POINTS
from scripts.macros.lists import agreements
from scripts.survey.facts.records import CatalogError
from scripts.survey.sources.claims import read_claims, read_predictions
from scripts.survey.sources.rule import Word

# Grades that the source survey publishes: entry, total, dimensions.
PUBLISHED = """
6 5.0 PE+BL+BF+DE
4 4.5 PE+BL+BF+WA
11 4.5 PE+DE+OOD
13 4.0 PE+BF+DE
5 3.5 PE+BL+DE
8 3.5 PE+BL+DE
31 3.5 PE+BL+BF
32 3.5 PE+BL+DE
2 2.5 PE+DE
16 2.5 PE+BF
17 2.5 PE+BF
21 2.5 PE+DE
27 2.5 PE+DE
1 2.0 PE+WA
7 2.0 PE+BL
33 2.0 PE+BL
3 1.0 PE
9 1.0 PE
10 1.0 PE
12 1.0 PE
14 1.0 PE
15 1.0 PE
18 1.0 PE
19 1.0 PE
20 1.0 PE
22 1.0 PE
23 1.0 PE
24 1.0 PE
25 1.0 PE
26 1.0 PE
28 1.0 PE
"""
SURVEY = {
    int(number): (float(total), set(dimensions.split("+")))
    for number, total, dimensions in map(str.split, PUBLISHED.strip().splitlines())
}


# The catalogue as it is ---------------------------------------------------------------------------


def test_every_entry_of_the_survey_has_a_page() -> None:
    numbers = [m.number for m in read().survey]
    assert numbers == list(range(1, 34))


def test_survey_totals_are_the_published_ones() -> None:
    graded = {m.number: m for m in read().methods.values() if m.number and m.survey}
    assert {n: (m.survey_total, set(m.survey)) for n, m in graded.items()} == SURVEY


def test_audit_totals_follow_from_the_verdicts() -> None:
    for m in read().methods.values():
        points = dict.fromkeys(get_args(Word), 0.0)
        for dimension, verdict in m.verdicts.items():
            points[verdict.word] += POINTS[dimension]
        assert (m.confirmed, m.contested) == (points["confirmed"], points["contested"])
        assert m.reported == points["reported"]
        assert sum(points.values()) == (MOST if m.graded else 0)


def test_the_evidence_page_says_what_its_correlations_say() -> None:
    found = agreements()
    totals = [a for name, sets in found if not name.startswith("Trained") for a in sets]
    assert len(totals) == 3 * 3 + 2
    assert all(a.low < 0 < a.high for a in totals)
    everything, *cleaned = next(sets for name, sets in found if name.startswith("Trained"))
    assert everything.low > 0
    assert [a.n for a in cleaned] == [18, 17]
    assert all(a.low < 0 < a.high for a in cleaned)


def test_every_relation_is_seen_from_both_ends() -> None:
    catalog = read()
    for m in catalog.methods.values():
        for relation in m.relations:
            back = catalog.links(relation.to)
            assert any(not link.stated and link.other is m for link in back), (m.slug, relation)


def test_descriptions_are_plain_text() -> None:
    for m in read().methods.values():
        assert re.fullmatch(r"[^*_`${}\[\]]+[.!?]", m.description), m.description


def test_the_summary_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["scripts.catalog"])
    runpy.run_path(f"{ROOT}/scripts/catalog/__main__.py", run_name="__main__")
    methods = len(read().methods)
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{methods} methods, ")


# Mistakes, one at a time --------------------------------------------------------------------------


def copied(folder: Path) -> Path:
    for name in ("docs", "adapters_np"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):  # which pages include
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose tables stay as they are, so that they are read once for all tests."""
    copy = copied(tmp_path_factory.mktemp("project"))
    check(copy)  # what is read once is read before anything is edited
    return copy


@contextmanager
def edited(*paths: Path, by: Callable[[str], str]) -> Iterator[None]:
    """Edit files of the copy for a while, which are not its tables."""
    texts = {path: path.read_text("utf-8") for path in paths}
    try:
        for path, text in texts.items():
            path.write_text(by(text), "utf-8")
        forget()
        yield
    finally:
        for path, text in texts.items():
            path.write_text(text, "utf-8")
        forget()


def forget() -> None:
    """Forget what has been read of pages that checks read once."""
    read_claims.cache_clear()
    read_predictions.cache_clear()


def problems(project: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        check(project)
    return str(caught.value).splitlines()


def replace(old: str, new: str) -> Callable[[str], str]:
    """An edit of a text that must hold what it replaces."""

    def edit(text: str) -> str:
        assert re.search(old, text, re.M | re.S), old
        return re.sub(old, new, text, count=1, flags=re.M | re.S)

    return edit


def test_a_copy_without_mistakes_passes(project: Path) -> None:
    assert check(project).methods.keys() == read().methods.keys()


MISTAKES = {
    "unknown key of a paper": (
        replace(r"^papers: \[", "papers: [nobody2020, "),
        "docs/methods/lora.md: papers: 'nobody2020' is not in docs/references.bib",
    ),
    "unknown key in the text": (
        replace(r"\Z", '\n{{ ref("nobody2020", "Table 1") }}\n'),
        "docs/methods/lora.md: text: 'nobody2020' is not in docs/references.bib",
    ),
    "dimension without a reason": (
        replace(r"(audit:\n  PE:)[^\n]+", r"\1 ''"),
        "docs/methods/lora.md: audit.PE: String should have at least 1 character",
    ),
    "typed verdict": (
        replace(r"(audit:\n  PE:)[^\n]+", r"\1 {verdict: confirmed, reason: x}"),
        "docs/methods/lora.md: audit.PE: Input should be a valid string",
    ),
    "typed findings": (
        replace(r"^audit:", "findings: []\naudit:"),
        "docs/methods/lora.md: findings: is computed, never typed",
    ),
    "unknown verdict of an override": (
        replace(r"^audit:", "overrides: {PE: {verdict: plausible, reason: x}}\naudit:"),
        "docs/methods/lora.md: overrides.PE.verdict: Input should be 'confirmed', 'reported', "
        "'contested', 'too little', 'no evidence', 'against, too little' or 'contradicted'",
    ),
    "override without a reason": (
        replace(r"^audit:", "overrides: {PE: {verdict: confirmed}}\naudit:"),
        "docs/methods/lora.md: overrides.PE.reason: Field required",
    ),
    "five dimensions": (
        replace(r"^  WA: [^\n]+\n", ""),
        "docs/methods/lora.md: audit: WA is missing; it has all six or none",
    ),
    "evidence without a source": (
        replace(r"^(evidence:\n.*?)    source: [^\n]+\n", r"\1"),
        "docs/methods/lora.md: evidence.0.source: Field required",
    ),
    "unknown verdict of a claim": (
        replace(r"^(evidence:\n.*?    verdict: )\w+", r"\1maybe"),
        "docs/methods/lora.md: evidence.0.verdict: Input should be 'confirmed', "
        "'reported', 'partly', 'contested', 'too little', 'no evidence', 'wrong' or 'unverified'",
    ),
    "typed score": (
        replace(r"^theme:", "score: 3.5\ntheme:"),
        "docs/methods/lora.md: score: Extra inputs are not permitted",
    ),
    "typed score in the text": (
        replace(r"^## Limits\n", "## Limits\n\nThe method gets 3.5 of 8 points.\n"),
        "docs/methods/lora.md: '3.5 of 8 points' is a typed score; totals are computed",
    ),
    "missing field": (
        replace(r"^deploy:\n(  [^\n]+\n)+", ""),
        "docs/methods/lora.md: deploy: Field required",
    ),
    "missing section": (
        replace(r"^## Limits\n.*?(?=^## )", ""),
        "docs/methods/lora.md: sections: Limits is missing; the parts are Hypothesis, What to "
        "notice, Evidence, Grade, In PEFT, Mathematics, Implementation, Limits, Relations, Errata, "
        "Cite",
    ),
    "empty section": (
        replace(r"^## Limits\n.*?(?=^## )", "## Limits\n\n"),
        "docs/methods/lora.md: Limits: is empty",
    ),
    "missing macro": (
        replace(r'\{\{ table\("grade"\) \}\}', "See above."),
        'docs/methods/lora.md: Grade: {{ table("grade") }} is missing',
    ),
    "missing widget": (
        replace(r'\{\{ widget\("demo"\) \}\}', ""),
        'docs/methods/lora.md: {{ widget("demo", "lora") }} is missing',
    ),
    "unknown theme": (
        replace(r"^theme: \w+", "theme: fashion"),
        "docs/methods/lora.md: theme: 'fashion' is not one of basis, orthogonality, strength, "
        "gain, rank, architecture",
    ),
    "unknown target of a relation": (
        replace(r"^relations:.*?(?=^---)", "relations: [{kind: combines, to: nil, note: x}]\n"),
        "docs/methods/lora.md: relations: there is no page 'nil'",
    ),
    "relation to itself": (
        replace(r"^relations:.*?(?=^---)", "relations: [{kind: combines, to: lora, note: x}]\n"),
        "docs/methods/lora.md: relations: a method is not related to itself",
    ),
    "number twice": (
        replace(r"^number: 1$", "number: 2"),
        "docs/methods/lora.md: number: 2 is taken, see docs/methods/oft.md",
    ),
    "title twice": (
        replace(r"^title: LoRA$", "title: VeRA"),
        "docs/methods/lora.md: title: 'VeRA' is taken, see docs/methods/vera.md",
    ),
    "alias that is a page": (
        replace(r"^aliases: \[", "aliases: [vera, "),
        "docs/methods/lora.md: aliases: 'vera' is taken, see docs/methods/vera.md",
    ),
    "alias twice": (
        replace(r"^aliases: \[rslora", "aliases: [rslora, rslora"),
        "docs/methods/lora.md: aliases: 'rslora' is taken, see this page",
    ),
    "unknown knob in PEFT's arguments": (
        replace(r"\{r: rank", "{r: width"),
        "docs/methods/lora.md: peft.knobs.r: 'width' is not a knob of lora",
    ),
    "argument that PEFT does not have": (
        replace(r"\{r: rank", "{lora_r: rank"),
        "docs/methods/lora.md: peft.knobs.lora_r: LoraConfig of PEFT 0.21.2 has no such argument; "
        "is lora_dropout meant?",
    ),
    "class that PEFT does not have": (
        replace(r"class: LoraConfig", "class: LoRAConfig"),
        "docs/methods/lora.md: peft.class: PEFT 0.21.2 has no LoRAConfig; what it has is in "
        "scripts/catalog/peft_signatures.json",
    ),
    "memory that another page tells": (
        replace(r"^    LORA: ", "    VERA: "),
        "docs/methods/lora.md: peft.memory: 'VERA' is taken, see docs/methods/vera.md",
    ),
    "memory that is no formula": (
        replace(r"4 \* tokens \* d_in", "4 tokens"),
        "docs/methods/lora.md: peft.memory.LORA.kept: '4 tokens' is no expression: invalid syntax",
    ),
    "page without a module": (
        replace(r"^title:", "modules: [lora, lora_two]\ntitle:"),
        "docs/methods/lora.md: modules: adapters_np/methods/lora_two.py is missing",
    ),
    "page without any module": (
        replace(r"^title:", "modules: []\ntitle:"),
        "docs/methods/lora.md: modules: Tuple should have at least 1 item",
    ),
    "reason of a dimension twice": (
        replace(r"^(  BF: )", r"  PE: x\n\1"),
        "docs/methods/lora.md: line 27: 'PE' is there twice",
    ),
    "sentence about a module of another page": (
        replace(r"^changes:\n  lora:", "changes:\n  vera:"),
        "docs/methods/lora.md: changes: vera is not in modules",
    ),
    "long sentence about a change": (
        replace(r'^    few: "', '    few: "' + 25 * "very "),
        "docs/methods/lora.md: changes.lora.few: 'very very",
    ),
    "mathematics in the description": (
        replace(r"^## Hypothesis\n\n", "## Hypothesis\n\nThe change $BA$ has rank $r$. "),
        "docs/methods/lora.md: Hypothesis: the first sentence describes the page in search and "
        "cards; at most 160 letters and no mathematics, not 'The change $BA$ has rank $r$.'",
    ),
    "front matter that is no YAML": (
        replace(r"^title: LoRA$", "title: LoRA: what"),
        "docs/methods/lora.md: the front matter is not YAML: mapping values are not allowed",
    ),
    "front matter that contains itself": (
        replace(r"^title: LoRA$", "title: LoRA\nfoo: &a [*a]"),
        "docs/methods/lora.md: the front matter is not YAML: an alias (*) stands within",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_on_a_page_is_named_with_file_and_field(project: Path, mistake: str) -> None:
    edit, expected = MISTAKES[mistake]
    with edited(project / "docs/methods/lora.md", by=edit):
        found = problems(project)
    assert any(line.startswith(expected) for line in found), found


def test_an_unknown_kind_of_relation_is_named(project: Path) -> None:
    edit = replace(r"\{kind: \w+", "{kind: resembles")
    with edited(project / "docs/methods/dora.md", by=edit):
        (line,) = problems(project)
    assert line.startswith("docs/methods/dora.md: relations.0.kind: Input should be 'generalises'")


def test_a_page_without_its_module_and_a_module_without_its_page_are_named(project: Path) -> None:
    page, module = project / "docs/methods/vera.md", project / "adapters_np/methods/ia3.py"
    with edited(page, module, by=str):  # which puts them back
        page.unlink()
        module.unlink()
        found = problems(project)
    assert "adapters_np/methods/vera.py: has no page docs/methods/vera.md" in found
    assert "docs/methods/ia3.md: modules: adapters_np/methods/ia3.py is missing" in found


def test_a_knob_in_peft_s_arguments_is_one_of_the_first_module(project: Path) -> None:
    edit = replace("temperature: temperature", "temperature: skills")
    with edited(project / "docs/methods/xlora.md", by=edit):
        (line,) = problems(project)
    assert line == (
        "docs/methods/xlora.md: peft.knobs.softmax_temperature: 'skills' is not a knob of xlora"
    )


@pytest.mark.parametrize(
    ("module", "right", "wrong"),
    [
        ("trainable_tokens", "peft_trainable_tokens", "peft_trainable_tokns"),
        ("lora", "hu2022lora", "Hu2022lora"),
        ("lora", "hu2022lora", "hu202lora"),
        ("lora", "hu2022lora", "hulora"),
        ("lora", "hu2022lora", "(hulora)"),
        ("lora", "kalajdzievski2023rslora", "kalajdzievski2O23rslora"),
        ("bone", "the row form is", "nobody2020"),
    ],
)
def test_a_wrong_key_in_any_line_of_a_source_is_named(
    project: Path, module: str, right: str, wrong: str
) -> None:
    path = project / f"adapters_np/methods/{module}.py"
    assert path.read_text("utf-8").count(right) == 1
    with edited(path, by=lambda text: text.replace(right, wrong)):
        found = problems(project)
    expected = f"adapters_np/methods/{module}.py: Source: {wrong!r} is not in docs/references.bib"
    assert expected in found


@pytest.mark.parametrize("field", ["Source", "Differs"])
def test_a_module_that_lacks_a_line_of_its_docstring_is_named(project: Path, field: str) -> None:
    path = project / "adapters_np/methods/lora.py"
    with edited(path, by=replace(f"\n{field}:", f"\nOf {field}:")):
        found = problems(project)
    assert f"adapters_np/methods/lora.py: {field}: is missing" in found


def test_an_entry_of_the_bibliography_that_nothing_names_is_named(project: Path) -> None:
    entry = (
        "\n@misc{nobody2020,\n title={T},\n author={N},\n year={2020},\n url={https://x.org}\n}\n"
    )
    with edited(project / "docs/references.bib", by=lambda text: text + entry):
        (line,) = problems(project)
    assert line == "docs/references.bib: nobody2020: no page and no module names it"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("@misc{a2020, title={T}, year={2020}, url={u}\n}", "author is missing"),
        ("@misc{a2020, title={T}, author={N}, year={2020}\n}", "doi, eprint or url is missing"),
        ("@misc{hu2022lora, title={T}\n}", "repeated bibliography entry: hu2022lora"),
        ("@misc{a2020, title={T}", "syntax error"),
    ],
)
def test_a_bad_entry_of_the_bibliography_is_named(project: Path, entry: str, expected: str) -> None:
    with edited(project / "docs/references.bib", by=lambda text: f"{text}\n{entry}\n"):
        (line,) = problems(project)
    assert line.startswith("docs/references.bib: ")
    assert expected in line


@pytest.mark.parametrize("page", ["methods/lora.md", "about.md"])
def test_a_page_that_is_no_yaml_brings_no_complaint_about_the_bibliography(
    project: Path, page: str
) -> None:
    broken = replace(r"^title: ([^\n]*)", r"title: \1: what")
    with edited(project / "docs" / page, by=broken):
        (line,) = (x for x in problems(project) if not x.startswith("docs/methods/index.md"))
    assert line.startswith(f"docs/{page}: the front matter is not YAML")


def test_an_unknown_key_on_another_page_or_in_a_module_is_named(project: Path) -> None:
    page, module = project / "docs/claims.md", project / "adapters_np/methods/lora.py"
    with (
        edited(page, by=lambda text: re.sub(r"source: \w+", "source: who2022", text)),
        edited(module, by=replace("hu2022lora", "who2022lora")),
    ):
        found = problems(project)
    missing = "is not in docs/references.bib"
    assert f"docs/claims.md: claims.0.supports.0.source: 'who2022' {missing}" in found
    assert f"adapters_np/methods/lora.py: Source: 'who2022lora' {missing}" in found


def test_a_key_that_is_twice_on_another_page_is_named(project: Path) -> None:
    with edited(project / "docs/claims.md", by=replace("---\n", "---\nthemes: []\n")):
        (line,) = problems(project)
    assert re.fullmatch(r"docs/claims\.md: line \d+: 'themes' is there twice", line)


CLAIMS = {
    "a verdict that the rule does not know": (
        "claims.md", replace(r"verdict: contested", "verdict: partly"),
        "docs/claims.md: claims.0.verdict: Input should be 'confirmed', 'reported', 'contested'",
    ),
    "a field that no claim has": (
        "claims.md", replace(r"    missing:", "    mising:"),
        "docs/claims.md: claims.0.missing: Field required",
    ),
    "an argument about a method without a page": (
        "claims.md", replace(r"methods: \[ssvd, pissa\]", "methods: [ssvd, pizza]"),
        "docs/claims.md: basis: methods: there is no page 'pizza'",
    ),
    "a prediction without its confidence": (
        "predictions.md", replace(r"    confidence: 70\n", ""),
        "docs/predictions.md: predictions.0: has either a confidence or the entry that states it",
    ),
    "a probability of more than one": (
        "predictions.md", replace(r"    ours: 40", "    ours: 400"),
        "docs/predictions.md: predictions.0.ours: Input should be less than or equal to 100",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("page", "edit", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_a_mistake_in_a_claim_or_a_prediction_is_named(
    project: Path, page: str, edit: Callable[[str], str], expected: str
) -> None:
    with edited(project / "docs" / page, by=edit):
        found = problems(project)
    assert any(line.startswith(expected) for line in found), found


TABLES = {
    "unknown method of a row": (
        replace(r"method: boft,", "method: bofd,"),
        "tables.0: 'bofd' is no module of adapters_np/methods",
    ),
    "unknown author's method": (
        replace(r"^authors_of: \[boft", "authors_of: [bofd"),
        "authors_of: 'bofd' is no module of adapters_np/methods",
    ),
    "model without a size": (
        replace(r"model: Llama-2-7B", "model: Llama-9-7B"),
        "tables.1: docs/data/models.yml has no size of 'Llama-9-7B'",
    ),
    "unknown method of a finding": (
        replace(r"\Z", "\nfindings:\n- {method: bofd, dimension: DE, unit: u, finding: for, "
                "strength: weak, place: p, says: s}"),
        "findings.0: 'bofd' is no module of adapters_np/methods",
    ),
    "finding that a table holds": (
        replace(r"\Z", '\nfindings:\n- {method: boft, dimension: BL, unit: "DeBERTaV3-base, GLUE", '
                "finding: for, strength: weak, place: p, says: s}"),
        "findings.0: BL of boft on 'DeBERTaV3-base, GLUE' is there already: typed twice, or read "
        "off a table",
    ),
    "adoption by oneself": (
        replace(r"\Z", "\n- {method: oft, dimension: WA, unit: u, finding: for, "
                "strength: weak, place: p, says: s}\n"),
        "findings.1: oft is the authors' own, and WA counts papers by others",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Lines about a file of tables with all wrong names, and about one with all other mistakes."""
    found = []
    for wrong_name in (True, False):  # then no page with an address in the table can be read
        copy = copied(tmp_path_factory.mktemp("mistaken"))
        file = copy / "docs/data/tables/liu2024boft.yml"
        text = file.read_text("utf-8").partition("\nfindings:")[0]
        for edit, expected in TABLES.values():
            if ("is no module" in expected) == wrong_name:
                text = edit(text)
        file.write_text(text, "utf-8")
        found += problems(copy)
    return found


@pytest.mark.parametrize("mistake", TABLES)
def test_a_mistake_in_a_file_of_tables_is_named(mistaken: list[str], mistake: str) -> None:
    _, expected = TABLES[mistake]
    assert f"docs/data/tables/liu2024boft.yml: {expected}" in mistaken


def test_an_override_replaces_what_is_computed_and_says_why(project: Path) -> None:
    edit = replace(r"^audit:", "overrides: {DE: {verdict: confirmed, reason: odd}}\naudit:")
    with edited(project / "docs/methods/lora.md", by=edit):
        found = check(project).methods["lora"].verdicts["DE"]
    assert (found.word, found.override, found.near) == ("confirmed", "odd", None)


def test_all_mistakes_are_told_at_once(project: Path) -> None:
    pages = (project / f"docs/methods/{slug}.md" for slug in ("lora", "vera"))
    with edited(*pages, by=replace(r"^name:[^\n]*\n", "")):
        found = problems(project)
    assert found[:2] == [
        "docs/methods/lora.md: name: Field required",
        "docs/methods/vera.md: name: Field required",
    ]


def test_dimensions_and_points_are_the_rubric_s() -> None:
    assert list(POINTS) == list(DIMENSIONS) == ["PE", "BL", "BF", "DE", "OOD", "WA"]
    assert list(POINTS.values()) == [1, 1, 1.5, 1.5, 2, 1]
