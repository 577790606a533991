"""A simulated night: guests, doors and a watcher as real clients, through the public interfaces only."""
