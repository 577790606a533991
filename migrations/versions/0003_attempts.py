"""When a refusal was made by a door alone, and an event's sessions found at once."""

from dibs_realtime.migrate import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    run_sql(__file__)
