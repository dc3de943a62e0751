"""The widget's numbers of whole matrices, against the tables that they are read off."""

from __future__ import annotations

import re

import pytest

from scripts.catalog import read
from scripts.macros.whole import family, follows, of_berts, of_decoder, written
from scripts.survey.results import bets
from scripts.survey.sources.providers import facts
from scripts.survey.statistics.intervals import Interval

FAR, NEAR, LITTLE = Interval(4, 3, 5), Interval(1, 0.9, 1.1), Interval(1.4, 1.3, 1.5)
SLIGHT = Interval(1.15, 1.12, 1.2)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([(FAR, NEAR), (FAR, NEAR)], "have this structure"),
        ([(FAR, NEAR), (LITTLE, NEAR)], "have a little of this"),
        ([(SLIGHT, NEAR), (FAR, NEAR)], "have hardly more of this"),
        ([(NEAR, NEAR), (NEAR, NEAR)], "have no more of this"),
        ([(NEAR, FAR), (NEAR, FAR)], "have less of this"),
        ([(FAR, NEAR), (NEAR, NEAR)], "explains more of the real change than of the control"),
        ([(NEAR, FAR), (FAR, NEAR)], "the other way round"),
    ],
)
def test_the_sentence_follows_from_the_intervals(
    found: list[tuple[Interval, Interval]], said: str
) -> None:
    assert said in follows(found)


def test_bars_have_the_numbers_of_the_page_about_real_changes() -> None:
    bars = of_berts("ia3")
    assert bars
    said = [facts().say(f"changes/rank-2: row_gains, {m}") for m in ("bert_ft_10k_25s", "bert_ft")]
    assert re.findall(r"[\d.]+", bars.bars[0].text) == list(dict.fromkeys(said))
    assert bars.bars[2].length == 1


def test_a_method_has_the_family_that_is_most_its_own() -> None:
    found = {slug: family(slug) for slug in ("psoft", "ssvd", "ia3", "boft")}
    assert {slug: row.name for slug, row in found.items() if row} == {
        "psoft": "core_turned", "ssvd": "principal_core", "ia3": "row_gains",
    }  # fmt: skip


def test_the_control_that_does_most_stands_beside_a_method() -> None:
    for bet in bets.bets():
        bars = of_decoder(bet.slug)
        assert (bars is None) == (not bet.reach)
        if bars:
            own, control, _ = (bar.length for bar in bars.bars)
            assert "Taken out there: " in bars.says
            assert own - control == pytest.approx(min(j.overall.mean for j in bet.reach), abs=1e-9)


def test_the_steps_find_what_a_page_says_of_a_change_and_none_that_the_widget_lacks() -> None:
    lora = read().methods["lora"]
    assert f'<p data-world="few">{lora.changes["lora"]["few"]}</p>' in written(lora, "lora")
    assert written(lora, "vera") == '<template class="written"></template>'
    odd = lora.model_copy(update={"changes": {"lora": {"fewer": "It is odd."}}})
    with pytest.raises(
        ValueError, match=r"lora\.md: changes\.lora: 'fewer' is not one of few, len"
    ):
        written(odd, "lora")
