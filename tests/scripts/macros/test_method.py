"""What a method's page writes into its widget."""

from __future__ import annotations

from typing import Any

import pytest

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
