"""Small typography of finished pages: quotes, indices, and lines that break in the right places."""

from __future__ import annotations

import re
from pathlib import Path

NBSP = "\N{NO-BREAK SPACE}"

ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
# Tags, and whole elements whose text is no prose.
MARKUP = re.compile(
    r'(<(code|pre|script|style|svg|select|adapter-\w+)\b.*?</\2>|<(?:span|div) class="arithmatex">'
    r".*?</(?:span|div)>|<[^>]*>)",
    re.DOTALL,
)
QUOTES = re.compile(r"&(?:#39|#x27|#34|quot);")
# A size, a matrix, a Greek letter or a norm with its index. Any other x_i may be a name.
INDEX = re.compile(
    r"(?<![\w/.-])(?:(d)_(in|out|head)|([A-ZΑ-Ωα-ω‖])_([A-Za-z0-9]{1,4}))(?![A-Za-z0-9_/])"
)
PLACE = re.compile(
    r"\b(Tables?|Figures?|[Ss]ections?|Appendix|Algorithm|Theorem|Proposition|[Ee]ntry|rank)\s"
    r"(?=[\dIVX]|[A-Z]\b)"
)
UNIT = re.compile(r"(?:(?<=\d)|^)\s(?=(?:%|GiB|GB|MB|M|B|s)(?!\w))")
RELATION = re.compile(r"(?<!\S)(\S{1,7})\s(=|×|≤|≥|≈|&lt;|&gt;)\s(?=\S{1,7}(?!\S))")
RATIO = re.compile(r"(?<!\S)(\S{1,2})\s/\s(?=\S{1,2}(?!\S))")
NORM = re.compile(r"‖[^‖]{1,12}‖")
POWER = re.compile(r"(?<![\w.-])(\d[\d.]*e)-(?=\d)")


def dress(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        html = path.read_text("utf-8")
        new = ARTICLE.sub(lambda match: _article(match[0]), html)
        if new != html:
            path.write_text(new, "utf-8")


def _article(html: str) -> str:
    parts = []
    end = 0
    for match in MARKUP.finditer(html):
        parts += [prose(html[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, prose(html[end:])])


def prose(text: str) -> str:
    r"""Return the text between two tags as a printer would set it.

    >>> prose('the survey&#39;s "gain" of d_out')
    'the survey’s “gain” of d<sub>out</sub>'
    >>> prose("W_Q and λ_b, but n_tasks and x_i")
    'W<sub>Q</sub> and λ<sub>b</sub>, but n_tasks and x_i'
    >>> prose("Table 4: r = 4 with 0.3 %").split(" ")
    ['Table\xa04:', 'r\xa0=\xa04', 'with', '0.3\xa0%']
    """
    if not text.strip():
        return text
    text = QUOTES.sub(lambda match: "'" if match[0] in ("&#39;", "&#x27;") else '"', text)
    text = re.sub(r"(?<=\w)'(?=\w)|(?<=s)'(?=\s)", "’", text)
    text = re.sub(r'(?<![^\s(])"(?=[^\s.,;:)])', "“", text)
    text = text.replace('"', "”")
    text = PLACE.sub(rf"\1{NBSP}", text)
    text = UNIT.sub(NBSP, text)
    text = RELATION.sub(rf"\1{NBSP}\2{NBSP}", text)
    text = RATIO.sub(rf"\1{NBSP}/{NBSP}", text)
    text = NORM.sub(lambda match: match[0].replace(" ", NBSP), text)
    text = POWER.sub(r"\1−", text)
    return INDEX.sub(r"\1\3<sub>\2\4</sub>", text)
