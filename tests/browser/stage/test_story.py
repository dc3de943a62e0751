"""The story of five bets: by mouse, by keyboard alone, without a script, on a phone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_access import TOO_WIDE

STORY = "story/"
BETS = ("lora", "oft", "ia3", "dora", "pissa")
RIGHT = (0, 0, 1, 2, 2)


def open_story(page: Page, site: str) -> Locator:
    """Open the story and return its stage."""
    page.goto(f"{site}{STORY}")
    stage = page.locator("five-bets adapter-stage[data-state=live]")
    expect(stage).to_be_visible()
    return stage


def share(stage: Locator) -> Locator:
    return stage.locator(".percent b")


def turn_to(page: Page, bet: str) -> None:
    """Follow the link to a bet, at which the stage takes it up."""
    page.locator(f"five-bets nav a[href='#{bet}']").click()
    expect(page.locator(".story")).to_have_attribute("data-bet", bet)


def tab_to(page: Page, selector: str) -> Locator:
    """Press Tab until what is asked for has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("q => document.activeElement.matches(q)", selector):
            return page.locator(selector)
    raise AssertionError(f"no Tab leads to {selector}")


def guess(page: Page, bet: str, choice: int) -> None:
    page.locator(f"fieldset[name={bet}] button[value='{choice}']").click()


def test_the_story_is_played_with_the_keyboard_alone(page: Page, site: str) -> None:
    stage = open_story(page, site)
    for bet, right in zip(BETS, RIGHT, strict=True):
        tab_to(page, f"#{bet} .to-stage").press("Enter")
        expect(page.locator(".story")).to_have_attribute("data-bet", bet)
        handle = stage.get_by_role("slider").first
        expect(handle).to_be_focused()
        before = handle.get_attribute("aria-valuetext")
        page.keyboard.press("Shift+ArrowRight")
        assert handle.get_attribute("aria-valuetext") != before
        expect(stage.get_by_role("status")).to_contain_text("% explained")
        tab_to(page, "five-bets button[name=show]").press("Enter")
        expect(share(stage)).to_have_text("100")
        page.keyboard.press("Escape")
        expect(page.locator(f"#{bet} .to-stage")).to_be_focused()
        tab_to(page, f"fieldset[name={bet}] button[value='{right}']").press("Enter")
        expect(page.locator(f"#{bet} details")).to_have_attribute("open", "")
        expect(page.locator(f"#{bet} summary")).to_be_focused()
    expect(page.locator(".score")).to_have_text("You guessed 5 of 5.")


def test_a_pointer_turns_the_wheel_and_every_angle_stays(page: Page, site: str) -> None:
    stage = open_story(page, site)
    turn_to(page, "oft")
    expect(share(stage)).to_have_text("0")
    wheel = stage.get_by_role("slider")
    box, middle = wheel.locator(".grip").bounding_box(), stage.locator("svg").bounding_box()
    assert box
    assert middle
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(middle["x"] + 2, middle["y"] + middle["height"] / 2, steps=8)
    assert 60 < float(wheel.get_attribute("aria-valuenow") or 0) < 80
    expect(stage.locator(".keeps")).to_have_text("8 of 8 angles, 8 of 8 lengths kept")
    expect(stage.locator(".kept")).to_have_count(8)
    assert stage.get_by_role("status").text_content() == ""  # it speaks on release
    page.mouse.up()
    expect(stage.get_by_role("status")).to_contain_text("8 of 8 angles")


def test_the_best_fit_plays_another_target_follows_and_reset_goes_back(
    page: Page, site: str
) -> None:
    page.emulate_media(reduced_motion="no-preference")
    stage = open_story(page, site)
    turn_to(page, "oft")
    stage.get_by_role("button", name="Show me").click()
    expect(share(stage)).to_have_text("100")
    stage.get_by_role("button", name="one longer arrow").click()
    stage.get_by_role("button", name="Show me").click()
    expect(stage.get_by_role("status")).to_contain_text("0 % explained")
    stage.get_by_role("button", name="LoRA").click()
    stage.get_by_role("button", name="Show me").click()
    expect(share(stage)).to_have_text("100")
    stage.get_by_role("button", name="Reset").click()
    expect(share(stage)).not_to_have_text("100")


def test_guesses_survive_a_reload_until_the_reader_starts_again(page: Page, site: str) -> None:
    open_story(page, site)
    guess(page, "lora", 0)
    guess(page, "oft", 2)
    expect(page.locator(".score")).to_have_text("You guessed 1 of 2 so far.")
    page.reload()
    expect(page.locator(".score")).to_have_text("You guessed 1 of 2 so far.")
    expect(page.locator("five-bets nav .right")).to_have_text("LoRA")
    expect(page.locator("five-bets nav .wrong")).to_have_text("OFT")
    expect(page.locator("#oft details")).to_have_attribute("open", "")
    expect(page.locator("tr[data-bet=oft] td").first).to_have_text("✗ 94 %")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator(".score")).to_have_text("You have not guessed yet.")


def test_on_a_phone_the_stage_stays_above_the_text(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    stage = open_story(page, site)
    for bet in BETS:
        turn_to(page, bet)
        expect(stage.locator("svg")).to_be_in_viewport(ratio=1)
        expect(page.locator(f"#{bet} h2")).to_be_in_viewport()
        for button in stage.locator(".tools button:visible").all():
            expect(button).to_be_in_viewport(ratio=1)
        assert page.evaluate(TOO_WIDE) == []


def test_on_paper_there_are_pictures_in_the_place_of_the_stage(page: Page, site: str) -> None:
    open_story(page, site)
    page.emulate_media(media="print")
    expect(page.locator("five-bets")).to_be_hidden()
    expect(page.locator("#oft .stills svg").first).to_be_visible()
