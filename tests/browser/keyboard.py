"""Everything works by keyboard: Tab comes to every control that is to be seen, and one sees where the focus is."""

from typing import Any

from playwright.async_api import Page

# Radio buttons of one group are one stop. A modal dialog is all that there is while it is open.
LOOK = """() => {
  const whole = document.querySelector('dialog:modal') ?? document;
  const selector = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const name = (each) => each.type === 'radio' ? `radio ${each.name}` : each;
  const all = new Map([...whole.querySelectorAll(selector)]
    .filter((each) => !each.disabled && each.tabIndex >= 0 && !each.closest('[inert]'))
    .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .map((each) => [name(each), each]));
  const missed = new Set(all.keys()), unseen = [];
  const draws = (each) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  };
  const tell = (each) => each.outerHTML.slice(0, 160);
  addEventListener('focusin', ({ target }) => {
    if (!missed.delete(name(target))) return;
    // Around the control itself, around the frame that it lies in, or around its words.
    const around = [target, target.parentElement, target.parentElement?.parentElement, ...(target.labels ?? []),
      target.nextElementSibling].filter(Boolean);
    if (!around.some(draws)) unseen.push(tell(target));
  });
  document.activeElement?.blur();
  window.keyboard = () => ({ missed: [...missed].map((each) => tell(all.get(each))), unseen });
}"""
MOST = 400
"""Strokes: a date takes several, and nothing has more controls than that."""
AT_ONCE = 10


async def walkable(page: Page) -> None:
    """Fail when Tab does not come to a control, or nothing shows that it did."""
    await page.evaluate(LOOK)
    found: dict[str, Any] = {"missed": [""]}
    for _ in range(0, MOST, AT_ONCE):
        found = await page.evaluate("() => keyboard()")
        if not found["missed"]:
            break
        for _ in range(AT_ONCE):
            await page.keyboard.press("Tab")
    assert not found["missed"], "\n".join([f"Tab does not come to these on {page.url}:", *found["missed"]])
    assert not found["unseen"], "\n".join([f"the focus cannot be seen on these on {page.url}:", *found["unseen"]])
