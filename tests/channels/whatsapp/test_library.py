"""The real library, called back as its native half does it, and with another in place of that."""

import asyncio
import contextlib
import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.channels.whatsapp import library
from clawdbot.channels.whatsapp.library import Library, Unusable
from clawdbot.channels.whatsapp.protocol import (
    Answer,
    Banned,
    Connected,
    Disconnected,
    Event,
    Fatal,
    Incoming,
    LoggedOut,
    Outcome,
    Outdated,
    PairCode,
    QrCode,
    Replaced,
    Send,
    Unreachable,
)
from tests.support.neonize import E2E, EVENTS, PROTO, Go, first, give, happens, message_event

PHONE, LID = "15550011111@s.whatsapp.net", "77700001111@lid"
ME = Connected("15550009999@s.whatsapp.net", "99900000099@lid", "Clawd")
CONNECTED = PROTO.Connected(status=True)


class House:
    """A library, its other native half, and what it said beside what happened."""

    def __init__(self, folder: Path, phone: str = "") -> None:
        self.said: list[Event] = []
        self.ended: list[Event] = []
        self.library = Library(folder / "session.db", phone=phone, say=self.said.append, end=self.ended.append)
        self.go = Go("15550009999:3@s.whatsapp.net", "99900000099:3@lid")
        give(self.library, self.go)
        self._happenings = aiter(self.library.happenings())

    async def happenings(self, count: int) -> list[Event | Incoming]:
        return await first(count, self._happenings.__anext__)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    yield House(tmp_path)
    EVENTS.event_global_loop = None


def words(text: str, **more: Any) -> Any:
    more = {"chat": LID, "sender": "77700001111:7@lid", "alt": PHONE} | more
    return message_event(E2E.Message(conversation=text), **more)


async def test_what_happens_is_told_in_order(house: House) -> None:
    """Whatever has to be looked up in between."""
    house.go.pairs = {LID: PHONE}
    texts = [words(f"{n}", **({} if n % 2 else {"alt": ""})) for n in range(20)]
    await happens(house.library, CONNECTED, *texts, PROTO.Disconnected(status=True))
    told = await house.happenings(22)

    assert told[0] == ME
    assert [each.text for each in told[1:-1] if isinstance(each, Incoming)] == [f"{n}" for n in range(20)]
    assert {each.sender_alt for each in told[1:-1] if isinstance(each, Incoming)} == {PHONE}
    assert told[-1] == Disconnected()


async def test_D7_a_number_s_lid_is_looked_up_too(house: House) -> None:
    house.go.pairs = {PHONE: LID}
    await happens(house.library, words("hi", chat=PHONE, sender=PHONE, alt=""))
    [message] = await house.happenings(1)

    assert isinstance(message, Incoming)
    assert (message.sender, message.sender_alt) == (PHONE, LID)


async def test_a_lid_that_nobody_has_met_stays_one(house: House) -> None:
    await happens(house.library, words("hi", alt=""))
    [message] = await house.happenings(1)

    assert isinstance(message, Incoming)
    assert (message.sender, message.sender_alt) == (LID, "")


async def test_what_was_not_asked_for_is_not_lost(house: House) -> None:
    await happens(house.library, words("one"), CONNECTED, words("two"))

    assert [each.text for each in house.library.untold()] == ["one", "two"]


async def test_nothing_is_lost_where_a_lookup_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def hangs(*_: object) -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    monkeypatch.setattr(house.go, "GetPNFromLID", hangs)
    await happens(house.library, words("one", alt=""))
    asking = asyncio.create_task(house.happenings(1))
    await asked.wait()
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking

    assert [each.text for each in house.library.untold()] == ["one"]


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        (PROTO.LoggedOut(OnConnect=True, Reason=PROTO.LOGGED_OUT), LoggedOut()),
        (PROTO.StreamReplaced(), Replaced()),
        (PROTO.ClientOutdated(), Outdated()),
        (PROTO.ConnectFailure(Reason=PROTO.TEMP_BANNED, Message="", Raw=PROTO.Node(Tag="failure")), Banned()),
    ],
)
async def test_the_last_word_is_told_as_what_it_is(house: House, event: Any, meaning: Event) -> None:
    await happens(house.library, event)
    await asyncio.sleep(0)
    assert house.ended == [meaning]


async def test_a_ban_ends_some_day(house: House) -> None:
    await happens(house.library, PROTO.TemporaryBan(Code=PROTO.TemporaryBan.BLOCKED_BY_USERS, Expire=3600))
    await asyncio.sleep(0)
    [ban] = house.ended
    assert isinstance(ban, Banned)
    assert ban.until is not None


async def test_a_handler_that_fails_is_heard_of_and_quotes_nothing(house: House) -> None:
    """The library itself never looks at what a handler raises."""

    def fails(_: object) -> None:
        raise ValueError("sesame")

    house.library._on(EVENTS.ConnectedEv, fails)
    await happens(house.library, CONNECTED)
    await asyncio.sleep(0)
    [fatal] = house.ended
    assert isinstance(fatal, Fatal)
    assert fatal.why.startswith("a defect of the bridge: ValueError at test_library.py:")


async def test_a_text_is_sent_as_it_is(house: House) -> None:
    """``@1555…`` in it mentions nobody."""
    answer = await house.library.send(Send(7, LID, "hi @15550012222"))

    assert answer == Answer(7, Outcome.SENT, "3EB0SENT")
    [(chat, message)] = house.go.sent
    assert (chat, message) == (LID, E2E.Message(conversation="hi @15550012222"))


async def test_S7_an_error_says_why_and_not_to_whom(house: House) -> None:
    house.go.error = "failed to send to 15550011111@s.whatsapp.net: no LID found for server: server returned error 463"

    assert await house.library.send(Send(7, LID, "hi")) == Answer(7, Outcome.NEVER, why="server returned error 463")


async def test_qr_codes_are_passed_on(house: House) -> None:
    await house.library._client.event._qr(house.library._client, b"2@abc,def")
    assert house.said == [QrCode("2@abc,def")]


async def test_a_code_is_asked_for_once_when_a_phone_is_named(tmp_path: Path) -> None:
    """As soon as the library shows that it is connected."""
    house = House(tmp_path, "+15550009999")
    for _ in range(2):
        await house.library._client.event._qr(house.library._client, b"2@abc,def")

    assert house.said == [PairCode("ABCD-1234")]
    assert house.go.asked.phone == "15550009999"
    EVENTS.event_global_loop = None


async def test_a_link_that_failed_is_told(house: House) -> None:
    status = {"ID": PROTO.JID(), "BusinessName": "", "Platform": "", "Error": "no such code"}
    event = PROTO.PairStatus(Status=PROTO.PairStatus.ERROR, **status)
    house.library._on_pair_status(event)
    assert house.ended == [Unreachable("whatsapp did not link this device: no such code")]


def test_the_library_is_kept_from_marking_messages() -> None:
    assert os.environ["NEONIZE_BOT_TAG"] == "off"


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neonize", None)
    with pytest.raises(Unusable, match="neonize is not installed") as caught:
        library.load()
    assert "pip install" in caught.value.hint


def test_a_library_without_its_native_half_fetches_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("neonize", tmp_path / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    with pytest.raises(Unusable, match="no native library"):
        library.load()
