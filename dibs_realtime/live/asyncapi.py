"""The sockets' description (AsyncAPI 3.0), made from the models that validate the messages."""

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.messages import CALLS, PUSHES, Call, Handshake, NotOk, Push

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

CHANNEL = "socket"
_REFUSED = "refused"
_WHO = {
    "V": "the event's viewers, managers and owners",
    "D": "the event's door staff, managers and owners",
    "dev": "the event's paired devices",
    "G": "guests",
    "-": "anybody",
}
_ABOUT = """\
Live updates and calls over Socket.IO (protocol 5, Engine.IO protocol 4), websocket transport only, default namespace.

A client connects with `auth: {"token": "…"}`, the same access token as over REST; without a token it may watch public
pages only, with a bad one it is refused (`connect_error`, whose `data` is the problem). A connection lives as long as
its session. Each call is one message with one JSON object and is acknowledged by one: `{"ok": true, …}` or
`{"ok": false, "problem": {…}}` with the same problems as over REST. Messages to clients may gain fields: skip those
that you do not know.

Entries come in order and without a gap. A client that comes back says how far it got (`watch` with `epoch` and
`after_seq`); one that reads too slowly is disconnected and does the same. A node that stops says `reconnect` before it
disconnects (close code 1012): who comes back at a random moment within that time meets no crowd."""
_TOKEN = "The access token of an organizer, door device or guest, sent as `token` in Socket.IO's `auth`."  # noqa: S105


def document(version: str, public_url: str, limits: LiveLimits) -> Json:
    """Return the description for a server that is reached at `public_url` and grants each connection so much."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Party Dibs",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"hub": _server(public_url, limits)},
        "channels": {
            CHANNEL: {
                "address": "/",
                "title": "The default namespace",
                "description": "All messages go over one connection.",
                "messages": {name: _reference("components", "messages", name) for name in _messages()},
            }
        },
        "operations": {
            **{name: _call(name, call) for name, call in CALLS.items()},
            **{name: _push(name, push) for name, push in PUSHES.items()},
        },
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _TOKEN}
            },
        },
    }


def _server(public_url: str, limits: LiveLimits) -> Json:
    address = urlsplit(public_url)
    return {
        "host": address.netloc,
        "pathname": "/socket.io/",
        "protocol": "wss" if address.scheme == "https" else "ws",
        "protocolVersion": "13",
        "description": (
            "Socket.IO, `transports: ['websocket']`, no compression. A connection may send messages of up to "
            f"{limits.message_bytes // 1024} kB, {limits.messages_burst} at once and {limits.messages_per_second:g} a "
            f"second after that (more: problem 429), and watch {limits.watched_events} events."
        ),
        "x-auth": _reference("components", "schemas", Handshake.__name__),
    }


def _call(name: str, call: Call) -> Json:
    operation: Json = {
        "action": "receive",
        "channel": _reference("channels", CHANNEL),
        "title": name,
        "summary": _first_line(call.request),
        "description": f"Who: {', '.join(_WHO[letter] for letter in call.who.split())}.",
        "messages": [_of_channel(name)],
        "reply": {
            "channel": _reference("channels", CHANNEL),
            "messages": [_of_channel(f"{name}_ok"), _of_channel(_REFUSED)],
        },
        "x-who": call.who,
    }
    if call.who != "-":
        operation["security"] = [_reference("components", "securitySchemes", "token")]
    return operation


def _push(name: str, push: Push) -> Json:
    return {
        "action": "send",
        "channel": _reference("channels", CHANNEL),
        "title": name,
        "summary": _first_line(push.payload),
        "description": f"To {push.audience}.",
        "messages": [_of_channel(name)],
    }


def _parts() -> Iterator[tuple[str, str, type[BaseModel], Mode]]:
    """Yield every message: its key, its name on the wire, its model, and whether we read or write it."""
    for name, call in CALLS.items():
        yield name, name, call.request, "validation"
        yield f"{name}_ok", f"{name} (acknowledgement)", call.answer, "serialization"
    yield _REFUSED, "any call (acknowledgement)", NotOk, "serialization"
    for name, push in PUSHES.items():
        yield name, name, push.payload, "serialization"


def _messages() -> Json:
    return {
        key: {
            "name": name,
            "title": name,
            "summary": _first_line(model),
            "payload": _reference("components", "schemas", model.__name__),
        }
        for key, name, model, _ in _parts()
    }


def _schemas() -> Json:
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(Handshake, "validation"): None}
    wanted.update(((model, mode), None) for _, _, model, mode in _parts())
    _, found = models_json_schema(list(wanted), schema_generator=_Schemas, ref_template="#/components/schemas/{model}")
    definitions: Json = found["$defs"]
    return {name: definitions[name] for name in sorted(definitions)}


class _Schemas(GenerateJsonSchema):
    """Schemas without a title for each field; those of what we send allow what a later release adds."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Say no: a field's name is title enough."""
        del schema
        return False

    def model_schema(self, schema: Any) -> Json:
        """Return a model's schema."""
        found = super().model_schema(schema)
        if self.mode == "serialization" and found.get("additionalProperties") is False:
            del found["additionalProperties"]
        return found


def _reference(*path: str) -> Json:
    return {"$ref": "#/" + "/".join(path)}


def _of_channel(message: str) -> Json:
    return _reference("channels", CHANNEL, "messages", message)


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]
