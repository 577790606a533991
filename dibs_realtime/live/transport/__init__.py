"""All that we know of the insides of python-socketio, engineio and aiohttp; elsewhere only what is public counts.

The classes here lean on attributes that their authors may rename; tests pin the versions and compare every byte with
what the libraries send by themselves. They add: one frame for all recipients of a message, written without a task or
a queue for each; messages that wait are counted in bytes; binary and malformed messages end a connection; compression
is refused; an acknowledgement can be followed by something at once; and an idle connection holds next to nothing.
"""

from dibs_realtime.live.transport.frames import Message, Prepared, message
from dibs_realtime.live.transport.outbox import CLOSE_SECONDS, Outbox, post_to_all
from dibs_realtime.live.transport.server import Refused, Reply, Server

__all__ = [
    "CLOSE_SECONDS",
    "PINNED",
    "Message",
    "Outbox",
    "Prepared",
    "Refused",
    "Reply",
    "Server",
    "message",
    "post_to_all",
]

PINNED = {"aiohttp": "3.14", "python-engineio": "4.15", "python-socketio": "5.18"}
