"""What commands share that work on a server's database: that of the settings, or of a running `dibs up`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from dibs_realtime import schema, settings
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.problems import Problem
from dibs_realtime.local.postgres import SOCKET_NAME
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.settings import Settings

_NONE = "postgresql://"

data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    help="The folder of a running `dibs up`. [default: .dibs]",
)


def settings_of_server(data_dir: Path | None, **unused: Any) -> Settings:
    """Return the settings; where no database is set, with that and the address of a running `dibs up`.

    unused: stand-ins for what the command has no use for. Raises SettingsError.
    """
    # Nobody here asks Redis or signs anything.
    unused |= {"redis_url": "unix://", "secret_key": "-" * 32}
    forced = {"data_dir": data_dir} if data_dir is not None else {}
    made_up = {"database_url": _NONE, "public_url": "http://localhost"}
    known = settings.load(forced=forced, fallback={**made_up, **unused})
    found = {}
    servers = LocalServers(known.data_dir)
    if known.database_url == _NONE and (servers.postgres.sockets / SOCKET_NAME).exists():
        found["database_url"] = servers.database_url
        if (url := servers.announced_url()) is not None:
            found["public_url"] = url
    return settings.load(forced=forced, fallback={**unused, **found})


@asynccontextmanager
async def opened(configured: Settings, *, readers: int) -> AsyncIterator[Database]:
    """Lend the server's database. A problem inside becomes one line for whoever ran the command."""
    await schema.check(configured.database_url)
    database = Database(
        configured.database_url,
        writer_url=configured.database_writer_url,
        prepared=configured.database_prepared_statements,
        readers=readers,
        writers=1,
    )
    try:
        await database.open()
        yield database
    except Problem as problem:
        raise click.ClickException(problem.detail) from problem
    finally:
        await database.close()
