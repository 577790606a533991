"""What the figures were measured on."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import asyncpg
import psutil

LIBRARIES = (
    *("aiohttp", "asyncpg", "fastapi", "hiredis", "httptools", "pydantic", "pyjwt", "python-socketio"),
    *("redis", "sqlalchemy", "uvicorn", "uvloop"),
)
POSTGRES_SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


async def describe(database_url: str) -> dict[str, Any]:
    """Return the machine, the versions, and PostgreSQL's settings as the server itself tells them."""
    connection = await asyncpg.connect(database_url)
    try:
        postgres = {name: await connection.fetchval(f"SHOW {name}") for name in POSTGRES_SETTINGS}
    finally:
        await connection.close()
    return {
        "cores": _cores(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "postgres": postgres,
    }


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
