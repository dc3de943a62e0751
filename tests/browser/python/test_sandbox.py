"""Readers' code gets at nothing: not the page, not its storage, not another host."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.browser.conftest import Host
from tests.browser.reader import PLAYGROUND as PAGE
from tests.browser.reader import Visit, becomes, cell, edit, limit, record, revisit, run


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that may hear of errors which nothing in the worker catches."""
    return context.new_page()


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Page]:
    """A cell whose Python runs one attempt after the other."""
    with browser.new_context() as context:
        page = context.new_page()
        open_cell(page, site)
        yield page


@pytest.fixture
def fresh(tab: Page, site: str) -> Page:
    """A cell whose Python has run nothing: that of an earlier test has ended with its page."""
    edit(revisit(tab, site, PAGE))
    return tab


def open_cell(page: Page, site: str) -> None:
    page.goto(site + PAGE)
    edit(page)


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


def test_the_worker_has_no_powers_left(fresh: Page) -> None:
    assert run(fresh, LOOK) == "looked\n"


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


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_to_leave_the_worker_fails(
    request: pytest.FixtureRequest, site: str, host: Host, name: str
) -> None:
    page: Page = request.getfixturevalue("fresh" if name in ALONE else "opened")
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    run(page, "import pyodide.http, urllib.request")
    requests = record(page.context)
    code = f"""
import asyncio, js, pyodide_js
HOST, PORT, SITE = {host.address!r}, {urlsplit(host.address).port}, {site!r}
def wait(awaitable):
    async def later():
        try:
            await awaitable
            js.console.log("got through")
        except BaseException:
            js.console.log("refused later")
    asyncio.ensure_future(later())
try:
    exec({ATTEMPTS[name]!r})
    print("no error")
except BaseException as error:
    print("refused:", error)
"""
    printed = run(page, code)
    if "no error" in printed:
        assert "wait(" in ATTEMPTS[name]
        becomes(page, lambda: bool({"got through", "refused later"} & set(messages)), True)
        assert "refused later" in messages
    assert "got through" not in messages
    last = f"{site}robots.txt"
    page.evaluate("url => fetch(url).then(() => true)", last)  # what was sent has gone before this
    becomes(page, lambda: requests, [last])
    assert host.asked == []
    stored = """async () => [
      ...(await caches.keys()), ...(await indexedDB.databases()).map(({ name }) => name)]"""
    assert not [name for name in page.evaluate(stored) if "stolen" in name]


def test_a_package_of_another_host_is_not_fetched(fresh: Page, host: Host) -> None:
    address = f"{host.address}stolen-1-py3-none-any.whl"
    run(fresh, f"import pyodide_js\npyodide_js.loadPackage({address!r})")
    run(fresh, "1")  # what it has sent has gone before this
    assert host.asked == []


def test_text_given_to_a_timer_is_not_run(fresh: Page) -> None:
    code = (
        "js.setTimeout('globalThis.hacked = 1', 0)\njs.setTimeout(create_once_callable(print), 9)"
    )
    run(fresh, f"import js\nfrom pyodide.ffi import create_once_callable\n{code}")
    assert run(fresh, "import js\nprint(hasattr(js, 'hacked'))") == "False\n"


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


def test_no_replaced_built_in_leads_the_fetch_of_packages_astray(
    context: BrowserContext, page: Page, site: str
) -> None:
    context.add_cookies([{"name": "session", "value": "secret", "url": site}])
    open_cell(page, site)
    run(page, "1")
    requests: list[Request] = []
    context.on("request", lambda request: requests.append(request))
    assert sorted(run(page, ASTRAY).split()) == ["answer", "answer", "refused", "refused"]
    assert {request.method for request in requests} == {"GET"}
    assert all("/wheels/cycler" in request.url for request in requests)
    assert not any("cookie" in request.all_headers() for request in requests)


def test_a_replaced_string_method_lets_no_more_through(fresh: Page) -> None:
    code = "import js\njs.String.prototype.slice = js.String.prototype.valueOf\n"
    printed = run(fresh, f"{code}raise ValueError('x' * 1_000_000)", "Line 3: ")
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


def test_a_run_ends_when_nothing_of_it_is_left(fresh: Page) -> None:
    assert sorted(run(fresh, LATER).split()) == ["module", "package", "sleep", "timer"]


ENDLESS = {
    "a timer": "js.setTimeout(create_proxy(loop), 50)",
    "timers one after the other": (
        "def again(): js.setTimeout(create_once_callable(again), 50)\nagain()"
    ),
    "the next run": "pyodide_js.loadPackagesFromImports = create_proxy(loop)",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS.keys())
def test_the_time_limit_ends_what_a_run_has_left(fresh: Page, code: str) -> None:
    start = "import js, pyodide_js\nfrom pyodide.ffi import create_once_callable, create_proxy\n"
    code = f"{start}def loop(*_):\n    while True: pass\n{code}"
    if "loadPackages" in code:
        run(fresh, code)
        code = "print('next')"
    limit(fresh)
    cell(fresh).get_by_role("textbox").fill(code)
    cell(fresh).get_by_role("button", name="Run", exact=True).click()
    expect(cell(fresh).get_by_role("button", name="Stop")).to_be_enabled()
    expect(cell(fresh).get_by_role("status")).to_have_text(
        "Stopped after 10 seconds. Python is ready again."
    )
    expect(cell(fresh).get_by_role("button", name="Stop")).to_be_disabled()
    assert run(fresh, "1 + 1") == "2\n"


# Output in the page -------------------------------------------------------------------------------


