"""The rule of the rubric, with examples whose sums were done by hand."""

from __future__ import annotations

from itertools import count

import pytest

from scripts.survey.sources.rule import (
    Dimension,
    Distance,
    Finding,
    RunBy,
    Side,
    Strength,
    Verdict,
    Word,
    balance,
    decide,
    weighed,
)

NUMBER = count()


def unit(
    side: Side,
    source: str,
    strength: Strength = "weak",
    run_by: RunBy = "rival",
    dimension: Dimension = "BL",
) -> Finding:
    place = f"Table {next(NUMBER)}"
    return Finding(dimension, source, place, place, side, run_by, strength, "others", "")


def units(
    side: Side, n: int, source: str, strength: Strength = "weak", run_by: RunBy = "rival"
) -> list[Finding]:
    return [unit(side, source, strength, run_by) for _ in range(n)]


BOFT = [
    # Four weak units and a full one weigh 6 and count as twice the full one: 4 for.
    *units("for", 4, "own", run_by="authors"),
    *units("for", 1, "own", "full", "authors"),
    # A full unit against and a full one level: 2 against, and half of 2.
    *units("against", 1, "c3a", "full"),
    *units("level", 1, "c3a", "full"),
    # Two full units against: 4.
    *units("against", 2, "psoft", "full"),
    # Three weak units count as two: 2/3 for, 4/3 against.
    *units("for", 1, "svft"),
    *units("against", 2, "svft"),
    *units("against", 1, "road"),
    *units("against", 1, "benchmark", run_by="independent"),
]


def test_boft_against_lora_is_contested_and_contradicted_without_its_authors() -> None:
    assert balance("BL", BOFT) == pytest.approx((4 + 2 / 3, 2 + 1 + 4 + 4 / 3 + 1 + 1))
    found = decide("BL", BOFT)
    assert found.text == "contested, leaning against"
    # Without its authors 0.67 to 10.33; four times 4.67 is 18.67, 8.33 more than there is.
    assert found.changes == {"without own": "contradicted"}
    assert found.near
    assert found.near[1:3] == ("against", "contradicted")
    assert found.near.weight == pytest.approx(4 * (4 + 2 / 3) - (10 + 1 / 3))


def verdict(*findings: Finding, dimension: Dimension = "BL") -> Verdict:
    return decide(dimension, findings)


@pytest.mark.parametrize(
    ("findings", "word", "leaning", "f", "a"),
    [
        ([], "no evidence", None, 0, 0),
        # Weak ones of two sources by others confirm; where one of the sources is the authors' not.
        (units("for", 1, "x") + units("for", 1, "y"), "confirmed", None, 2, 0),
        (
            units("for", 1, "x") + units("for", 1, "own", run_by="authors"),
            "reported", None, 2, 0,
        ),
        # A full unit of a rival confirms alone, one of the authors' does not.
        (units("for", 1, "x", "full"), "confirmed", None, 2, 0),
        (units("for", 1, "own", "full", "authors"), "reported", None, 2, 0),
        # A tie is half of a weak unit against the claim to beat LoRA.
        (units("level", 1, "x"), "against, too little", None, 0, 0.5),
    ],
)  # fmt: skip
def test_a_verdict_compares_what_is_for_and_against(
    findings: list[Finding], word: str, leaning: str | None, f: float, a: float
) -> None:
    found = verdict(*findings)
    assert (found.word, found.leaning, found.F, found.A) == (word, leaning, f, a)


def test_wide_adoption_counts_papers() -> None:
    def ran(papers: int) -> Verdict:
        return verdict(
            *(unit("for", f"p{i}", dimension="WA") for i in range(papers)), dimension="WA"
        )

    words = [ran(n).word for n in range(7)]
    assert words == [
        "no evidence", *["too little"] * 2, *["contested"] * 2, *["confirmed"] * 2
    ]  # fmt: skip
    assert ran(6).changes == ran(4).changes == {}
    assert ran(3).changes == {f"without p{i}": "too little" for i in range(3)}
    assert ran(5).changes == {f"without p{i}": "contested" for i in range(5)}


