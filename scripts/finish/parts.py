"""Parts of a method's page that a reviewer needs, each in a fold below its heading."""

from __future__ import annotations

import re

FOLDED = {
    "limits": "where it fails",
    "implementation": "the tested file, to edit and run",
    "grade": "published comparisons, and the points that the survey and our audit give",
    "relations": "to other methods",
    "errata": "corrections to the source survey",
    "cite": "page, paper, all references",
}
"""What a fold says of its contents, by the id of its heading."""

PART = re.compile(
    r'<h2 id="([\w-]+)">([^<]+)<a class="headerlink".*?</h2>(.*?)(?=<h2 id=|</article>)', re.DOTALL
)


def fold(html: str) -> str:
    """Return a page with these parts folded.

    >>> link = '<a class="headerlink" href="#limits">¶</a>'
    >>> print(fold(f'<h2 id="limits">Limits{link}</h2><p>Few.</p></article>'))
    <details class="fold part"><summary><h2 id="limits">Limits</h2> <span class="soft">where it \
fails</span></summary><p>Few.</p></details></article>
    """

    def folded(match: re.Match[str]) -> str:
        key, title, inside = match.groups()
        if key not in FOLDED:
            return match[0]
        summary = f'<h2 id="{key}">{title}</h2> <span class="soft">{FOLDED[key]}</span>'
        return f'<details class="fold part"><summary>{summary}</summary>{inside}</details>'

    return PART.sub(folded, html)
