"""Actions of a reader for tests of the site, and what they look at."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from playwright.sync_api import (
    BrowserContext,
    Error,
    Locator,
    Page,
    Request,
    ViewportSize,
    expect,
)

from scripts.bootstrap import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WINDOW: ViewportSize = {"width": 1280, "height": 900}
LORA = "methods/lora/"
RANDOM = f"{LORA}?way=random&size=64x64"
LIVE = "adapter-demo[data-state=live]"
PATIENCE = 120  # seconds that a machine with much else to do may take; only a test that fails waits

# Opens a page of the site, given by its path, and returns the browser's page.
Visit = Callable[[str], Page]

# Records of redraws for tests, with arrays as lists: those by Python, those from a file.
# A run has as long as a busy machine may need, but in tests about its limit (`limit`).
RECORD = """
Object.assign(window, { updates: [], stored: [], compared: [] });
{
  const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  const copy = (detail) => JSON.parse(JSON.stringify(detail, plain));
  document.addEventListener("adapter-demo:update", ({ detail }) => {
    (detail.stored ? window.stored : window.updates).push(copy(detail));
  });
  document.addEventListener("adapter-compare:update", ({ detail }) => {
    window.compared.push(copy(detail));
  });
  const { setTimeout } = window;
  const isLimit = (delay) => delay === 10_000 || delay >= 60_000;
  window.setTimeout = (action, delay, ...values) =>
    setTimeout(action, isLimit(delay) ? window.limit ?? 600_000 : delay, ...values);
}
"""

# The first touch of a control asks for an answer too, at the value that it had.
ANSWERED = """([before, name]) => {
  const value = document.querySelector("adapter-demo").knobs[name];
  return updates.length > before && updates.at(-1).knobs[name] === value;
}"""

# Material takes over clicks on links once it has the map of the site; before, the browser has them.
MAPPED = """() =>
  performance.getEntriesByType("resource").some(({ name }) => name.endsWith("sitemap.xml"))"""

# Goes to another page as a link does, and ends when that page has taken the place of this one.
FOLLOW = """([address, patience]) => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`${address} has not come`)), 1000 * patience);
  let shown = 0;
  document$.subscribe(() => { if (shown++ === 1) resolve(); }); // Material's; first comes this page
  const link = Object.assign(document.createElement("a"), { href: address });
  document.body.append(link);
  link.click();
  link.remove();
})"""


def becomes(page: Page, what: str | Callable[[], Any], wanted: Any) -> None:
    """Look until something is as wanted: an expression in the page, which may reload, or here."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            seen = page.evaluate(what) if isinstance(what, str) else what()
        except Error as error:  # the page that was asked is gone, or is not there yet
            seen = error
        if seen == wanted or time.monotonic() > end:
            assert seen == wanted, f"{seen!r} in place of {wanted!r}"
            return
        page.wait_for_timeout(50)


def says(part: Locator, wanted: str) -> None:
    """Look twenty times a second until a part holds a text: `expect` looks once, after a while."""
    becomes(part.page, lambda: wanted if wanted in (text := part.inner_text()) else text, wanted)


def rest(page: Page) -> None:
    """Wait until a page has done what it does 400 ms after a change: its timers end in order."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 500))")


def follow(page: Page, address: str) -> None:
    """Follow a link to another page of the site, which keeps the visit and its Python."""
    page.wait_for_function(MAPPED)
    page.evaluate(FOLLOW, [address, PATIENCE])
    settle(page)


BETWEEN = "contributing/testing/"  # a light page without a widget
FORGET = """() => {
  localStorage.clear();
  sessionStorage.clear();
  for (const record of [updates, stored, compared]) record.length = 0;
  delete window.sameVisit;
  delete window.limit;
}"""


def empty(page: Page, site: str) -> None:
    """Leave nothing in a window of what a test has kept, asked for or emulated there."""
    context = page.context
    page.unroute_all()
    context.unroute_all()
    context.clear_permissions()
    context.clear_cookies()
    for other in context.pages[1:]:
        other.close()
    page.set_viewport_size(WINDOW)
    page.emulate_media(media="null", color_scheme="light", reduced_motion="reduce")
    page.mouse.move(0, 0)
    page.goto(f"{site}robots.txt")
    page.evaluate(FORGET)
    session = context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    session.detach()
    page.goto("about:blank")


def revisit(tab: Page, site: str, path: str) -> Page:
    """Open a page as a link does, in a visit that other tests have begun and that forgets them."""
    if not tab.url.startswith(site):
        tab.goto(site + path)
        settle(tab)
        return tab
    follow(tab, f"{site}{BETWEEN}")
    tab.evaluate(FORGET)
    follow(tab, site + path)
    return tab


def settle(page: Page) -> None:
    """Wait until no widget waits for its script."""
    widgets = page.locator(":is(adapter-demo, adapter-compare) .controls[disabled]")
    expect(widgets).to_have_count(0)


def knob(page: Page, name: str) -> Locator:
    return page.locator(f"adapter-demo [name={name}]:enabled").first


def unfold(page: Page) -> None:
    """Open the fold of heat maps, spectra and numbers of a page's first widget."""
    page.locator("adapter-demo details.figures").first.evaluate("fold => { fold.open = true }")


