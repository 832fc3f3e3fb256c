"""A person who uses a running server."""

from typing import Any

import httpx

from tests.server import Kreida


class Person:
    """A signed-in person's client, of what `Scene.person` made."""

    def __init__(self, server: Kreida, made: dict[str, Any]) -> None:
        self.id, self.email = made["id"], made["email"]
        self.client = httpx.Client(
            base_url=server.url,
            cookies={"sessionid": made["session"], "csrftoken": "c" * 32},
            headers={"X-CSRFToken": "c" * 32, "Origin": server.url},
            timeout=60,
        )

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """Send JSON; return that of the answer, which has to have the status."""
        answer = self.client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None