def test_a_page_lists_each_source_without_which_the_word_is_another_one() -> None:
    # 7 to 2 by rivals; without x 3 to 2, without z 5 to 2, without y 6 to 2, without w 7 to 0.
    found = verdict(
        *units("for", 2, "x", "full"),
        *units("for", 1, "y", "full"),
        *units("for", 1, "z"),
        *units("against", 1, "w", "full"),
    )
    assert (found.text, found.F, found.A) == ("contested, leaning for", 7, 2)
    assert found.changes == {"without w": "confirmed"}
    assert found.near == Distance(1, "for", "confirmed")
    assert found.near.short


@pytest.mark.parametrize(
    ("findings", "near"),
    [
        # 2 to 0: with more than 0.5 against it, it is less than four times.
        (units("for", 1, "x", "full"), Distance(0.5, "against", "contested", exact=False)),
        # 2 of the authors: a weak unit of others is not enough, two sources or a full one are.
        (units("for", 1, "x", "full", "authors"), Distance(0.5, "against", "contested", False)),
        (units("against", 1, "x"), Distance(0.5, "for", "too little", exact=False)),
        (units("for", 1, "x"), Distance(1, "for", "confirmed")),
        (units("for", 1, "x", run_by="authors"), Distance(1, "for", "reported")),
        # 2 to 8 lies on the line: anything more for it makes it contested.
        (
            units("for", 1, "x", "full") + units("against", 2, "y", "full", "independent"),
            Distance(0, "for", "contested", exact=False),
        ),
    ],
)
def test_the_nearest_other_word_is_told_by_the_weight_that_is_missing(
    findings: list[Finding], near: Distance
) -> None:
    assert decide("BL", findings).near == near


RANKS: dict[tuple[Word, str | None], int] = {
    ("confirmed", None): 3,
    ("reported", None): 2,
    ("contested", "for"): 1,
    ("too little", "for"): 1,
    ("contested", None): 0,
    ("too little", None): 0,
    ("no evidence", None): 0,
    ("contested", "against"): -1,
    ("against, too little", None): -1,
    ("contradicted", None): -2,
}


@pytest.mark.parametrize("others", [True, False])
def test_more_for_a_claim_never_gives_a_worse_word(others: bool) -> None:
    grid = [k / 4 for k in range(41)]

    def rank(f: float, a: float) -> int:
        found = weighed(f, a, others)
        return RANKS[found.word, found.leaning]

    for a in grid:
        along = [rank(f, a) for f in grid]
        assert along == sorted(along), a
    for f in grid:
        along = [rank(f, a) for a in grid]
        assert along == sorted(along, reverse=True), f


def test_nothing_is_settled_where_the_main_paper_has_not_been_read() -> None:
    def unread(*found: Finding) -> tuple[str, str]:
        judged = decide("BL", found, unread=True)
        return judged.text, judged.reason

    told = "The method’s main paper has not been read, and without it nothing is settled."
    against = unread(*units("against", 1, "x", "full"))
    assert against == ("against, too little", f"By weight it would be contradicted. {told}")
    support = unread(*units("for", 1, "x", "full"))
    assert support == ("too little, leaning for", f"By weight it would be confirmed. {told}")
    disputed = [*units("for", 1, "x", "full"), *units("against", 1, "y", "full")]
    assert unread(*disputed) == (decide("BL", disputed).text, decide("BL", disputed).reason)
    ran = [unit("for", f"p{i}", dimension="WA") for i in range(5)]
    assert decide("WA", ran, unread=True).word == "confirmed"


ENOUGH_FOR = "The evidence for weighs at least 2, and 4 times that against."


@pytest.mark.parametrize(
    ("findings", "word", "told"),
    [
        ([], "no evidence", "No comparison in the sources that were read counts here"),
        (units("for", 1, "a"), "too little", "Neither side reaches the weight of 2 that a"),
        (
            units("for", 1, "a", "full"),
            "confirmed",
            f"{ENOUGH_FOR} Independent authors found it too.",
        ),
        (
            units("for", 2, "a", run_by="authors"),
            "reported",
            f"{ENOUGH_FOR} It is only reported: besides the authors",
        ),
    ],
)
def test_a_reason_names_the_condition_that_gives_the_verdict(
    findings: list[Finding], word: str, told: str
) -> None:
    assert decide("BL", findings).word == word
    assert decide("BL", findings).reason.startswith(told)