def touch(page: Page) -> None:
    """Choose a random step: Python starts, and answers at once when it is there."""
    page.locator("adapter-demo [name=way][value=random]").first.check()


def move(page: Page, name: str, key: str) -> dict[str, Any]:
    """Press a key on a control and return what Python answers for its new value."""
    if name == "step":  # only a random one has this control
        touch(page)
    before = page.evaluate("updates.length")
    knob(page, name).press(key)
    page.wait_for_function(ANSWERED, arg=[before, name])
    update: dict[str, Any] = page.evaluate("updates.at(-1)")
    return update


def record(context: BrowserContext) -> list[str]:
    """Return a list that fills with the address of every request, the worker's included."""
    requests: list[str] = []

    def note(request: Request) -> None:
        requests.append(request.url)

    context.on("request", note)
    return requests


def is_python(url: str) -> bool:
    return "/assets/py/" in url or "worker-" in url


Scheme: TypeAlias = Literal["light", "dark"]
SCHEMES: dict[Scheme, str] = {"light": "default", "dark": "slate"}

# Rules that the colours of the other scheme can break: all others find there what they have found.
OF_COLOUR = ["color-contrast", "link-in-text-block"]
LATER_ROWS = "tbody tr:nth-child(n + 5)"  # of one template with those before
RUN_AXE = """async ([part, rows, options]) => {
  for (const animation of document.getAnimations()) // the colours of the other scheme fade
    if (animation instanceof CSSTransition) animation.finish();
  const where = { include: [[part]], exclude: [[rows]] };
  const { violations } = await axe.run(where, { ...options, resultTypes: ["violations"] });
  const told = (nodes) => nodes.slice(0, 3).map(({ html }) => html.slice(0, 200));
  return violations.map(({ id, nodes }) => [id, told(nodes)]);
}"""


def violations(
    page: Page, part: str, *, colours: bool = True
) -> dict[str, list[tuple[str, list[str]]]]:
    """Return what axe finds in a part of a page: schemes, rules, and elements that break them.

    A page whose colours are those of another is spared their check, and so are the later rows of a
    table.
    """
    if not page.evaluate("Boolean(window.axe)"):  # a page that a link has led to has it still
        page.evaluate(AXE.read_text("utf-8"))
    colour = {"runOnly": {"type": "rule", "values": OF_COLOUR}}
    no_colour = {"rules": {rule: {"enabled": False} for rule in OF_COLOUR}}
    chosen: dict[Scheme, Any] = {"light": {}, "dark": colour} if colours else {"light": no_colour}
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for scheme, options in chosen.items():
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", SCHEMES[scheme])
        rules = page.evaluate(RUN_AXE, [part, LATER_ROWS, options])
        if rules:
            found[scheme] = rules
    page.emulate_media(color_scheme="light")
    return found


# Cells of the playground --------------------------------------------------------------------------

PLAYGROUND = "playground/"


def cell(page: Page, name: str = "start") -> Locator:
    return page.locator(f"code-cell[name={name}]")


def limit(page: Page, seconds: int = 3) -> None:
    """Let a run end by the clock; a reader's run does after ten seconds."""
    page.evaluate("seconds => { window.limit = 1000 * seconds }", seconds)


def edit(page: Page) -> None:
    """Open the first cell of the playground for editing."""
    cell(page).get_by_role("button", name="Edit and run").click()
    expect(cell(page).get_by_role("textbox", name="Python code")).to_be_focused()


def run(page: Page, code: str, end: str = "Finished in") -> str:
    """Run code in the open cell and return what it printed."""
    status = cell(page).get_by_role("status")
    status.evaluate("status => status.replaceChildren()")  # an earlier run has ended so too
    cell(page).get_by_role("textbox", name="Python code").fill(code)
    cell(page).get_by_role("button", name="Run", exact=True).click()
    says(status, end)
    return cell(page).locator(".output").text_content() or ""
