"""Exercises: a question and a solution in a link, the form that makes one, and the hand-out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reader import Visit, knob, violations

QUESTION = "Which change can <b>no</b> rotation describe?"
SOLUTION = "One of lengths.\nRotations keep them."


def made(page: Page, link: str, *, guess: bool = False) -> str:
    """Make an exercise and return its link."""
    page.get_by_label("Link to a widget").fill(link)
    page.get_by_label("Question").fill(QUESTION)
    page.get_by_label("Solution, folded").fill(SOLUTION)
    page.get_by_label("Hide the answer").set_checked(guess)
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_role("link", name="Open it").get_attribute("href") or ""
    expect(page.locator("exercise-maker .status")).to_have_text(
        f"The link has {len(link)} characters."
    )
    return link


def test_a_link_brings_question_settings_and_a_folded_solution(visit: Visit, site: str) -> None:
    link = made(visit("exercises/"), f"{site}methods/oft/?world=rows", guess=True)
    page = visit(link.removeprefix(site))
    exercise = page.get_by_role("region", name="Exercise")
    expect(exercise).to_contain_text(QUESTION)
    expect(exercise).to_be_in_viewport()
    expect(page.get_by_text("Rotations keep them.")).to_be_hidden()
    expect(knob(page, "world")).to_have_value("rows")
    expect(page.locator(".tour").get_by_role("slider")).to_be_visible()
    exercise.get_by_text("Solution").click()
    expect(exercise).to_contain_text(SOLUTION)
    assert violations(page, ".exercise-here") == {}
    page.locator(".tour").get_by_role("button", name="Skip").click()
    knob(page, "world").select_option("few")
    page.wait_for_function("() => location.search.includes('world=few')")
    assert "exercise=" in page.url
    page.locator("[name=reset]").click()
    expect(knob(page, "world")).to_have_value("rows")


@pytest.mark.parametrize("letters", ["", "x", "%00", "q1YqLE0tLlGyUkpKUdJRUkpVqgUA"])
def test_an_exercise_that_was_cut_off_says_so_and_leaves_the_settings(
    visit: Visit, letters: str
) -> None:
    page = visit(f"methods/lora/?rank=3&exercise={letters}")
    exercise = page.get_by_role("region", name="Exercise")
    expect(exercise).to_contain_text("the link was cut off or changed")
    expect(knob(page, "rank")).to_have_value("3")


@pytest.mark.parametrize(
    "link", ["https://example.org/methods/oft/", "rubric/", "javascript:1", "//"]
)
def test_a_link_without_a_widget_of_this_site_is_refused(visit: Visit, link: str) -> None:
    page = visit("exercises/")
    page.get_by_label("Link to a widget").fill(link)
    page.get_by_label("Question").fill("Why?")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("exercise-maker .status")).to_contain_text(f"“{link}” is no page")
    expect(page.get_by_role("link", name="Open it")).to_be_hidden()


def test_a_link_that_sets_what_its_method_lacks_is_refused_and_says_what(visit: Visit) -> None:
    page = visit("exercises/")
    page.get_by_label("Link to a widget").fill("methods/oft/?world=rows&u=3")
    page.get_by_label("Question").fill("Why?")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("exercise-maker .status")).to_contain_text("has no setting “u”")
    expect(page.get_by_role("link", name="Open it")).to_be_hidden()


def test_a_hand_out_has_questions_first_and_solutions_last_and_prints_alone(visit: Visit) -> None:
    page = visit("exercises/")
    for link in ("methods/oft/?world=rows", "compare/?a=lora&b=oft"):
        made(page, link)
        page.get_by_role("button", name="Put it on the hand-out").click()
    page.reload()
    handout = page.locator(".handout")
    questions, solutions = handout.locator("ol").all()
    expect(questions.locator("> li")).to_have_count(2)
    expect(solutions.locator("> li")).to_have_text([SOLUTION] * 2)
    expect(questions.locator("a").first).to_contain_text("methods/oft/?world=rows")
    assert violations(page, "exercise-maker") == {}
    page.emulate_media(media="print")
    expect(page.get_by_label("Question")).to_be_hidden()
    expect(page.get_by_role("heading", name="What the link holds")).to_be_hidden()
    expect(questions).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Take off exercise 1").click()
    expect(questions.locator("> li")).to_have_count(1)


def test_a_link_with_an_exercise_fills_the_form(visit: Visit) -> None:
    page = visit("exercises/")
    link = made(page, "methods/oft/?world=rows", guess=True)
    page.reload()
    page.get_by_label("Link to a widget").fill(link)
    page.get_by_label("Link to a widget").blur()
    expect(page.get_by_label("Question")).to_have_value(QUESTION)
    expect(page.get_by_label("Solution, folded")).to_have_value(SOLUTION)
    expect(page.get_by_label("Hide the answer")).to_be_checked()
    assert page.get_by_label("Link to a widget").input_value().endswith("methods/oft/?world=rows")
