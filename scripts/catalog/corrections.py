"""Links for a reader's correction or reply: forms of the repository, filled in."""

from __future__ import annotations

from urllib.parse import urlencode

from scripts.catalog.exports import Site

FORM, REPLY, ROW = "correction.yml", "reply.yml", "row.yml"
"""In .github/ISSUE_TEMPLATE. The fields `address` and `says` are filled in by the link."""


def form(site: Site, template: str, **fields: str) -> str:
    """Return the address of a form whose fields are filled in, where there is something."""
    given = {"template": template} | {k: v for k, v in fields.items() if v}
    return f"{site.repository}/issues/new?{urlencode(given)}"


def correction(site: Site, place: str, says: str = "") -> str:
    """Return the address of a form with a place of the site, page and anchor, and its text."""
    return form(site, FORM, address=site.url + place, says=says)
