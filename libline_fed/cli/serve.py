"""`libline serve` and `libline worker`: the long-running processes."""

import asyncio
import signal
from typing import Annotated
from urllib.parse import urlsplit

import structlog
import typer
import uvicorn

from libline_fed.app import create_app
from libline_fed.cli.log import set_up_logging
from libline_fed.cli.opening import opened_instance, run
from libline_fed.cli.output import show
from libline_fed.config import LOOPBACK_NAMES, Settings, load_settings

REQUESTS_STOP_S = 2  # how long requests under way may take to end; the workers then have eight seconds
STOP_S = 10  # how long a worker process may take to end what is in flight
DEFAULT_PORT = 8000

log = structlog.get_logger(__name__)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: that of a loopback base URL, else 8000.")
    ] = None,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log every request.")] = False,
) -> None:
    """Serve pages and federation, and (unless LIBLINE_RUN_WORKERS is false) work through the queues."""
    settings = load_settings()
    set_up_logging(log_format=settings.log_format, log_level=settings.log_level)
    port = port or _default_port(settings)
    run(_greet(settings))
    show(f"LibLine serves {settings.base_url} on {host}:{port}. Stop it with Ctrl-C.")
    uvicorn.Server(_server_config(settings, host=host, port=port, access_log=access_log)).run()


def _server_config(settings: Settings, *, host: str, port: int, access_log: bool) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=access_log,
        server_header=False,
        log_config=None,
        log_level=None,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=REQUESTS_STOP_S,
    )


async def _greet(settings: Settings) -> None:
    """Refuse a database of another version, and print the one-time link while there is no admin."""
    async with opened_instance(settings) as instance:
        link = await instance.first_admin_link()
    if link is not None:
        show(f"There is no admin yet. Open this link once to become it:\n\n    {link}\n")


def _default_port(settings: Settings) -> int:
    parts = urlsplit(settings.base_url)
    return (parts.port if parts.hostname in LOOPBACK_NAMES else None) or DEFAULT_PORT


def worker() -> None:
    """Apply the inbox, deliver and send mail, without serving pages. Several may run beside each other."""
    settings = load_settings()
    set_up_logging(log_format=settings.log_format, log_level=settings.log_level)
    run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with opened_instance(settings) as instance:
        log.info("worker started", base_url=settings.base_url)
        working = asyncio.create_task(instance.run_workers(stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        async with asyncio.timeout(STOP_S):
            await working
    log.info("worker stopped")
