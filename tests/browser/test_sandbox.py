"""Readers' code gets at nothing: not the page, not its storage, not another host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.reader import PLAYGROUND as PAGE
from tests.browser.reader import cell, edit, record, run


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Without the service worker, which fetches pages by itself."""
    with browser.new_context(service_workers="block") as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that may hear of errors which nothing in the worker catches."""
    return context.new_page()


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Page]:
    """A cell whose Python runs one attempt after the other."""
    with browser.new_context(service_workers="block") as context:
        page = context.new_page()
        open_cell(page, site)
        yield page


def open_cell(page: Page, site: str) -> None:
    page.goto(site + PAGE)
    edit(page)


class Host(NamedTuple):
    """Another host that takes every request, and the paths it was asked for."""

    address: str
    asked: list[str]


@pytest.fixture
def host() -> Iterator[Host]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()
            self.wfile.write(b"export default 1")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Host(f"http://127.0.0.1:{server.server_port}/", asked)
    server.shutdown()
    server.server_close()


# What is left to the code -------------------------------------------------------------------------

# Everything of this kind that Chromium gives a worker.
POWERS = """
    BroadcastChannel Cache CacheStorage EventSource FileReader FileReaderSync IDBFactory
    FileSystemSyncAccessHandle MessageEvent Notification OffscreenCanvas Request SharedWorker
    ServiceWorkerRegistration StorageManager WebSocket WebTransport Worker XMLHttpRequest caches
    addEventListener close cookieStore dispatchEvent eval importScripts indexedDB location name
    navigator onerror onmessage open postMessage registration removeEventListener scheduler
    requestAnimationFrame webkitRequestFileSystem webkitResolveLocalFileSystemURL
"""

LOOK = f"""
import js

scope, kept = js.globalThis, js.EventTarget.prototype
while scope != js.Object.prototype:
    for name in '''{POWERS}'''.split():
        found = js.Object.getOwnPropertyDescriptor(scope, name)
        if scope != kept and found and (found.value is not None or getattr(found, "get", None)):
            print(name)
    scope = js.Object.getPrototypeOf(scope)
print("looked")
"""


def test_the_worker_has_no_powers_left(page: Page, site: str) -> None:
    open_cell(page, site)
    assert run(page, LOOK) == "looked\n"


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


@pytest.mark.parametrize("name", [name for name in ATTEMPTS if name not in ALONE])
def test_an_attempt_to_leave_the_worker_fails(
    opened: Page, site: str, host: Host, name: str
) -> None:
    try_to_leave(opened, site, host, ATTEMPTS[name])


@pytest.mark.parametrize("name", ALONE)
def test_an_attempt_to_change_what_confines_the_worker_fails(
    page: Page, site: str, host: Host, name: str
) -> None:
    open_cell(page, site)
    try_to_leave(page, site, host, ATTEMPTS[name])


def try_to_leave(page: Page, site: str, host: Host, attempt: str) -> None:
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
    exec({attempt!r})
    print("no error")
except BaseException as error:
    print("refused:", error)
"""
    printed = run(page, code)
    if "no error" in printed:
        assert "wait(" in attempt
        for _ in range(100):
            if {"got through", "refused later"} & set(messages):
                break
            page.wait_for_timeout(20)
        assert "refused later" in messages
    assert "got through" not in messages
    page.wait_for_timeout(100)
    assert host.asked == []
    assert requests == []
    stored = """async () => [
      ...(await caches.keys()), ...(await indexedDB.databases()).map(({ name }) => name)]"""
    assert not [name for name in page.evaluate(stored) if "stolen" in name]


def test_a_package_of_another_host_is_not_fetched(page: Page, site: str, host: Host) -> None:
    open_cell(page, site)
    address = f"{host.address}stolen-1-py3-none-any.whl"
    run(page, f"import pyodide_js\npyodide_js.loadPackage({address!r})")
    page.wait_for_timeout(300)
    assert host.asked == []


def test_text_given_to_a_timer_is_not_run(page: Page, site: str) -> None:
    open_cell(page, site)
    run(page, "import js\njs.setTimeout('globalThis.hacked = 1', 0)")
    page.wait_for_timeout(100)
    assert run(page, "import js\nprint(hasattr(js, 'hacked'))") == "False\n"


# What the page makes of it ------------------------------------------------------------------------


def test_code_cannot_talk_its_way_out_of_the_time_limit(page: Page, site: str) -> None:
    open_cell(page, site)
    code = (
        "from demos import readers\nreaders.emit('end', '')\nreaders.emit('text', 'still here')\n"
    )
    cell(page).get_by_role("textbox").fill(f"{code}while 1: pass")
    cell(page).get_by_role("button", name="Run", exact=True).click()
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("still here")
    expect(cell(page).get_by_role("button", name="Stop")).to_be_enabled()
    expect(cell(page).get_by_role("status")).to_contain_text("after 10 seconds")


def test_a_figure_is_an_image_whose_scripts_do_not_run(page: Page, site: str) -> None:
    open_cell(page, site)
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='window.evil = 1'>"
    svg += "<script>parent.evil = 2; window.evil = 3</script></svg>"
    run(page, f"from demos import readers\nreaders.emit('figure', {svg!r})")
    image = cell(page).get_by_role("img")
    page.wait_for_function("image => image.naturalWidth === 9", arg=image.element_handle())
    assert page.evaluate("window.evil") is None
    assert cell(page).locator("svg, script").count() == 0


def test_what_is_printed_stays_text(page: Page, site: str) -> None:
    open_cell(page, site)
    markup = '<img src=x onerror="window.evil = 1">'
    assert run(page, f"print({markup!r})") == f"{markup}\n"
    assert page.evaluate("window.evil") is None


FORGED = """
import demos.probe
from adapters_np.core import WeightAdapter

class Forged(WeightAdapter):
    pass

demos.probe.probe = lambda *_: {"sentence": "x", "panels": [PANEL]}
"""


@pytest.mark.parametrize(
    "panel",
    [
        "dict(kind='matrix', name='m', views=[dict(rows=10**9, columns=10**9, values=[])])",
        "dict(kind='number', name={}, text='x')",
        "3",
    ],
)
def test_a_widget_does_not_draw_what_is_no_picture(page: Page, site: str, panel: str) -> None:
    page.goto(site + "methods/lora/")
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
