"""Readers' code gets at nothing: not the page, not its storage, not another host."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, expect

from tests.browser.conftest import Host
from tests.browser.reader import PLAYGROUND as PAGE
from tests.browser.reader import Visit, becomes, cell, edit, limit, record, revisit, run, says


@pytest.fixture
def opened(tab: Page, site: str) -> Iterator[Page]:
    """A cell whose Python runs what one test after the other gives it.

    Its page may hear of errors which nothing in the worker catches.
    """
    if not tab.url.startswith(site + PAGE):
        edit(revisit(tab, site, PAGE))
    yield tab
    tab.evaluate("delete window.limit")


@pytest.fixture
def spoilt(opened: Page, site: str) -> Iterator[Page]:
    """The same, for code which leaves a Python that no other test may run in: it ends."""
    yield opened
    edit(revisit(opened, site, PAGE))


def start(page: Page, code: str) -> None:
    cell(page).get_by_role("textbox").fill(code)
    cell(page).get_by_role("button", name="Run", exact=True).click()


# Freedoms of the code -----------------------------------------------------------------------------

# Everything of this kind that Chromium gives a worker.
POWERS = """
    BroadcastChannel Cache CacheStorage EventSource FileReader FileReaderSync IDBFactory
    FileSystemSyncAccessHandle MessageEvent Notification OffscreenCanvas Request SharedWorker
    ServiceWorkerRegistration StorageManager WebSocket WebTransport Worker XMLHttpRequest caches
    addEventListener close cookieStore dispatchEvent eval importScripts indexedDB location name
    navigator onerror onmessage open postMessage registration removeEventListener scheduler
    requestAnimationFrame webkitRequestFileSystem webkitResolveLocalFileSystemURL
    AbortSignal Blob FinalizationRegistry MessageChannel MessagePort ReadableStream Response
"""

# Callers of readers' code after its end that belong to something that stays.
CALLS = {
    "Atomics": "waitAsync",
    "EventTarget.prototype": "addEventListener",
    "WebAssembly": "compileStreaming",
    "crypto": "subtle",
    "performance": "onresourcetimingbufferfull",
}

LOOK = f"""
import js

scope, kept = js.globalThis, js.EventTarget.prototype
while scope != js.Object.prototype:
    for name in '''{POWERS}'''.split():
        found = js.Object.getOwnPropertyDescriptor(scope, name)
        if scope != kept and found and (found.value is not None or getattr(found, "get", None)):
            print(name)
    scope = js.Object.getPrototypeOf(scope)
for owner, name in {CALLS}.items():
    if hasattr(eval("js." + owner), name):
        print(owner, name)
