"""What a method's page writes into its widget."""

from __future__ import annotations

from typing import Any

import pytest

from demos.settings import main_knob
from scripts.catalog import read
from scripts.macros.method import Furniture


def test_what_a_page_says_of_changes_is_shown_for_that_with_which_it_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lora = read().methods["lora"]
    part: Any = Furniture.__new__(Furniture)
    monkeypatch.setattr(Furniture, "method", lora)
    said = lora.changes["lora"]
    shown = part.remarks("lora")
    assert f'<p class="remark" data-world="few" hidden>{said["few"]}</p>' in shown
    assert shown.count(" hidden>") == len(said)
    assert part.remarks("vera") == ""
    odd = lora.model_copy(update={"changes": {"lora": {"fewer": "It is odd."}}})
    monkeypatch.setattr(Furniture, "method", odd)
    with pytest.raises(ValueError, match=r"lora\.md: changes\.lora: 'fewer' is not one of mix"):
        part.remarks("lora")


def test_what_moving_a_knob_shows_stands_below_the_knob(monkeypatch: pytest.MonkeyPatch) -> None:
    part: Any = Furniture.__new__(Furniture)
    oft = read().methods["oft"]
    odd = oft.model_copy(update={"hints": {"oft": {"block": "Larger <blocks>."}}})
    monkeypatch.setattr(Furniture, "method", odd)
    field = (
        '<select aria-describedby="oft-block-error"></select><p class="error" id="oft-block-error"'
    )
    assert part.hinted(field, "oft") == (
        '<select aria-describedby="oft-block-hint oft-block-error"></select>'
        '<p class="hint" id="oft-block-hint">Larger &lt;blocks&gt;.</p>'
        '<p class="error" id="oft-block-error"'
    )
    with pytest.raises(ValueError, match=r"oft\.md: hints\.oft: 'block' is not one of its knobs"):
        part.hinted("", "oft")


def test_every_method_says_what_moving_its_main_knob_shows() -> None:
    for m in read().methods.values():
        for module in m.modules:
            main = main_knob(module)
            assert not main or main.name in m.hints[module], module
