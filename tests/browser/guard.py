"""Sees to it that no page complains: errors on the console, exceptions, breaches of its policy, failed requests."""

import re

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

# A breach in a page is on its console anyway; this one says of which directive and where.
TELL_BREACHES = """
document.addEventListener('securitypolicyviolation', (breach) => {
  console.error(`policy: ${breach.violatedDirective} forbids ${breach.blockedURI || 'inline'} in ${breach.sourceFile}`);
});
"""
CANCELLED = "net::ERR_ABORTED"
"""What the page itself gives up, by leaving or by an AbortSignal, is no failure."""
TAKEN_OVER = "cross-world service worker resource mismatch"
"""So Chromium says that a service worker took a page over while it loaded: a file that the page had begun to fetch is
asked for once more, of the worker. Whether that happens is the browser's timing."""
LEFT_UNUSED = "was preloaded using link preload but not used within a few seconds"
"""So it says a while later of the file that the page had begun to fetch itself, where the page is slow."""
GIVEN_UP = "WebSocket is closed before the connection is established"
"""So it says that the page itself let go of a line that was still being opened: it was left, or somebody signed in."""
MOST_GIVEN_UP = 6
"""In one test: several pages, each left once or twice. A page that dials again and again has more. So has a test that
takes lines away again and again: it has to expect them."""
_ADDRESS = re.compile(r"https?://[^\s']+")


class Guard:
    """Collects complaints of all pages of a test, in order."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self._given_up = 0
        self._taken_over: set[tuple[Page | None, str]] = set()
        self._is_over = False

    def expect(self, *patterns: str) -> None:
        """Let complaints pass that a pattern is found in, such as `"409 .*/offers/"`, earlier ones too."""
        self._expected += [re.compile(pattern) for pattern in patterns]

    async def watch(self, context: BrowserContext) -> None:
        """Watch all pages of a context, and its workers."""
        await context.add_init_script(TELL_BREACHES)
        context.on("console", self._console)
        context.on("weberror", self._exception)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def look_away(self) -> None:
        """The pages are closed now: what breaks off is no complaint."""
        self._is_over = True

    def check(self) -> None:
        """Fail if there is a complaint that nobody expected."""
        unexpected = [line for line in self.complaints if not any(found.search(line) for found in self._expected)]
        is_limited = all(found.pattern != GIVEN_UP for found in self._expected)
        assert not is_limited or self._given_up <= MOST_GIVEN_UP, (
            f"pages let go of {self._given_up} lines before they were open"
        )
        assert not unexpected, "pages complained:\n" + "\n".join(unexpected)

    def _console(self, message: ConsoleMessage) -> None:
        text = message.text
        # Of a failed request the guard itself tells, with its address.
        passed = any(words in text for words in ("Failed to load resource", TAKEN_OVER, GIVEN_UP))
        if TAKEN_OVER in text or LEFT_UNUSED in text:
            files = {(message.page, address) for address in _ADDRESS.findall(text)}
            if TAKEN_OVER in text:
                self._taken_over |= files
            passed |= bool(files & self._taken_over)
        self._given_up += GIVEN_UP in text and not self._is_over
        if message.type in ("error", "warning") and not passed:
            self._complain(f"console {message.type}: {text} ({message.location['url']})")

    def _exception(self, error: WebError) -> None:
        self._complain(f"exception: {error.error}")

    def _failed(self, request: Request) -> None:
        if request.failure != CANCELLED:
            self._complain(f"request failed: {request.failure} {request.method} {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._complain(f"response: {response.status} {response.request.method} {response.url}")

    def _complain(self, line: str) -> None:
        if not self._is_over:
            self.complaints.append(line)