print("looked")
"""


def test_the_worker_has_no_powers_left(opened: Page) -> None:
    assert run(opened, LOOK) == "looked\n"


ATTEMPTS = {
    "fetch": "wait(js.fetch(HOST + 'fetch'))",
    "fetch of the site": "wait(js.fetch(SITE + 'catalog.json'))",
    "fetch out of the folder": "wait(js.fetch(SITE + 'assets/py/../../catalog.json'))",
    "fetch with its check changed": (
        "js.String.prototype.startsWith = js.Boolean.bind(None, True);"
        "wait(js.fetch(HOST + 'changed'))"
    ),
    "another fetch": "js.fetch = js.console.log",
    "fetch given back": "wait(pyodide_js._api.config.createPyodideModule(js.Object.new()))",
    "pyfetch": "import pyodide.http; wait(pyodide.http.pyfetch(HOST + 'pyfetch'))",
    "open_url": "import pyodide.http; pyodide.http.open_url(HOST + 'open_url')",
    "urllib": "import urllib.request; urllib.request.urlopen(HOST + 'urllib', timeout=1)",
    "socket": "import socket; socket.create_connection(('127.0.0.1', PORT), 1)",
    "run_js": "from pyodide.code import run_js; run_js(f'import(`{HOST}run_js`)')",
    "eval": "js.eval('1')",
    "Function": "js.Object.constructor(f'return import(`{HOST}Function`)')()",
    "AsyncFunction": "pyodide_js.loadPackage.constructor(f'await import(`{HOST}Async`)')()",
    "worker": "js.Worker.new(js.URL.createObjectURL(js.Blob.new(['1'])))",
    "indexedDB": "js.indexedDB.open('stolen')",
    "indexedDB as folder": (
        "FS = pyodide_js.FS; FS.mkdir('/stolen');"
        "FS.mount(FS.filesystems.IDBFS, js.Object.new(), '/stolen');"
        "wait(js.Promise.new(lambda a, b: FS.syncfs(True, lambda e=0: (b if e else a)(e))))"
    ),
    "caches": "wait(js.caches.open('stolen'))",
    "channel": "js.BroadcastChannel.new('page').postMessage('forged')",
    "message": "js.postMessage(js.Object.new())",
    "origin's files": "wait(js.navigator.storage.getDirectory())",
    "document": "js.document.title",
    "local storage": "js.localStorage.getItem('__palette')",
}


# What these leave behind could be what refuses the next attempt.
ALONE = ("fetch with its check changed", "another fetch", "fetch given back")

TRY = """
import asyncio, js, pyodide_js

def attempt(name, code):
    tell = lambda outcome: js.console.log(f"{name}: {outcome}")
    waiting = []
    async def later(awaitable):
        try:
            await awaitable
            tell("got through")
        except BaseException:
            tell("refused")
    wait = lambda awaitable: waiting.append(asyncio.ensure_future(later(awaitable)))
    try:
        exec(code, globals() | {"wait": wait})
        waiting or tell("got through")
    except BaseException:
        tell("refused")

"""


def attempt(page: Page, site: str, host: Host, names: Collection[str]) -> None:
    """Have all of them refused: nothing is sent by them, and nothing stored."""
    run(page, "import pyodide.http, urllib.request")
    outcomes: dict[str, str] = {}

    def note(message: ConsoleMessage) -> None:
        name, _, outcome = message.text.partition(": ")
        if name in names:
            outcomes[name] = outcome

    page.on("console", note)
    requests = record(page.context)
    places = f"HOST, PORT, SITE = {host.address!r}, {urlsplit(host.address).port}, {site!r}\n"
    run(page, TRY + places + "".join(f"attempt({n!r}, {ATTEMPTS[n]!r})\n" for n in names))
    becomes(page, lambda: {*names} - {*outcomes}, set())
    assert outcomes == dict.fromkeys(names, "refused")
    last = f"{site}robots.txt"
    page.evaluate("url => fetch(url).then(() => true)", last)  # what was sent has gone before this
    becomes(page, lambda: requests, [last])
    assert host.asked == []
    stored = """async () => [
      ...(await caches.keys()), ...(await indexedDB.databases()).map(({ name }) => name)]"""
    assert not [name for name in page.evaluate(stored) if "stolen" in name]


def test_no_attempt_to_leave_the_worker_succeeds(opened: Page, site: str, host: Host) -> None:
    attempt(opened, site, host, ATTEMPTS.keys() - ALONE)


@pytest.mark.parametrize("name", ALONE)
def test_an_attempt_that_changes_the_worker_fails(
    spoilt: Page, site: str, host: Host, name: str
) -> None:
    attempt(spoilt, site, host, [name])


def test_a_package_of_another_host_is_not_fetched(opened: Page, host: Host) -> None:
    address = f"{host.address}stolen-1-py3-none-any.whl"
    run(opened, f"import pyodide_js\npyodide_js.loadPackage({address!r})")
    run(opened, "1")  # what it has sent has gone before this
    assert host.asked == []


def test_text_given_to_a_timer_is_not_run(opened: Page) -> None:
    code = (
        "js.setTimeout('globalThis.hacked = 1', 0)\njs.setTimeout(create_once_callable(print), 9)"
    )
    run(opened, f"import js\nfrom pyodide.ffi import create_once_callable\n{code}")
    assert run(opened, "import js\nprint(hasattr(js, 'hacked'))") == "False\n"


ASTRAY = """
import asyncio, js, pyodide_js
from demos import readers
from pyodide.ffi import create_proxy

