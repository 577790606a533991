"""The pages: the start page, the web apps and the page to try the API."""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from aiohttp import web

from dibs_realtime.pages.folder import WebFile, WebFolder

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

APPS: Final = {
    "/app/{path:.*}": "app/index.html",
    "/door/{path:.*}": "door/index.html",
    "/wallet/{path:.*}": "wallet/index.html",
    "/e/{slug}": "e/index.html",
    "/v/{code}": "v/index.html",
    # The address in a QR code is all upper case, which makes a smaller symbol.
    "/V/{code}": "v/index.html",
}
"""Which file of the folder answers which address. The apps find out for themselves what the rest of it means."""
SCANNING: Final = ("door/", "assets/door/")
"""Where in the folder the door's page and its workers lie. A worker runs under the policy of its own script."""
PRELOADS: Final = {"/e/{slug}": "/api/v1/public/events/{slug}"}
"""What a page asks for first: the browser is told with the page itself, and asks before any script of it runs."""
DOCS: Final = "docs/"
"""Where in the folder the page to try the API lies. It is served below /api/docs."""

_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?")
_START = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Party Dibs</title></head>
<body>
<h1>Party Dibs</h1>
<p>The live voucher hub for events.</p>
<ul>
<li><a href="/app/">For organizers</a></li>
<li><a href="/api/docs">The API, to read and to try</a></li>
</ul>
</body>
</html>
"""
_NOTICE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Party Dibs</title></head>
<body><h1>{title}</h1><p>{text}</p></body>
</html>
"""


def add_pages(app: web.Application, folder: WebFolder | None) -> None:
    """Add the pages to the application. None: the web apps are not built, which their addresses then say."""
    start = folder.get("index.html") if folder else None
    app.router.add_get("/", _serving(start) if start else _saying(_START, 200))
    for address, path in APPS.items():
        file = folder.get(path) if folder else None
        if address.endswith("/{path:.*}"):
            _redirect(app, address.partition("/{path")[0])
        if file is None:
            app.router.add_get(address, _absent(folder))
            continue
        handler = _serving(file, scans=path.startswith(SCANNING), preload=PRELOADS.get(address))
        app.router.add_get(address, handler)
    docs = folder.get(f"{DOCS}index.html") if folder else None
    for address in ("/api/docs", "/api/docs/"):
        app.router.add_get(address, _serving(docs, docs=True) if docs else _absent(folder))
    if folder is not None:
        _add_files(app, folder)


def _add_files(app: web.Application, folder: WebFolder) -> None:
    for path in folder.paths:
        file = folder.get(path)
        if file is None or path.endswith("index.html"):
            continue
        if path.startswith(DOCS):
            app.router.add_get(f"/api/docs/{path.removeprefix(DOCS)}", _serving(file, docs=True))
        else:
            app.router.add_get(f"/{path}", _serving(file, scans=path.startswith(SCANNING)))


def page_policy(host: str, *, docs: bool = False, scans: bool = False) -> str:
    """Return the Content-Security-Policy of a page. `host`: as the browser called us; it names our own sockets.

    docs: the page to try the API, whose ready-made parts write styles into the page.
    scans: the door's page and its worker, which reads QR codes with WebAssembly.
    """
    styles = " 'unsafe-inline'" if docs else ""
    scripts = " 'wasm-unsafe-eval'" if scans else ""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join((
        "default-src 'none'",
        f"script-src 'self'{scripts}",
        f"style-src 'self'{styles}",
        f"connect-src 'self'{sockets}",
        "img-src 'self' data:",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ))  # fmt: skip


def _serving(file: WebFile, *, docs: bool = False, scans: bool = False, preload: str | None = None) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        headers = {
            "Content-Type": file.content_type,
            "Content-Security-Policy": page_policy(request.host, docs=docs, scans=scans),
            "Permissions-Policy": f"camera=({'self' if scans else ''}), microphone=(), geolocation=()",
            "Cache-Control": file.cache,
            "ETag": file.etag,
            "Vary": "Accept-Encoding",
        }
        # A service worker that keeps the page asks for no event's data.
        if preload is not None and request.headers.get("Sec-Fetch-Dest", "document") == "document":
            path = preload.format(**{name: quote(value, safe="") for name, value in request.match_info.items()})
            headers["Link"] = f"<{path}>; rel=preload; as=fetch; crossorigin"
        if file.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if file.squeezed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=file.squeezed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=file.body, headers=headers)

    return serve


def _saying(html: str, status: int) -> Handler:
    async def say(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": page_policy(request.host)}
        return web.Response(text=html, status=status, content_type="text/html", headers=headers)

    return say


def _absent(folder: WebFolder | None) -> Handler:
    if folder is None:
        text = "The web apps are not built in this checkout. Run <code>make setup</code> and start the server again."
        return _saying(_NOTICE.format(title="Not built yet", text=text), 503)
    return _saying(_NOTICE.format(title="Not here", text="This release does not have that page."), 404)


def _redirect(app: web.Application, address: str) -> None:
    async def redirect(_: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={"Location": f"{address}/"})

    app.router.add_get(address, redirect)
