"""Knocks at the running gateway's door as a stranger would: no device, no secret, nothing that leaves a trace.

TLS certificates are not checked here: whoever answers is asked nothing that it could misuse.
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clawdbot.domain.hosts import in_url

FOREIGN_PAGE: Final = "https://foreign.example"
PATIENCE_S: Final = 5.0


class Answer(StrEnum):
    """Who is at the door."""

    NOBODY = "nobody"
    """Nothing listens there, or nothing that speaks like this."""
    SOMETHING_ELSE = "something else"
    REFUSED = "refused"
    LET_IN = "let in"
    """As a program: hello-ok. As a page: a challenge at all; the gateway should not even talk to foreign pages."""


@dataclass(frozen=True, slots=True)
class Knock:
    """One try, and what came of it.

    Attributes:
        page: did it claim to come from somebody else's page?
        text: what was said, if it was not a clear refusal; from outside.
    """

    host: str
    port: int
    secure: bool
    answer: Answer
    page: bool = False
    text: str = ""

    @property
    def url(self) -> str:
        return _url(self.host, self.port, secure=self.secure)


async def knock_everywhere(
    hosts: Iterable[str], port: int, *, secure: bool, patience: float = PATIENCE_S
) -> list[Knock]:
    """Knock at each address, as a program and as a foreign page; where TLS is expected, without TLS too."""
    tries = [
        knock(host, port, secure=with_tls, page=page, patience=patience)
        for host in hosts
        for with_tls in ((True, False) if secure else (False,))
        for page in (False, True)
    ]
    return list(await asyncio.gather(*tries))


async def knock(host: str, port: int, *, secure: bool, page: bool, patience: float = PATIENCE_S) -> Knock:
    """Knock once."""
    import aiohttp

    headers = {"Origin": FOREIGN_PAGE} if page else {}
    answer, text = Answer.NOBODY, ""
    try:
        async with (
            asyncio.timeout(patience),
            aiohttp.ClientSession(trust_env=False) as http,
            http.ws_connect(_url(host, port, secure=secure), ssl=False, headers=headers, max_msg_size=1 << 20) as ws,
        ):
            answer = Answer.SOMETHING_ELSE
            if _is_challenge(await ws.receive_str()):
                answer = Answer.LET_IN if page else Answer.REFUSED
                await ws.send_str(_CONNECT)
                if _is_hello(await ws.receive_str()):
                    answer = Answer.LET_IN
    except aiohttp.WSServerHandshakeError as error:
        answer = Answer.REFUSED if error.status == 403 else Answer.SOMETHING_ELSE
        text = f"status {error.status}"
    except (aiohttp.ClientError, OSError, TypeError) as error:  # TimeoutError is an OSError
        text = type(error).__name__
    return Knock(host, port, secure, answer, page, text)


_CONNECT: Final = json.dumps(
    {
        "type": "req",
        "id": "audit",
        "method": "connect",
        "params": {
            "minProtocol": 3,
            "maxProtocol": 3,
            "client": {"id": "clawdbot-probe", "version": "audit", "platform": "audit", "mode": "probe"},
            "role": "operator",
            "scopes": ["operator.admin"],
        },
    }
)


def _is_challenge(text: str) -> bool:
    frame = _frame(text)
    return frame.get("type") == "event" and frame.get("event") == "connect.challenge"


def _is_hello(text: str) -> bool:
    frame = _frame(text)
    return frame.get("type") == "res" and frame.get("ok") is True


def _frame(text: str) -> dict[str, object]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def _url(host: str, port: int, *, secure: bool) -> str:
    return f"{'wss' if secure else 'ws'}://{in_url(host)}:{port}"
