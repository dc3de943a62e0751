"""The catalogue is whole, its totals are sums, and each check fails when it should."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.catalog.checks import check, source_problems
from scripts.catalog.papers import read_papers
from scripts.survey.facts.records import CatalogError

# Grades that the source survey publishes: total, dimensions, entries.
PUBLISHED = """
5.0 PE+BL+BF+DE 6
4.5 PE+BL+BF+WA 4
4.5 PE+DE+OOD 11
4.0 PE+BF+DE 13
3.5 PE+BL+DE 5 8 32
3.5 PE+BL+BF 31
2.5 PE+DE 2 21 27
2.5 PE+BF 16 17
2.0 PE+WA 1
2.0 PE+BL 7 33
1.0 PE 3 9 10 12 14 15 18 19 20 22 23 24 25 26 28
"""
SURVEY = {
    int(number): (float(total), set(dimensions.split("+")))
    for total, dimensions, *numbers in map(str.split, PUBLISHED.strip().splitlines())
    for number in numbers
}


# The catalogue as it is ---------------------------------------------------------------------------


def test_every_entry_of_the_survey_has_a_page() -> None:
    numbers = [m.number for m in read().survey]
    assert numbers == list(range(1, 34))


def test_survey_totals_are_the_published_ones() -> None:
    graded = {m.number: m for m in read().methods.values() if m.number and m.survey}
    assert {n: (m.survey_total, set(m.survey)) for n, m in graded.items()} == SURVEY


# Mistakes -----------------------------------------------------------------------------------------

Edit = Callable[[str], str]


def replace(old: str, new: str) -> Edit:
    """An edit of a text that must hold what it replaces."""

    def edit(text: str) -> str:
        assert re.search(old, text, re.M | re.S), old
        return re.sub(old, new, text, count=1, flags=re.M | re.S)

    return edit


MAPS = "docs/data/tables/liu2024boft.yml"
SAID = "{dimension: %s, unit: '%s', finding: for, strength: weak, place: p, says: s, method: %s}"

# Of pages that can be read: by page, edits and what they are told.
READABLE: list[tuple[str, Edit, str]] = [
    ("methods/lora.md", replace(r"^papers: \[", "papers: [nobody2020, "),
     "papers: 'nobody2020' is not in docs/references.bib"),
    ("methods/lora.md", replace(r"\Z", '\n{{ ref("nobody2021", "Table 1") }}\n'),
     "text: 'nobody2021' is not in docs/references.bib"),
    ("methods/lora.md", replace(r"^## Limits\n.*?(?=^## )", "## Limits\n\n"), "Limits: is empty"),
    ("methods/lora.md", replace(r'\{\{ table\("grade"\) \}\}', "It has 3.5 of 8 points."),
     'Grade: {{ table("grade") }} is missing'),
    ("methods/lora.md", str, "'3.5 of 8 points' is a typed score; totals are computed"),
    ("methods/lora.md", replace(r'\{\{ widget\("demo"\) \}\}', ""),
     '{{ widget("demo", "lora") }} is missing'),
    ("methods/lora.md", replace(r"^theme: \w+", "theme: fashion"),
     "theme: 'fashion' is not one of basis, orthogonality, strength, gain, rank, architecture"),
    ("methods/lora.md", replace(r"^relations: \[", "relations: [{kind: combines, to: nil, note: x},"
                                " {kind: combines, to: lora, note: x}"),
     "relations: there is no page 'nil'"),
    ("methods/lora.md", str, "relations: a method is not related to itself"),
    ("methods/lora.md", replace(r"^number: 1$", "number: 2"),
     "number: 2 is taken, see docs/methods/oft.md"),
    ("methods/lora.md", replace(r"^title: LoRA$", "title: DoRA"),
     "title: 'DoRA' is taken, see docs/methods/dora.md"),
    ("methods/lora.md", replace(r"^aliases: \[rslora", "aliases: [dora, rslora, rslora"),
     "aliases: 'dora' is taken, see docs/methods/dora.md"),
    ("methods/lora.md", str, "aliases: 'rslora' is taken, see this page"),
    ("methods/lora.md", replace(r"\{r: rank", "{lora_r: width"),
     "peft.knobs.lora_r: 'width' is not a knob of lora"),
    ("methods/lora.md", str, "peft.knobs.lora_r: LoraConfig of PEFT 0.21.2 has no such argument; "
     "is lora_dropout meant?"),
    ("methods/lora.md", replace(r"^    LORA: ", "    VBLORA: "),
     "peft.memory: 'VBLORA' is taken, see docs/methods/vblora.md"),
    ("methods/lora.md", replace(r"^title:", "modules: [lora, lora_two]\ntitle:"),
     "modules: adapters_np/methods/lora_two.py is missing"),
    ("methods/lora.md", replace(r"^## Hypothesis\n\n", "## Hypothesis\n\nThe change has $r$. "),
     "Hypothesis: the first sentence describes the page in search and cards; at most 160 letters "
     "of plain text, not 'The change has $r$.'"),
    ("methods/dora.md", replace(r"^## Limits\n.*?(?=^## )", ""),
     "sections: Limits is missing; the parts are Hypothesis, Evidence, "),
    ("methods/oft.md", replace(r"class: OFTConfig", "class: OftConfig"),
     "peft.class: PEFT 0.21.2 has no OftConfig; what it has is in scripts/catalog/peft_"),
    ("methods/xlora.md", replace("temperature: temperature", "temperature: skills"),
     "peft.knobs.softmax_temperature: 'skills' is not a knob of xlora"),
    ("data/tables/liu2024boft.yml", replace(r"model: Llama-2-7B", "model: Llama-9-7B"),
     "tables.1: docs/data/models.yml has no size of 'Llama-9-7B'"),
    ("data/tables/liu2024boft.yml", replace(r"\Z", "\nfindings:\n- "
                                            + SAID % ("BL", "DeBERTaV3-base, GLUE", "boft")),
     "findings.0: BL of boft on 'DeBERTaV3-base, GLUE' is there already: typed twice, or read off"),
    ("data/tables/liu2024boft.yml", replace(r"\Z", "\n- " + SAID % ("WA", "u", "oft")),
     "findings.1: oft is the authors' own, and WA counts papers by others"),
]  # fmt: skip

# Of pages that cannot.
UNREADABLE: list[tuple[str, Edit, str]] = [
    ("methods/lora.md", replace(r"^deploy:\n(  [^\n]+\n)+", ""), "deploy: Field required"),
    ("methods/lora.md", replace(r"^theme:", "score: 3.5\ntheme:"),
     "score: Extra inputs are not permitted"),
    ("methods/lora.md", replace(r"4 \* tokens \* d_in", "4 tokens"),
     "peft.memory.LORA.kept: '4 tokens' is no expression: invalid syntax"),
    ("methods/lora.md", replace(r'^    few: "', '    few: "' + 25 * "very "),
     "changes.lora.few: 'very very"),
    ("methods/oft.md", replace(r"^audit:", "findings: []\naudit:"),
     "findings: is computed, never typed"),
    ("methods/dora.md", replace(r"^  WA: [^\n]+\n", ""),
     "audit: WA is missing; it has all six or none"),
    ("methods/hra.md", replace(r"^changes:\n  hra:", "changes:\n  vera:"),
     "changes: vera is not in modules"),
    ("methods/vera.md", replace(r"^(  BF: )", r"  PE: x\n\1"), "line "),
    ("methods/ia3.md", replace(r"^title: ([^\n]*)", r"title: \1: what"),
     "the front matter is not YAML: mapping values are not allowed"),
    ("methods/boft.md", replace(r"^title:", "foo: &a [*a]\ntitle:"),
     "the front matter is not YAML: an alias (*) stands within"),
    ("about.md", replace(r"^title: ([^\n]*)", r"title: \1: what"),
     "the front matter is not YAML: mapping values are not allowed"),
    ("data/tables/liu2024boft.yml", replace(r"method: boft,", "method: bofd,"),
     "tables.0: 'bofd' is no module of adapters_np/methods"),
    ("data/tables/liu2024boft.yml", replace(r"^authors_of: \[boft", "authors_of: [bofd"),
     "authors_of: 'bofd' is no module of adapters_np/methods"),
    ("data/tables/liu2024boft.yml", replace(r"\Z", "\nfindings:\n- " + SAID % ("DE", "u", "bofd")),
     "findings.0: 'bofd' is no module of adapters_np/methods"),
]  # fmt: skip


def linked(folder: Path) -> Path:
    """Return a copy of the project's pages and modules, of links alone."""
    for name in ("docs", "adapters_np"):
        shutil.copytree(ROOT / name, folder / name, copy_function=os.symlink)
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):  # which pages include
        (folder / name).symlink_to(ROOT / name)
    boft = folder / MAPS
    rewrite(boft, boft.read_text("utf-8").partition("\nfindings:")[0])
    return folder


