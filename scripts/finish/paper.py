"""The paper: docs/paper/paper.typ, set by Typst with its numbers by their addresses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import typst

from scripts.bootstrap import ROOT, SetupError
from scripts.catalog.exports import Site
from scripts.survey.facts.addresses import parsed
from scripts.survey.sources.providers import facts

SOURCE = ROOT / "docs" / "paper" / "paper.typ"
AT = "paper/what-adapters-hypotheses-are-worth.pdf"
OF = "findings/bets/"
"""The page whose findings it tells."""
VALUE = ("text", "value", "low", "high")
ASKED = re.compile(r'\b(?:fact|holds|row|size)\("([^"]+)"')


def pdf(site: Site, text: str) -> bytes:
    """Return the paper; the same tables give the same bytes.

    Args:
        site: Whose date and address it shows.
        text: Its source.

    Raises:
        SetupError: when an address leads nowhere, a result has another word than its sentence, or
            Typst finds a mistake.
    """
    try:
        found = {a: facts().find(parsed(a))[0] for a in sorted(set(ASKED.findall(text)))}
        values = {a: {name: getattr(f, name) for name in VALUE} for a, f in found.items()}
        about = {"date": site.date, "url": site.url, "address": site.url.split("//")[-1].strip("/")}
        given = {"facts": json.dumps(values), "about": json.dumps(about)}
        made: bytes = typst.compile(  # type: ignore[type-var]  # its stub wants a root in bytes
            text.encode(), root=ROOT, sys_inputs=given, ignore_system_fonts=True
        )
    except (LookupError, ValueError, typst.TypstError) as error:
        raise SetupError(f"{SOURCE.name}: {error}") from error
    return made


def write(out: Path, site: Site) -> None:
    (out / AT).write_bytes(pdf(site, SOURCE.read_text("utf-8")))
