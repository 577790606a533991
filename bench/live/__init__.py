"""The live side measured: fan-out, memory of idle watchers, restarts, and how soon a dashboard knows."""