def rewrite(path: Path, text: str) -> None:
    """Write a file in the place of a link to one."""
    path.unlink(missing_ok=True)
    path.write_text(text, "utf-8")


def told(project: Path, mistakes: list[tuple[str, Edit, str]]) -> list[str]:
    """Make all mistakes in a project, and return what its check says."""
    for page, edit, _ in mistakes:
        path = project / "docs" / page
        rewrite(path, edit(path.read_text("utf-8")))
    with pytest.raises(CatalogError) as caught:
        check(project)
    return str(caught.value).splitlines()


def unnamed(lines: list[str], mistakes: list[tuple[str, Edit, str]]) -> list[str]:
    """Return what should be among lines and is not."""
    wanted = [f"docs/{page}: {says}" for page, _, says in mistakes]
    return [start for start in wanted if not any(line.startswith(start) for line in lines)]


@pytest.mark.long
def test_every_mistake_in_pages_tables_and_modules_is_named_at_once(tmp_path: Path) -> None:
    project = linked(tmp_path)
    modules = project / "adapters_np/methods"
    (project / "docs/methods/vera.md").unlink()
    (modules / "ia3.py").unlink()
    for name, old, new in (("lora", "hu2022lora", "who2022"), ("bone", "\nDiffers:", "\nOf it:")):
        text = (modules / f"{name}.py").read_text("utf-8")
        rewrite(modules / f"{name}.py", replace(old, new)(text))
    found = told(project, READABLE)
    assert unnamed(found, READABLE) == []
    assert {
        "adapters_np/methods/vera.py: has no page docs/methods/vera.md",
        "docs/methods/ia3.md: modules: adapters_np/methods/ia3.py is missing",
        "adapters_np/methods/lora.py: Source: 'who2022' is not in docs/references.bib",
        "adapters_np/methods/bone.py: Differs: is missing",
    } <= {*found}


