"""What a phone needs to keep an event's page as an app of its own."""

from typing import Any

_ICONS = "/icons"


def manifest(slug: str, name: str) -> dict[str, Any]:
    """Return the web application manifest of an event's page.

    Its scope is the whole site: the wallet and the vouchers' pages belong to the same app.
    https://www.w3.org/TR/appmanifest/
    """
    return {
        "id": f"/e/{slug}",
        "start_url": f"/e/{slug}",
        "scope": "/",
        "name": f"{name} · Party Dibs",
        "short_name": name,
        "display": "standalone",
        "background_color": "#150c20",
        "theme_color": "#150c20",
        "icons": [
            {"src": f"{_ICONS}/192.png", "sizes": "192x192", "type": "image/png", "purpose": "any"},
            {"src": f"{_ICONS}/512.png", "sizes": "512x512", "type": "image/png", "purpose": "any"},
            {"src": f"{_ICONS}/512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    }
