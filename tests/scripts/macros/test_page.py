"""Macros that all pages share."""

from __future__ import annotations

from lxml.html import fragment_fromstring
from markdown import markdown  # type: ignore[import-untyped]

from scripts.macros.page import Number, templates
from scripts.survey.sources.providers import facts

ADDRESS = "hu2022lora/table-2-roberta-base: lora, mnli | 1"


def test_a_number_has_its_address_in_a_text_and_is_a_text_elsewhere() -> None:
    number, text = Number(ADDRESS), facts().say(ADDRESS)
    shown = templates().from_string("{{ n }}").render(n=number)
    assert (shown, "beside " + number, float(number)) == (text, f"beside {text}", float(text))
    cell = markdown(f"| a | b |\n|---|---|\n| {number!s} | c |", extensions=["tables"])
    (data,) = fragment_fromstring(cell, create_parent=True).iter("data")
    assert (data.get("value"), data.text_content()) == (ADDRESS, text)