def test_code_cannot_talk_its_way_out_of_the_time_limit(fresh: Page) -> None:
    code = (
        "from demos import readers\nreaders.emit('end', '')\nreaders.emit('text', 'still here')\n"
    )
    limit(fresh)
    cell(fresh).get_by_role("textbox").fill(f"{code}while 1: pass")
    cell(fresh).get_by_role("button", name="Run", exact=True).click()
    expect(cell(fresh).get_by_role("region", name="Output")).to_contain_text("still here")
    expect(cell(fresh).get_by_role("button", name="Stop")).to_be_enabled()
    expect(cell(fresh).get_by_role("status")).to_contain_text("after 10 seconds")


def test_a_figure_is_an_image_whose_scripts_do_not_run(fresh: Page) -> None:
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='window.evil = 1'>"
    svg += "<script>parent.evil = 2; window.evil = 3</script></svg>"
    run(fresh, f"from demos import readers\nreaders.emit('figure', {svg!r})")
    image = cell(fresh).get_by_role("img")
    fresh.wait_for_function("image => image.naturalWidth === 9", arg=image.element_handle())
    assert fresh.evaluate("window.evil") is None
    assert cell(fresh).locator("svg, script").count() == 0


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


def test_a_figure_that_would_keep_the_page_busy_is_left_out(fresh: Page) -> None:
    figures = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{content}</svg>"
        for content in HEAVY.values()
    ]
    entities = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'>]>"
    code = f"from demos import readers\nfor svg in {figures!r}: readers.emit('figure', svg)"
    printed = run(fresh, f"{code}\nreaders.emit('figure', {entities + figures[3]!r})")
    lines = printed.splitlines()
    for reason, line in zip([*HEAVY, "too large"], lines, strict=True):
        assert line.startswith("A figure is left out: ")
        assert reason in line
    assert cell(fresh).get_by_role("img").count() == 0


FIGURES = """
import matplotlib.pyplot as plt
import numpy as np

values = np.random.rand(40, 40)
plt.scatter(*values[:2], s=90, c=values[0], alpha=0.5, label="$\\\\sum_i x_i^2$")
plt.legend()
plt.show()
plt.imshow(values).set_clip_path(plt.Circle((20, 20), 9, transform=plt.gca().transData))
plt.colorbar()
plt.show()
plt.bar(range(3), range(3), hatch="/", edgecolor="red", url="http://nowhere.invalid/")
plt.show()
plt.pcolormesh(values, rasterized=True)
plt.contourf(values)
plt.title("a (b)", gid="a (b)")
plt.show()
plt.subplot(projection="polar").plot([0, 1, 2], ls="--", marker="o")
plt.rcParams["svg.fonttype"] = "none"
plt.xlabel("$x^2$")
plt.show()
"""


def test_figures_of_matplotlib_are_shown(fresh: Page) -> None:
    assert run(fresh, FIGURES) == ""
    images = cell(fresh).get_by_role("img")
    expect(images).to_have_count(5)
    for image in images.element_handles():
        fresh.wait_for_function("image => image.naturalWidth > 100", arg=image)


def test_what_is_printed_stays_text(fresh: Page) -> None:
    markup = '<img src=x onerror="window.evil = 1">'
    assert run(fresh, f"print({markup!r})") == f"{markup}\n"
    assert fresh.evaluate("window.evil") is None


SERIES = "kind='series', name='s', title='t', x='i', y='v'"
FORGED = """
import demos.probe
import numpy as np
from adapters_np.core import WeightAdapter

class Forged(WeightAdapter):
    pass

demos.probe.probe = lambda *_, **__: {"sentence": "x", "panels": [PANEL]}
"""


@pytest.mark.parametrize(
    "panel",
    [
        "dict(kind='matrix', name='m', views=[dict(rows=10**9, columns=10**9, values=[])])",
        "dict(kind='number', name={}, text='x')",
        "3",
        f"dict({SERIES}, lines=[dict(label='l', values=np.ones(300))] * 1500)",
        f"dict({SERIES}, lines=[])",
    ],
)
def test_a_widget_does_not_draw_what_is_no_picture(visit: Visit, panel: str) -> None:
    page = visit("methods/lora/#implementation")
    sentence = page.locator("adapter-demo .sentence").inner_text()
    here = cell(page, "lora")
    here.get_by_role("button", name="Edit and run").click()
    here.get_by_role("textbox").fill(FORGED.replace("PANEL", panel))
    here.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("adapter-demo .problem")).to_contain_text("cannot be drawn")
    expect(page.locator("adapter-demo .sentence")).to_have_text(sentence)


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
        open_cell(page, site)
        assert page.evaluate(PROBE, host.address) == ["rejected", "rejected", "refused"]
        assert host.asked == []
        assert run(page, "1 + 1") == "2\n"


def test_without_the_policy_readers_code_is_not_run(browser: Browser, site: str) -> None:
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        open_cell(page, site)
        run(page, "1 + 1", "does not apply the page's security policy")


def test_a_file_of_another_address_is_refused(opened: Page) -> None:
    lazy = "import pyodide_js\npyodide_js.FS.createLazyFile('/', 'x', 'https://x.org', True, False)"
    assert "out of reach" in run(opened, lazy, end="Line 2")
    assert run(opened, "print(6 * 7)") == "42\n"


def test_an_end_of_python_after_the_last_line_is_told_and_the_next_run_is_not_lost(
    fresh: Page,
) -> None:
    later = (
        "import js, os, pyodide_js\nfrom pyodide.ffi import create_once_callable\n"
        "open('/x', 'w').close()\npyodide_js.FS.lookupPath('/x').node.node_ops = None\n"
        "js.Promise.resolve().then(create_once_callable(lambda _: os.stat('/x')))"
    )
    run(fresh, later, end="Python broke down")
    assert run(fresh, "print(6 * 7)") == "42\n"
