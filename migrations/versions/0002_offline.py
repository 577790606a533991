"""Doors without a network: leases, and what a door's phone carries."""

from dibs_realtime.migrate import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    run_sql(__file__)
