"""A REST client: answers are a status and a decoded body."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from .node import Node

BASE = "/api/v1"


class Rest:
    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.headers: Any = {}

    @staticmethod
    @asynccontextmanager
    async def of(node: Node) -> AsyncIterator["Rest"]:
        async with TestClient(TestServer(node.app())) as client:
            yield Rest(client)

    async def get(self, path: str, token: str | None = None, **options: str | None) -> tuple[int, Any]:
        return await self.ask("GET", path, token, **options)

    async def post(self, path: str, body: object, token: str | None = None, **options: str | None) -> tuple[int, Any]:
        return await self.ask("POST", path, token, body, **options)

    async def patch(self, path: str, body: object, token: str | None = None, **options: str | None) -> tuple[int, Any]:
        return await self.ask("PATCH", path, token, body, **options)

    async def delete(self, path: str, token: str | None = None, **options: str | None) -> tuple[int, Any]:
        return await self.ask("DELETE", path, token, **options)

    async def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        if_match: str | None = None,
        base: str = BASE,
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if if_match is not None:
            headers["If-Match"] = if_match
        async with self.client.request(method, base + path, json=body, headers=headers) as answer:
            self.headers = answer.headers
            if answer.status >= 400:
                assert answer.content_type == "application/problem+json", await answer.text()
            return answer.status, await answer.json(content_type=None) if answer.status != 204 else None
