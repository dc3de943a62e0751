"""Methods without a page: part of another one, or not covered. `docs/names.md` lists them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from scripts.bootstrap import ROOT
from scripts.survey.facts.records import Record, Slug, Text, front_matter

FILE = "docs/names.md"


class Other(Record):
    """A method that readers look for.

    `within` names the page of the method that it is a part of, if any, `section` where another page
    tells of it, below the site's root.
    """

    name: Text
    says: Text
    also: tuple[Text, ...] = ()
    paper: Text | None = None
    arxiv: Annotated[str, Field(pattern=r"^\d{4}\.\d{5}$")] | None = None
    url: Text | None = None
    within: Slug | None = None
    section: Annotated[str, Field(pattern=r"^[a-z/-]+/#[a-z0-9-]+$")] | None = None
    near: tuple[Slug, ...] = ()
    choose: Text | None = None  # what is set on the page Choose, as in its address

    @model_validator(mode="after")
    def _placed(self) -> Other:
        if not self.pages:
            raise ValueError(f"{self.name}: needs `within` or `near`: the page to go to")
        if self.paper and not self.address:
            raise ValueError(f"{self.name}: needs `arxiv` or `url`: where the paper can be read")
        return self

    @property
    def key(self) -> str:
        """The anchor of its entry.

        >>> Other(name="LoRA+", says="…", near=("lora",)).key
        'lora-plus'
        """
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower().replace("+", "-plus")).strip("-")

    @property
    def address(self) -> str | None:
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else self.url

    @property
    def pages(self) -> tuple[str, ...]:
        return (self.within,) if self.within else self.near


@cache
def read_others(root: Path = ROOT) -> tuple[Other, ...]:
    """Return all of them, in the order of their names.

    Raises:
        ValueError: when one is incomplete; the text names it.
    """
    data, _ = front_matter(root / FILE)
    return tuple(sorted((Other(**o) for o in data["others"]), key=lambda o: o.name.lower()))
