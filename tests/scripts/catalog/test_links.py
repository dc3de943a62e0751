"""A link from page to page leads somewhere, and one that does not is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.bootstrap import ROOT
from scripts.catalog.links import problems

PAGES = {
    "docs/a.md": "---\nclaims:\n  - key: basis\n---\n# A\n\n## Two words { .wide }\n\n{{ fact() }}",
    "docs/methods/b.md": '# B\n\n### `r` and [α](../a.md) { #alpha }\n\n<div id="c"></div>',
    "docs/c.md": '# C\n\n--8<-- "NOTES.md:page"\n',
    "NOTES.md": "## Noted\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "link",
    [
        *("[a](a.md)", "[a](a.md#two-words)", "[a](a.md#basis)", "[c](c.md#noted)"),
        *("[b](methods/b.md?rank=4#alpha)", "[b](methods/b.md#c)", "[b](methods/b.md#try-lora)"),
        *(
            "[d](#d)",
            "[x](https://example.org/x.md)",
            "`[x](x.md)`",
            "```\n[x](x.md)\n```",
            "[f](f.csv)",
        ),
    ],
)
def test_what_leads_somewhere_and_what_is_no_link_to_a_page_passes(root: Path, link: str) -> None:
    (root / "docs/d.md").write_text(f"# D\n\n{link}\n", "utf-8")
    assert list(problems(root)) == []


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("[b](b.md)", "b.md: there is no page docs/b.md; is d.md meant?"),
        ("[b](../methods/b.md)", "../methods/b.md: there is no page docs/../methods/b.md; is "),
        ("[a](a.md#two-word)", "docs/a.md has no part #two-word; is two-words meant?"),
        ("[d](#zzz)", "docs/d.md has no part #zzz"),
    ],
)
def test_what_leads_nowhere_is_told_with_its_line(root: Path, link: str, told: str) -> None:
    (root / "docs/d.md").write_text(f"# D\n\n{link}\n", "utf-8")
    (found,) = problems(root)
    assert found.startswith(f"docs/d.md:3: {told}")


def test_our_pages_lead_somewhere() -> None:
    assert list(problems(ROOT)) == []
