"""Members and invitations over REST."""

from uuid import UUID

from dibs_realtime.accounts.caller import user
from dibs_realtime.events.members import queries
from dibs_realtime.events.members.schemas import InvitationOut, MemberOut, MemberPatch, NewInvitation
from dibs_realtime.events.members.use_cases import Members
from dibs_realtime.kit import paging, problems
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.wire import Page, PageQuery


def routes(members: Members) -> Routes:
    """Return the slice's routes."""
    r = Routes("members")

    async def shown(event_id: UUID, user_id: UUID) -> MemberOut:
        found = await queries.member(members.database, event_id, user_id)
        if found is None:
            raise problems.not_found()
        return found

    @r.get("/events/{event_id}/members", who="M")
    async def list_members(call: Call, query: PageQuery) -> Page[MemberOut]:
        """List who works on the event."""
        rows = await queries.members(members.database, call.event_id, paging.after(query), query.limit)
        return paging.page(rows, query, lambda row: row.user_id)

    @r.post("/events/{event_id}/members", who="O", status=201)
    async def invite(call: Call, body: NewInvitation) -> InvitationOut:
        """Invite somebody. The link works once and for seven days; it is shown only now."""
        return await members.invite(call.event_id, user(call).user_id, body)

    @r.patch("/events/{event_id}/members/{user_id}", who="O", problems=(404, 409))
    async def change_role(call: Call, body: MemberPatch) -> MemberOut:
        """Change a member's role, on every node within a second. The last owner stays one."""
        user_id = call.path["user_id"]
        await members.change_role(call.event_id, user_id, body.role, call.if_match)
        return await shown(call.event_id, user_id)

    @r.delete("/events/{event_id}/members/{user_id}", who="O", problems=(404, 409))
    async def remove(call: Call) -> None:
        """Remove a member, on every node within a second. The last owner stays."""
        await members.remove(call.event_id, call.path["user_id"], call.if_match)

    @r.post("/invites/{token}", who="U", problems=(403, 404, 409))
    async def join(call: Call) -> MemberOut:
        """Use an invitation: you are a member of its event from now on."""
        caller = user(call)
        event_id = await members.join(call.path["token"], caller.user_id)
        return await shown(event_id, caller.user_id)

    return r
