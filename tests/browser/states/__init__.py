"""Every page in every state that it was designed for: one table, which axe goes through and `make screenshots` paints.

Each app has a file here. A state is one line, `at("start", "/")`, or a function that brings a page there:

    @state("organizer/events/empty")
    async def no_events(stage: Stage) -> Page:
        page = await stage.organizer(await stage.world.organizer())
        await expect(page.get_by_text("No events yet")).to_be_visible()
        return page

Names are `app/route/state`. It ends when the state is to be seen; the look (phone or desktop, light or dark) is changed
after that on the same page.
"""

from . import door, door_alone, guest, languages, organizer, others, troubles
from .stage import STATES, Stage

__all__ = ["STATES", "Stage", "door", "door_alone", "guest", "languages", "organizer", "others", "troubles"]
