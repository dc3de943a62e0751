"""Where a reader suggests a correction: a form of the repository, with the address in it."""

from __future__ import annotations

from urllib.parse import urlencode

from scripts.catalog.exports import Site

FORM = "correction.yml"
"""In .github/ISSUE_TEMPLATE. The fields `address` and `says` are filled in by the link."""


def correction(site: Site, place: str, says: str = "") -> str:
    """Return the address of a form that carries a place of the site.

    Args:
        site: The site's own facts.
        place: A page below the site's address, with an anchor where there is one.
        says: What stands there.
    """
    fields = {"template": FORM, "address": site.url + place, "says": says}
    return f"{site.repository}/issues/new?{urlencode({k: v for k, v in fields.items() if v})}"
