"""`dibs serve`: the server alone, in this process or in several that share the port."""

import asyncio
import contextlib
import gc
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import click
from aiohttp import web

from dibs_realtime import schema, settings
from dibs_realtime.kit import logs
from dibs_realtime.processes.ports import check_free
from dibs_realtime.processes.stopping import stop_signals
from dibs_realtime.processes.supervisor import supervise
from dibs_realtime.processes.workers import Rolling, workers
from dibs_realtime.settings import Settings

DRAIN_SECONDS = 5.0  # what runs when we are asked to stop gets this long
STOP_SECONDS = 20  # and everything together this long
BACKLOG = 1024
GC_THRESHOLD = 20_000  # allocations; measured: together with the freeze nearly halves the cost of a delivery


@click.command("serve", help="Run the server on DIBS_DATABASE_URL and DIBS_REDIS_URL.")
@click.option("--workers", "count", type=click.IntRange(1, 256), help="Server processes (DIBS_WORKERS).")
@click.option("--shared-port", is_flag=True, hidden=True, help="Share the port with sibling processes.")
@click.option("--ready", type=click.Path(path_type=Path), hidden=True, help="A file to make once it listens.")
def serve_command(count: int | None, *, shared_port: bool, ready: Path | None) -> None:
    """Run one server process, or supervise several."""
    configured = settings.load(forced={"workers": count} if count else None)
    logs.configure(configured.log_format)
    if configured.workers == 1:
        if not shared_port:
            check_free(configured.host, configured.port)
        run(configured, shared_port=shared_port, ready=ready)
        return
    check_free(configured.host, configured.port)
    environment = settings.environment(configured)
    rolling = Rolling()
    with stop_signals():
        # Before anybody starts: whoever sees one process answer may ask for new ones already.
        if not sys.stdin.isatty():  # a terminal that is closed sends it too, and then we stop
            signal.signal(signal.SIGHUP, lambda *_: rolling.ask())
        with workers(configured.workers, environment) as team:
            supervise(team, every_tick=lambda: rolling.check(team))


def run(configured: Settings, *, shared_port: bool = False, ready: Path | None = None) -> None:
    """Serve in this process until SIGTERM or SIGINT. `ready` is made as soon as connections are taken."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(configured, shared_port=shared_port, ready=ready))


async def _serve(configured: Settings, *, shared_port: bool, ready: Path | None) -> None:
    await schema.check(configured.database_url)
    from dibs_realtime.app import create_app  # noqa: PLC0415  # heavy; not for a parent that supervises

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        create_app(configured), access_log=None, handle_signals=False, shutdown_timeout=DRAIN_SECONDS
    )
    try:
        await runner.setup()
        site = web.TCPSite(
            runner,
            configured.host,
            configured.port,
            ssl_context=_tls(configured),
            backlog=BACKLOG,
            reuse_port=shared_port or None,
        )
        await site.start()
        # What is here now stays for good: the collector need not look at it again, and less often at the rest.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        if ready is not None:
            ready.touch()  # noqa: ASYNC240  # an empty file, once
        await stop.wait()
    finally:
        # Whoever asked us to stop may be gone and the databases with him: the kernel ends what hangs then.
        signal.alarm(STOP_SECONDS)
        await runner.cleanup()


def _tls(configured: Settings) -> ssl.SSLContext | None:
    if configured.tls_certificate is None or configured.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(configured.tls_certificate, configured.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise settings.SettingsError(f"DIBS_TLS_CERTIFICATE and DIBS_TLS_KEY cannot be used: {error}.") from None
    return context


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    with contextlib.suppress(ImportError):  # it does not exist for every machine
        import uvloop  # noqa: PLC0415

        return uvloop.new_event_loop
    return None
