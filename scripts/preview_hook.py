"""Lets the site generator know the titles of pages that it does not make again."""

from __future__ import annotations

from typing import Any


def on_nav(nav: Any, config: Any, files: Any) -> Any:
    """Read the text of all pages, in which their titles are."""
    for page in nav.pages:
        page.read_source(config)
    return nav