packages = pyodide_js.lockfile.packages
PACKAGE = pyodide_js.lockfileBaseUrl + packages.cycler.file_name
CATALOG = js.URL.new("../../../../catalog.json", pyodide_js.lockfileBaseUrl).href

def ask(address):
    async def later():
        try:
            answer = await js.fetch(address)
            readers.emit("text", "response " if hasattr(answer, "clone") else "answer ")
        except BaseException:
            readers.emit("text", "refused ")
    asyncio.ensure_future(later())

always = create_proxy(lambda *_: True)
js.String.prototype.startsWith = js.Set.prototype.has = js.Map.prototype.has = always
for name, value in dict(method="POST", body="forged", credentials="include").items():
    setattr(js.Object.prototype, name, value)
setattr(js.Object.prototype, CATALOG, True)
ask(PACKAGE)
ask(CATALOG)
turns = []
def turn(*_):
    turns.append(1)
    return PACKAGE if len(turns) % 2 else CATALOG
changing = js.Object.new()
changing.toString = create_proxy(turn)
getter = js.Object.new()
getter.get = create_proxy(lambda *_: changing)
js.Object.defineProperty(js.URL.prototype, "href", getter)
ask(PACKAGE)
ask("http://nowhere.invalid/")
"""


def test_no_replaced_built_in_leads_the_fetch_of_packages_astray(spoilt: Page, site: str) -> None:
    spoilt.context.add_cookies([{"name": "session", "value": "secret", "url": site}])
    run(spoilt, "1")
    requests: list[Request] = []
    spoilt.context.on("request", lambda request: requests.append(request))
    assert sorted(run(spoilt, ASTRAY).split()) == ["answer", "answer", "refused", "refused"]
    assert {request.method for request in requests} == {"GET"}
    assert all("/wheels/cycler" in request.url for request in requests)
    assert not any("cookie" in request.all_headers() for request in requests)


def test_a_replaced_string_method_lets_no_more_through(spoilt: Page) -> None:
    code = "import js\njs.String.prototype.slice = js.String.prototype.valueOf\n"
    printed = run(spoilt, f"{code}raise ValueError('x' * 1_000_000)", "Line 3: ")
    assert 19_000 < len(printed) <= 20_000


# Remains of a run ---------------------------------------------------------------------------------

LATER = """
import asyncio, js, pyodide_js
from demos import readers
from pyodide.ffi import create_once_callable, to_js

async def wait(name, awaitable):
    await awaitable
    readers.emit("text", name)

