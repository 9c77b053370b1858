"""People on a Signal of our own, and what signal-cli shows of what they do."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NUMBER = "+15550009999"
"""Our own account."""


def uuid_of(name: str) -> str:
    """The account id of somebody: always the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


@dataclass
class FakePerson:
    """Somebody on Signal. Who is ``hidden`` does not show his number."""

    push: Callable[..., None]
    now: Callable[[], int]
    number: str
    uuid: str
    name: str
    hidden: bool = False
    outcome: str = "SUCCESS"
    """What becomes of messages to him: ``UNREGISTERED_FAILURE``, …"""
    received: list[str] = field(default_factory=list)
    _mail: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    last: "tuple[dict[str, object], str] | None" = None
    """The envelope of his last text, and to whom."""

    @property
    def sender(self) -> str:
        return f"uuid:{self.uuid}" if self.hidden else self.number

    @property
    def id_line(self) -> str:
        return f"Your Signal {'sender id' if self.hidden else 'number'}: {self.sender}"

    def write(self, text: str | None, *, to: str = NUMBER, sent_at: int | None = None, **more: object) -> None:
        """Send one of our accounts a text, or whatever ``more`` makes of the data message."""
        at = self.now() if sent_at is None else sent_at
        envelope = self.envelope(dataMessage=data(text, at, **more), at=at)
        if text and not more:
            self.last = envelope, to
        self.push(envelope, to)

    def envelope(self, *, at: int | None = None, **more: object) -> dict[str, object]:
        """An envelope from him, as signal-cli shows it."""
        at = self.now() if at is None else at
        return {
            "source": self.uuid if self.hidden else self.number,
            "sourceNumber": None if self.hidden else self.number,
            "sourceUuid": self.uuid,
            "sourceName": self.name,
            "sourceDevice": 1,
            "timestamp": at,
            "serverReceivedTimestamp": at + 12,
            "serverDeliveredTimestamp": at + 40,
            **more,
        }

    async def next_message(self, timeout: float = 30.0) -> str:
        """The next text from us that was not asked for yet."""
        async with asyncio.timeout(timeout):
            return await self._mail.get()

    def get(self, text: str) -> None:
        self.received.append(text)
        self._mail.put_nowait(text)


def data(text: str | None, at: int, **more: object) -> dict[str, object]:
    """A data message."""
    base = {"timestamp": at, "message": text, "expiresInSeconds": 0, "isExpirationUpdate": False, "viewOnce": False}
    return {**base, **more}


def noise(person: FakePerson, push: Callable[..., None]) -> Mapping[str, Callable[[], object]]:
    """What reaches us beside his new direct texts, each as signal-cli shows it."""

    def send(**more: Any) -> Callable[[], object]:
        return lambda: push(person.envelope(**more))

    def write(text: str | None, **more: Any) -> Callable[[], object]:
        return lambda: person.write(text, **more)

    us = {"sourceNumber": NUMBER, "source": NUMBER, "sourceUuid": uuid_of(NUMBER), "sourceName": "Clawd"}
    group = {"groupId": "Z3JvdXA=", "type": "DELIVER"}
    note = {"sentMessage": {"destinationNumber": NUMBER, **data("note to self", 1)}}
    old = {"targetAuthor": NUMBER, "targetSentTimestamp": 1}
    return {
        "in a group": write("in a group", groupInfo=group),
        "an edit": send(editMessage={"targetSentTimestamp": 1, "dataMessage": data("edited", 2)}),
        "a reaction": write(None, reaction={"emoji": "👍", "isRemove": False, **old}),
        "a deletion": write(None, remoteDelete={"timestamp": 1}),
        "from our other device": send(syncMessage=note, **us),
        "read on our other device": send(syncMessage={"readMessages": [{"sender": NUMBER, "timestamp": 1}]}, **us),
        "our own echo": send(dataMessage=data("an echo", person.now()), **us),
        "a receipt": send(receiptMessage={"when": 1, "isDelivery": True, "timestamps": [1]}),
        "typing": send(typingMessage={"action": "STARTED", "timestamp": 1}),
        "a call": send(callMessage={"offerMessage": {"id": 1, "type": "AUDIO_CALL", "opaque": ""}}),
        "a story": send(storyMessage={"allowsReplies": True, "textAttachment": {"text": "a story"}}),
        "an answer to a story": write("to a story", storyContext={"author": NUMBER, "sentTimestamp": 1}),
        "a timer": write(None, isExpirationUpdate=True, expiresInSeconds=3600),
        "a view-once photo": write(None, viewOnce=True, attachments=[{"contentType": "image/jpeg"}]),
        "a sticker": write(None, sticker={"packId": "00", "stickerId": 1}),
        "a vote": write(None, pollVote={"optionIndexes": [0], "voteCount": 1, **old}),
        "what cannot be decrypted": lambda: push(
            person.envelope(), exception={"message": "untrusted identity", "type": "UntrustedIdentityException"}
        ),
    }
