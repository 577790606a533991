"""The API's descriptions as they are served."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from aiohttp import web

from dibs_realtime.kit import json


class Documents:
    """OpenAPI and AsyncAPI, each made when it is asked for first."""

    def __init__(self, openapi: Callable[[], dict[str, Any]], asyncapi: Callable[[], dict[str, Any]]) -> None:
        self._openapi = openapi
        self._asyncapi = asyncapi

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The description of the routes."""
        return self._openapi()

    @cached_property
    def asyncapi(self) -> dict[str, Any]:
        """The description of the messages."""
        return self._asyncapi()

    @cached_property
    def openapi_json(self) -> bytes:
        """The same as it is sent."""
        return json.dumps(self.openapi)

    @cached_property
    def asyncapi_json(self) -> bytes:
        """The same as it is sent."""
        return json.dumps(self.asyncapi)


DOCUMENTS = web.AppKey("documents", Documents)
"""Where an application keeps them, for `dibs api-docs`."""
