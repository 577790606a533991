"""The page to try the API, under the policy that it is served with."""

import pytest
from playwright.async_api import expect

from .visitors import Profile, Theme, Visitors


@pytest.mark.parametrize(("profile", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_it_lists_the_operations(visitors: Visitors, profile: Profile, theme: Theme) -> None:
    page = await visitors.open("/api/docs", profile, theme)
    await expect(page).to_have_title("Party Dibs API")
    await expect(page.locator(".opblock").first).to_be_visible()
    listed = await page.locator(".opblock-summary-path").all_inner_texts()
    document = await (await page.request.get("/api/openapi.json")).json()
    assert len(listed) == sum(len(item) for item in document["paths"].values())
