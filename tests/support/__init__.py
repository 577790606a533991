"""What many tests share: servers, a clock, callers, a world to act in, watchers."""
