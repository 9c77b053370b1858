"""With protobuf messages of the library itself."""

from typing import Any

import pytest

from clawdbot.channels.whatsapp import events
from clawdbot.channels.whatsapp.protocol import Banned, Event, Incoming, Kind, LoggedOut, Outcome, Outdated, Unreachable
from tests.support.neonize import E2E, PROTO, jid, message_event

PHONE, LID = "15550011111@s.whatsapp.net", "77700001111@lid"


def read(content: object, **more: Any) -> Incoming:
    return events.incoming(message_event(content, chat=LID, sender="77700001111:7@lid", **more))


def test_a_message_by_lid_with_its_number() -> None:
    assert read(E2E.Message(conversation="hello"), alt=PHONE) == Incoming(
        id="3EB01",
        chat=LID,
        sender=LID,
        sender_alt=PHONE,
        time=1_790_000_000_000,
        name="Alice",
        kind=Kind.TEXT,
        text="hello",
    )


def test_what_is_looked_up_adds_to_what_the_event_says() -> None:
    event = message_event(E2E.Message(conversation="hello"), chat=LID, sender=LID)
    assert events.incoming(event).sender_alt == ""
    assert events.incoming(event, PHONE).sender_alt == PHONE


@pytest.mark.parametrize("stamp", [1_790_000_000, 1_790_000_000_000])
def test_seconds_and_milliseconds_are_told_apart(stamp: int) -> None:
    """Releases of the library differ."""
    assert read(E2E.Message(conversation="hello"), Timestamp=stamp).time == 1_790_000_000_000


CAPTION = E2E.ImageMessage(caption="look")
WORDS = E2E.ExtendedTextMessage(text="with a link")


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (E2E.Message(conversation="hello"), "text", "hello"),
        (E2E.Message(extendedTextMessage=WORDS), "text", "with a link"),
        (E2E.Message(conversation="hello", messageContextInfo=E2E.MessageContextInfo()), "text", "hello"),
        (E2E.Message(imageMessage=CAPTION), "media", "look"),
        (E2E.Message(videoMessage=E2E.VideoMessage(caption="look")), "media", "look"),
        (E2E.Message(documentMessage=E2E.DocumentMessage(caption="read")), "media", "read"),
        (E2E.Message(imageMessage=E2E.ImageMessage()), "media", ""),
        (
            E2E.Message(ephemeralMessage=E2E.FutureProofMessage(message=E2E.Message(conversation="soon gone"))),
            "text",
            "soon gone",
        ),
        (
            E2E.Message(viewOnceMessageV2=E2E.FutureProofMessage(message=E2E.Message(imageMessage=CAPTION))),
            "media",
            "look",
        ),
        (
            E2E.Message(deviceSentMessage=E2E.DeviceSentMessage(message=E2E.Message(conversation="note"))),
            "text",
            "note",
        ),
    ],
)
def test_words_are_found_where_they_are(content: object, kind: str, text: str) -> None:
    message = read(content)

    assert (message.kind, message.text) == (kind, text)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (E2E.Message(), "other"),
        (E2E.Message(reactionMessage=E2E.ReactionMessage(text="👍")), "reaction"),
        (E2E.Message(reactionMessage=E2E.ReactionMessage(text="👍"), conversation="hello"), "reaction"),
        (E2E.Message(encReactionMessage=E2E.EncReactionMessage()), "reaction"),
        (E2E.Message(protocolMessage=E2E.ProtocolMessage()), "other"),
        (E2E.Message(protocolMessage=E2E.ProtocolMessage(), conversation="hello"), "other"),
        (E2E.Message(pollUpdateMessage=E2E.PollUpdateMessage()), "other"),
        (E2E.Message(editedMessage=E2E.FutureProofMessage(message=E2E.Message(conversation="hello"))), "other"),
        (E2E.Message(buttonsResponseMessage=E2E.ButtonsResponseMessage(), conversation="hello"), "other"),
        (E2E.Message(audioMessage=E2E.AudioMessage()), "other"),
        (E2E.Message(senderKeyDistributionMessage=E2E.SenderKeyDistributionMessage()), "other"),
    ],
)
def test_D8_what_is_no_new_text_says_so(content: object, kind: str) -> None:
    assert read(content).kind == kind


@pytest.mark.parametrize(
    ("more", "kind"), [({"IsEdit": True}, "edit"), ({"Edit": "7"}, "edit"), ({"Category": "peer"}, "other")]
)
def test_D8_edits_deletions_and_messages_between_devices_say_so(more: dict[str, object], kind: str) -> None:
    assert read(E2E.Message(conversation="hello"), **more).kind == kind


def test_wrappers_are_not_followed_for_ever() -> None:
    content = E2E.Message(conversation="deep")
    for _ in range(20):
        content = E2E.Message(ephemeralMessage=E2E.FutureProofMessage(message=content))
    assert read(content).kind == "other"


def test_a_jid_is_named_without_its_device() -> None:
    assert events.jid(jid("1555:3@s.whatsapp.net")) == "1555@s.whatsapp.net"
    assert events.jid(jid("")) == ""


def test_a_ban_says_until_when_and_why() -> None:
    assert events.ban(2, 3600, 1000) == Banned(3_601_000, "too many people have blocked this number")
    assert events.ban(77, 0, 1000) == Banned()


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("LOGGED_OUT", LoggedOut()),
        ("MAIN_DEVICE_GONE", LoggedOut()),
        ("CLIENT_OUTDATED", Outdated()),
        ("TEMP_BANNED", Banned()),
    ],
)
def test_some_refusals_are_final(reason: str, meaning: Event) -> None:
    assert events.refused_connection(getattr(PROTO, reason)) == meaning


def test_other_refusals_are_for_another_try() -> None:
    assert isinstance(events.refused_connection(PROTO.SERVICE_UNAVAILABLE), Unreachable)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("failed to get device list: failed to send usync query: websocket not connected", Outcome.NOT_NOW),
        ("the store doesn't contain a device JID", Outcome.NOT_NOW),
        ("no LID found for 1555@s.whatsapp.net from server", Outcome.NEVER),
        ('can\'t send message to unknown server "x"', Outcome.NEVER),
        ("server returned error 463", Outcome.REFUSED),
        ("failed to encrypt message", Outcome.REFUSED),
        ("timed out waiting for message send response", Outcome.UNKNOWN),
        ("websocket disconnected before message send returned response", Outcome.UNKNOWN),
        ("something new", Outcome.UNKNOWN),
    ],
)
def test_an_error_of_sending_says_whether_it_may_have_been_sent(error: str, outcome: Outcome) -> None:
    assert events.outcome(error) is outcome
