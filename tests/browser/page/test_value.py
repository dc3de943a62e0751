"""A number on a page has a link that says what it was, and in which commit."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import expect

from tests.browser.reader import Visit

PAGE = "methods/poet/"


def test_a_link_to_a_number_says_whether_it_has_changed(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("button", name="Link to a number").click()
    number = page.locator("article data[value]:focus")
    expect(number).to_be_visible()
    text = number.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".value-note")).to_contain_text("link")
    query = parse_qs(urlsplit(page.url).query)
    assert query["was"] == [text]
    commit = re.search(r"commit (\S+)", page.locator(".md-copyright").inner_text())
    assert commit
    assert query["at"] == [commit[1].rstrip(",")]

    visit(f"{PAGE}?{urlsplit(page.url).query}")
    expect(page.locator(".value-note")).to_contain_text("the same as in commit")
    older = {"fact": query["fact"][0], "was": "<b>9</b>", "at": "abc"}
    visit(f"{PAGE}?{urlencode(older)}")
    expect(page.locator(".value-note")).to_contain_text(
        f"by this link it was <b>9</b> in commit abc, in commit {query['at'][0]} it is {text}"
    )
    visit(f"{PAGE}?{urlencode(older | {'fact': 'none'})}")
    expect(page.locator("h1 + .value-note")).to_contain_text("no longer has")
