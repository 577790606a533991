"""When a refused scan was made, perhaps hours before the hub hears of it; an event's sessions found at once."""

from dibs_realtime.migrate import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    run_sql(__file__)