@pytest.mark.long
def test_every_mistake_that_leaves_a_page_unread_is_named_and_no_other(tmp_path: Path) -> None:
    found = told(linked(tmp_path), UNREADABLE)
    assert unnamed(found, UNREADABLE) == []
    assert any(
        re.fullmatch(r"docs/methods/vera\.md: line \d+: 'PE' is there twice", f) for f in found
    )
    assert not [line for line in found if "references.bib: " in line]  # the page may name it


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ("Hu2022lora, Table 1", "Hu2022lora"),
        ("hulora", "hulora"),
        ("(hulora)", "(hulora)"),
        ("hu2022lora; section 3.4 for COFT; the row form is in it", ""),
        ("hu2022lora, Eq. 1; hu2O22lora", "hu2O22lora"),
        ("hu2022lora;\n    peft_tokns", "peft_tokns"),
    ],
)
def test_a_wrong_key_in_any_line_of_a_source_is_named(
    tmp_path: Path, source: str, unknown: str
) -> None:
    module = tmp_path / "adapters_np/methods/lora.py"
    module.parent.mkdir(parents=True)
    module.write_text(f'"""It.\n\nSource: {source}\nDiffers: in nothing\n"""')
    catalog = Catalog({}, {"hu2022lora": read().papers["hu2022lora"]}, {})
    found = [*source_problems(catalog, tmp_path, complete=False)]
    file = "adapters_np/methods/lora.py"
    assert found == [f"{file}: Source: {unknown!r} is not in docs/references.bib"] * bool(unknown)


def test_an_entry_of_the_bibliography_that_nothing_names_is_named(tmp_path: Path) -> None:
    catalog = Catalog({}, {"hu2022lora": read().papers["hu2022lora"]}, {})
    found = [*source_problems(catalog, tmp_path, complete=True)]
    assert found == ["docs/references.bib: hu2022lora: no page and no module names it"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("@misc{a2020, title={T}, year={2020}, url={u}\n}", "author is missing"),
        ("@misc{a2020, title={T}, author={N}, year={2020}\n}", "doi, eprint or url is missing"),
        (2 * "@misc{a2020, title={T}\n}\n", "repeated bibliography entry: a2020"),
        ("@misc{a2020, title={T}", "syntax error"),
    ],
)
def test_a_bad_entry_of_the_bibliography_is_named(
    tmp_path: Path, entry: str, expected: str
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/references.bib").write_text(entry)
    with pytest.raises(CatalogError, match=rf"docs/references\.bib: .*{expected}"):
        read_papers(tmp_path)
