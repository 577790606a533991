"""The page to try the API, under the policy that it is served with."""

import pytest
from playwright.async_api import expect

from .visitors import Profile, Theme, Visitors


@pytest.mark.parametrize(("profile", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_it_lists_the_operations(visitors: Visitors, profile: Profile, theme: Theme) -> None:
    page = await visitors.open("/api/docs", profile, theme)
    await expect(page).to_have_title("Party Dibs API")
    document = await (await page.request.get("/api/openapi.json")).json()
    operations = sum(len(item) for item in document["paths"].values())
    await expect(page.locator(".opblock-summary-path")).to_have_count(operations)
    await expect(page.locator(".opblock").first).to_be_visible()
