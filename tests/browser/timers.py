"""A page's own patience, taken away from it: what a test looks at stays, however long that takes."""

UNHURRIED = "AbortSignal.timeout = () => new AbortController().signal;"
"""A script after which the page waits for answers for as long as they take."""


def held(least: int, most: int) -> str:
    """Return a script after which the page's timers of between so many milliseconds never end."""
    return f"""(() => {{ const set = window.setTimeout; window.setTimeout = (run, wait, ...rest) =>
        set(run, wait >= {least} && wait <= {most} ? 1e8 : wait, ...rest); }})();"""
