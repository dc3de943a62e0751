"""The rule of the rubric, with examples whose sums were done by hand."""

from __future__ import annotations

from itertools import count

import pytest

from scripts.survey.rule import (
    Dimension,
    Finding,
    RunBy,
    Side,
    Strength,
    Verdict,
    balance,
    decide,
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
    # Without its authors 0.67 to 10.33. Without weak units 2 to 7: the ratio is 3.5.
    # With a ratio of 3, 3 × 4.67 is more than 10.33.
    assert found.changes == {"without its authors": "contradicted", "without own": "contradicted"}
    assert found.fragile


def verdict(*findings: Finding, dimension: Dimension = "BL") -> Verdict:
    return decide(dimension, findings)


@pytest.mark.parametrize(
    ("findings", "word", "leaning", "f", "a"),
    [
        ([], "unsupported", None, 0, 0),
        # One weak unit is no evidence, whoever ran it.
        (units("for", 1, "x", run_by="independent"), "unsupported", None, 1, 0),
        # Two weak ones of one source count 2; by others, but from one source only.
        (units("for", 2, "x"), "reported", None, 2, 0),
        # Ten weak ones of one source count no more than two.
        (units("for", 10, "x"), "reported", None, 2, 0),
        # Weak ones of two sources by others confirm.
        (units("for", 1, "x") + units("for", 1, "y"), "confirmed", None, 2, 0),
        # Of two sources, one of them the authors', they do not.
        (
            units("for", 1, "x") + units("for", 1, "own", run_by="authors"),
            "reported", None, 2, 0,
        ),
        # A full unit of a rival confirms alone, one of the authors' does not.
        (units("for", 1, "x", "full"), "confirmed", None, 2, 0),
        (units("for", 1, "own", "full", "authors"), "reported", None, 2, 0),
        # One of independents weighs 4 and outweighs one weak unit against it.
        (
            units("for", 1, "x", "full", "independent") + units("against", 1, "y"),
            "confirmed", None, 4, 1,
        ),
        # 2 against and nothing for; 3 against and 1 for is less than four times as much.
        (units("against", 1, "x", "full"), "contradicted", None, 0, 2),
        (
            units("for", 1, "x") + units("against", 1, "y", "full") + units("against", 1, "z"),
            "unsupported", None, 1, 3,
        ),
        # 2 for and 8 against is four times as much.
        (
            units("for", 1, "x", "full") + units("against", 2, "y", "full", "independent"),
            "contradicted", None, 2, 8,
        ),
        # 4 to 2 leans, 4 to 3 does not.
        (
            units("for", 2, "x", "full") + units("against", 1, "y", "full"),
            "contested", "for", 4, 2,
        ),
        (
            units("for", 2, "x", "full") + units("against", 1, "y", "full")
            + units("against", 1, "z"),
            "contested", None, 4, 3,
        ),
    ],
)  # fmt: skip
def test_a_verdict_compares_what_is_for_and_against(
    findings: list[Finding], word: str, leaning: str | None, f: float, a: float
) -> None:
    found = verdict(*findings)
    assert (found.word, found.leaning, found.F, found.A) == (word, leaning, f, a)


def test_half_of_a_tie_speaks_against_a_claim_to_beat_lora() -> None:
    tie = units("level", 1, "x", "full")
    assert balance("BL", tie) == (0, 1)
    assert balance("OOD", tie) == (0, 0)


def test_wide_adoption_counts_papers() -> None:
    def ran(papers: int) -> Verdict:
        return verdict(
            *(unit("for", f"p{i}", dimension="WA") for i in range(papers)), dimension="WA"
        )

    words = [ran(n).word for n in range(7)]
    assert words == ["unsupported"] * 3 + ["contested"] * 2 + ["confirmed"] * 2
    # It is fragile where one paper less is one too few, and under nothing else.
    assert ran(6).changes == ran(4).changes == {}
    assert ran(3).changes == {f"without p{i}": "unsupported" for i in range(3)}
    assert ran(5).changes == {f"without p{i}": "contested" for i in range(5)}


def test_sensitivity_leaves_out_what_it_says() -> None:
    # 7 to 2 by rivals: contested at 4, settled at 3. Without weak units 6 to 2, without x 3 to 2,
    # without z 5 to 2; without y nothing is against.
    found = verdict(
        *units("for", 2, "x", "full"),
        *units("for", 1, "y", "full"),
        *units("for", 1, "z"),
        *units("against", 1, "w", "full"),
    )
    assert (found.text, found.F, found.A) == ("contested, leaning for", 7, 2)
    assert found.changes == {"with a ratio of 3": "confirmed", "without w": "confirmed"}


def test_what_authors_report_is_not_called_fragile_for_resting_on_them() -> None:
    found = verdict(*units("for", 2, "own", "full", "authors"))
    assert (found.word, found.F) == ("reported", 4)
    assert found.changes == {"without own": "unsupported"}


ENOUGH_FOR = "What is for it weighs at least 2, and 4 times what is against."


@pytest.mark.parametrize(
    ("findings", "word", "told"),
    [
        ([], "unsupported", "No comparison counts here, so there is nothing to weigh."),
        (
            units("for", 1, "a"),
            "unsupported",
            "Neither side reaches the 2 that a verdict needs.",
        ),
        (
            [unit("for", "a"), *units("against", 2, "b"), unit("against", "c")],
            "unsupported",
            "What is for it does not reach the 2 that a verdict needs, and what is against weighs "
            "less than 4 times as much, which would contradict it.",
        ),
        (
            units("against", 2, "a"),
            "contradicted",
            "What is against weighs at least 2, and 4 times what is for it.",
        ),
        (
            [*units("for", 2, "a"), *units("against", 2, "b")],
            "contested",
            "To settle it, one side has to weigh 4 times the other.",
        ),
        (
            [*units("for", 2, "a"), unit("against", "b")],
            "contested",
            "To settle it, one side has to weigh 4 times the other. It leans for: that side weighs "
            "at least twice the other.",
        ),
        (
            units("for", 1, "a", "full"),
            "confirmed",
            f"{ENOUGH_FOR} Others than the authors found it too.",
        ),
        (
            units("for", 2, "a", run_by="authors"),
            "reported",
            f"{ENOUGH_FOR} It is only reported: apart from the authors, at most one weak source is "
            "for it.",
        ),
    ],
)
def test_a_reason_names_the_condition_that_gives_the_verdict(
    findings: list[Finding], word: str, told: str
) -> None:
    assert (decide("BL", findings).word, decide("BL", findings).reason) == (word, told)


@pytest.mark.parametrize("papers", [1, 3, 5])
def test_who_asks_for_wide_adoption_is_told_the_papers_and_how_many_it_takes(papers: int) -> None:
    found = [unit("for", f"s{i}", dimension="WA") for i in range(papers)]
    ran = f"{papers} paper{'s' if papers > 1 else ''} by others ran it."
    assert decide("WA", found).reason == f"{ran} It takes 5 to confirm; 3 or 4 leave it contested."
