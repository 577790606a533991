"""What guests do on an event's page."""

from playwright.async_api import Locator, Page, expect


def offer(page: Page, title: str) -> Locator:
    """Return an offer's ticket."""
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=title, exact=True))


async def call_dibs(page: Page, title: str = "Drink") -> str:
    """Call dibs and return the code that is shown."""
    await page.get_by_role("button", name=f"Call dibs {title}").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    return (await dialog.locator(".code .figures").inner_text()).replace(" ", "")
