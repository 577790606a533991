"""`dibs api-docs`: the API's descriptions as files, for generators and for other people's programs."""

import json
from pathlib import Path

import click

from dibs_realtime.settings import Settings

# Descriptions need an application, and no application needs these to be there before it is started.
_ANY = Settings(
    database_url="postgresql://localhost/dibs",
    redis_url="redis://localhost/0",
    secret_key="not a secret: nothing is signed with it",  # noqa: S106  # as it says
    public_url="http://localhost:8080",
)


@click.command("api-docs", help="Write openapi.json and asyncapi.json into DIR. Needs no database.")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def api_docs_command(folder: Path) -> None:
    """Write both descriptions."""
    from dibs_realtime.app import create_app  # noqa: PLC0415  # heavy; not for `dibs --help`
    from dibs_realtime.pages.documents import DOCUMENTS  # noqa: PLC0415  # as above

    documents = create_app(_ANY)[DOCUMENTS]
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in (("openapi.json", documents.openapi), ("asyncapi.json", documents.asyncapi)):
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"wrote {folder / name}")