module = to_js(bytes([0, 97, 115, 109, 1, 0, 0, 0]))
package = pyodide_js.lockfileBaseUrl + pyodide_js.lockfile.packages.pillow.file_name
asyncio.ensure_future(wait("sleep ", asyncio.sleep(0.5)))
asyncio.ensure_future(wait("module ", js.WebAssembly.compile(module)))
asyncio.ensure_future(wait("package ", js.fetch(package)))
js.setTimeout(create_once_callable(lambda: readers.emit("text", "timer ")), 500)
js.clearTimeout(js.setTimeout(js.console.log, 60_000))
js.clearInterval(js.setInterval(js.console.log, 60_000))
"""


def test_a_run_ends_when_nothing_of_it_is_left(opened: Page) -> None:
    assert sorted(run(opened, LATER).split()) == ["module", "package", "sleep", "timer"]


ENDLESS = {
    "a timer": "js.setTimeout(create_proxy(loop), 50)",
    "timers one after the other": (
        "def again(): js.setTimeout(create_once_callable(again), 50)\nagain()"
    ),
    "the next run": "pyodide_js.loadPackagesFromImports = create_proxy(loop)",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS.keys())
def test_the_time_limit_ends_what_a_run_has_left(opened: Page, code: str) -> None:
    imports = "import js, pyodide_js\nfrom pyodide.ffi import create_once_callable, create_proxy\n"
    code = f"{imports}def loop(*_):\n    while True: pass\n{code}"
    if "loadPackages" in code:
        run(opened, code)
        code = "print('next')"
    limit(opened, 1)
    start(opened, code)
    says(cell(opened).get_by_role("status"), "Stopped after 10 seconds. Python is ready again.")
    expect(cell(opened).get_by_role("button", name="Stop")).to_be_disabled()
    opened.evaluate("delete window.limit")
    assert run(opened, "1 + 1") == "2\n"


# Output in the page -------------------------------------------------------------------------------


def test_code_cannot_talk_its_way_out_of_the_time_limit(opened: Page) -> None:
    code = (
        "from demos import readers\nreaders.emit('end', '')\nreaders.emit('text', 'still here')\n"
    )
    limit(opened, 1)
    start(opened, f"{code}while 1: pass")
    expect(cell(opened).get_by_role("region", name="Output")).to_contain_text("still here")
    expect(cell(opened).get_by_role("status")).to_contain_text("after 10 seconds")


def test_a_figure_is_an_image_whose_scripts_do_not_run(opened: Page) -> None:
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='window.evil = 1'>"
    svg += "<script>parent.evil = 2; window.evil = 3</script></svg>"
    run(opened, f"from demos import readers\nreaders.emit('figure', {svg!r})")
    image = cell(opened).get_by_role("img")
    opened.wait_for_function("image => image.naturalWidth === 9", arg=image.element_handle())
    assert opened.evaluate("window.evil") is None
    assert cell(opened).locator("svg, script").count() == 0


USE = "<use href='#{}'/>"
NESTED = "<g id='a0'><rect width='9' height='9'/></g>" + "".join(
    f"<g id='a{i}'>{USE.format(f'a{i - 1}') * 10}</g>" for i in range(1, 9)
)
PATTERN = "<pattern id='{}' width='1' height='1'><rect width='9' height='9' fill='{}'/></pattern>"
LONG = f"<path id='long' d='M{'0,0 ' * 100_000}'/>"

HEAVY = {
    "repeats more than a shape": f"<defs>{NESTED}</defs>{USE.format('a8')}",
    "refers to another one": PATTERN.format("q", "red") + PATTERN.format("p", "url(#q)"),
    "repeats too much": f"<defs>{LONG}</defs>{USE.format('long') * 100}",
    "too many elements": "<g>" * 60 + "</g>" * 60,
    "holds <filter>": "<filter id='f'/>",
    "holds <animate>": "<rect><animate attributeName='x' dur='1s'/></rect>",
    "holds blur()": "<rect style='filter: blur(9px)'/>",
    "holds a backslash": r"<rect style='fill: \\75rl(#p)'/>",
    "style sheet": "<style>*{fill: url(#p)}</style>",
    "refers to something else": "<image href='data:image/svg+xml,x'/>",
    "no SVG": "<g>",
}


def test_a_figure_that_would_keep_the_page_busy_is_left_out(opened: Page) -> None:
    figures = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{content}</svg>"
        for content in HEAVY.values()
    ]
    entities = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'>]>"
    code = f"from demos import readers\nfor svg in {figures!r}: readers.emit('figure', svg)"
    printed = run(opened, f"{code}\nreaders.emit('figure', {entities + figures[3]!r})")
    lines = printed.splitlines()
    for reason, line in zip([*HEAVY, "too large"], lines, strict=True):
        assert line.startswith("A figure is left out: ")
        assert reason in line
    assert cell(opened).get_by_role("img").count() == 0


def test_what_is_printed_stays_text(opened: Page) -> None:
    markup = '<img src=x onerror="window.evil = 1">'
    assert run(opened, f"print({markup!r})") == f"{markup}\n"
    assert opened.evaluate("window.evil") is None


# The policy ---------------------------------------------------------------------------------------

PROBE = """(host) => new Promise((resolve) => {
  const code = `Promise.allSettled([fetch("${host}a"), import("${host}b")]).then((all) => {
    let text = "run";
    try { (0, eval)("1") } catch { text = "refused" }
    postMessage([...all.map(({ status }) => status), text]);
  })`;
  const script = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  new Worker(script, { type: "module" }).onmessage = ({ data }) => resolve(data);
})"""


def test_the_policy_in_the_page_binds_the_worker_where_the_host_sends_no_headers(
    browser: Browser, site: str, host: Host
) -> None:
    def without_header(route: Route) -> None:
        answer = route.fetch()
        left = {k: v for k, v in answer.headers.items() if k != "content-security-policy"}
        route.fulfill(response=answer, headers=left)

    with browser.new_context() as context:
        context.route(f"{site}{PAGE}", without_header)
        page = context.new_page()
        page.goto(site + PAGE)
        edit(page)
        assert page.evaluate(PROBE, host.address) == ["rejected", "rejected", "refused"]
        assert host.asked == []
        assert run(page, "1 + 1") == "2\n"


def test_without_the_policy_readers_code_is_not_run(browser: Browser, site: str) -> None:
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(site + PAGE)
        edit(page)
        run(page, "1 + 1", "does not apply the page's security policy")


def test_a_file_of_another_address_is_refused(opened: Page) -> None:
    lazy = "import pyodide_js\npyodide_js.FS.createLazyFile('/', 'x', 'https://x.org', True, False)"
    assert "out of reach" in run(opened, lazy, end="Line 2")
    assert run(opened, "print(6 * 7)") == "42\n"


def test_an_end_of_python_after_the_last_line_is_told_and_the_next_run_is_not_lost(
    opened: Page,
) -> None:
    later = (
        "import js, os, pyodide_js\nfrom pyodide.ffi import create_once_callable\n"
        "open('/x', 'w').close()\npyodide_js.FS.lookupPath('/x').node.node_ops = None\n"
        "js.Promise.resolve().then(create_once_callable(lambda _: os.stat('/x')))"
    )
    run(opened, later, end="Python broke down")
    assert run(opened, "print(6 * 7)") == "42\n"


# In a widget -------------------------------------------------------------------------------------

SERIES = "kind='series', name='s', title='t', x='i', y='v'"
FORGED = """
import demos.probe
import numpy as np
from adapters_np.core import WeightAdapter

class Forged(WeightAdapter):
    pass

demos.probe.probe = lambda *_, **__: {"sentence": "x", "panels": [PANEL]}
"""


NO_PICTURES = [
    "dict(kind='matrix', name='m', views=[dict(rows=10**9, columns=10**9, values=[])])",
    "dict(kind='number', name={}, text='x')",
    "3",
    f"dict({SERIES}, lines=[dict(label='l', values=np.ones(300))] * 1500)",
    f"dict({SERIES}, lines=[])",
]


def test_a_widget_does_not_draw_what_is_no_picture(visit: Visit) -> None:
    page = visit("methods/lora/#implementation")
    sentence = page.locator("adapter-demo .sentence").inner_text()
    here = cell(page, "lora")
    here.get_by_role("button", name="Edit and run").click()
    for panel in NO_PICTURES:
        here.get_by_role("textbox").fill(FORGED.replace("PANEL", panel))
        here.get_by_role("button", name="Run", exact=True).click()  # takes the last problem away
        problem = page.locator("adapter-demo .problem")
        expect(problem, panel).to_contain_text("cannot be drawn")
    expect(page.locator("adapter-demo .sentence")).to_have_text(sentence)
    assert page.evaluate("updates") == []
