import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.signal import parse
from clawdbot.channels.signal.parse import Aside
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId

ACCOUNT = ChannelAccount(Channel.SIGNAL, AccountId("work"))
US, OUR_UUID = "+15550009999", "11111111-2222-4333-8444-555555555555"
ALICE, UUID = "+15550001111", "8f1c0c6e-4a64-4a1a-9c3e-1f2d3c4b5a69"
AT = 1_790_000_000_000

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def data(**more: object) -> dict[str, Any]:
    return {"timestamp": AT, "message": "hello", "expiresInSeconds": 0, "viewOnce": False, **more}


def event(**more: object) -> dict[str, Any]:
    """A text from Alice, with another envelope."""
    envelope = {
        "source": ALICE,
        "sourceNumber": ALICE,
        "sourceUuid": UUID,
        "sourceName": "Alice",
        "sourceDevice": 1,
        "timestamp": AT,
        "serverReceivedTimestamp": AT + 20,
        "serverDeliveredTimestamp": AT + 40,
        "dataMessage": data(),
    }
    return {"envelope": envelope | more, "account": US}


def parsed(content: object, *, own: frozenset[str] = frozenset({US}), connected_at: int = AT) -> DirectMessage | Aside:
    ids = frozenset(map(SenderId, own))
    return parse.direct_message(content, ACCOUNT, number=US, own=ids, connected_at=connected_at)


def message(content: object, **more: Any) -> DirectMessage:
    found = parsed(content, **more)
    assert isinstance(found, DirectMessage), found
    return found


# --- what is one ------------------------------------------------------------------------------------------------------


def test_a_text_from_somebody_whose_number_is_known() -> None:
    """The number is the id, as in the reference; the uuid ties it, and is where answers go, for it stays."""
    assert message(event()) == DirectMessage(
        account=ACCOUNT,
        sender=SenderId(ALICE),
        message_id=str(AT),
        conversation=UUID,
        text="hello",
        sent_at=AT,
        id_line=f"Your Signal number: {ALICE}",
        name="Alice",
        meta={"name": "Alice"},
        aliases=frozenset({SenderId(f"uuid:{UUID}")}),
    )


def test_a_text_from_somebody_who_hides_his_number() -> None:
    found = message(event(sourceNumber=None, source=UUID))

    assert (found.sender, found.conversation, found.aliases) == (f"uuid:{UUID}", UUID, frozenset())
    assert found.id_line == f"Your Signal sender id: uuid:{UUID}"


def test_a_text_from_somebody_without_an_account_id() -> None:
    found = message(event(sourceUuid=None))

    assert (found.sender, found.conversation, found.aliases) == (ALICE, ALICE, frozenset())


@pytest.mark.parametrize("spelled", [UUID.upper(), UUID.replace("-", ""), f" {UUID}"])
def test_D7_a_uuid_has_one_spelling(spelled: str) -> None:
    """The reference compares them as they come (a uuid in upper case matched nothing)."""
    found = message(event(sourceNumber=None, sourceUuid=spelled))

    assert (found.sender, found.conversation) == (f"uuid:{UUID}", UUID)


@pytest.mark.parametrize(
    "more",
    [
        {"quote": {"id": 1, "author": US, "text": "before"}},
        {"attachments": [{"contentType": "image/jpeg", "id": "x.jpg", "size": 5}]},
        {"mentions": [{"name": US, "start": 0, "length": 1}]},
        {"previews": [{"url": "https://example.org"}]},
        {"expiresInSeconds": 3600, "isExpirationUpdate": False},
        {"viewOnce": True},
        {"groupInfo": None, "reaction": None},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_text_is_one_whatever_comes_with_it(more: dict[str, object]) -> None:
    assert message(event(dataMessage=data(**more))).text == "hello"


@pytest.mark.parametrize(
    ("more", "late"),
    [
        ({"serverReceivedTimestamp": AT - 29_999}, False),
        ({"serverReceivedTimestamp": AT - 30_001}, True),
        ({"serverReceivedTimestamp": 0, "dataMessage": data(timestamp=AT - 30_001)}, True),
        ({"serverReceivedTimestamp": AT, "dataMessage": data(timestamp=AT - 3_600_000)}, False),
    ],
    ids=["just now", "before", "no server's time", "a slow clock"],
)
def test_D8_what_is_older_than_the_connection_is_late(more: dict[str, object], late: bool) -> None:
    assert message(event(**more)).late is late


# --- what is none -----------------------------------------------------------------------------------------------------

ASIDE: list[tuple[Aside, dict[str, Any]]] = [
    (Aside.MALFORMED, {}),
    (Aside.MALFORMED, {"envelope": None}),
    (Aside.MALFORMED, event(dataMessage=data(timestamp="1"))),
    (Aside.MALFORMED, event(dataMessage=data(timestamp=True))),
    (Aside.MALFORMED, event(dataMessage=data(timestamp=-1))),
    (Aside.MALFORMED, event(dataMessage=data(message=["hello"]))),
    (Aside.MALFORMED, event(sourceNumber=15550001111)),
    (Aside.UNREADABLE, {**event(dataMessage=None), "exception": {"message": "x", "type": "y"}}),
    (Aside.OTHER_ACCOUNT, {**event(), "account": "+15550008888"}),
    (Aside.SYNC, event(syncMessage={"sentMessage": data()}, dataMessage=None)),
    (Aside.SYNC, event(syncMessage={})),
    (Aside.EDIT, event(editMessage={"targetSentTimestamp": 1, "dataMessage": data()}, dataMessage=None)),
    (Aside.NO_NEW_MESSAGE, event(dataMessage=None, receiptMessage={"isRead": True})),
    (Aside.NO_NEW_MESSAGE, event(dataMessage=None, typingMessage={"action": "STARTED"})),
    (Aside.NO_NEW_MESSAGE, event(dataMessage=None, callMessage={"offerMessage": {}})),
    (Aside.NO_NEW_MESSAGE, event(dataMessage=None, storyMessage={"allowsReplies": True})),
    (Aside.NO_SENDER, event(sourceNumber=None, sourceUuid=None)),
    (Aside.NO_SENDER, event(sourceNumber="Alice", sourceUuid="dead")),
    (Aside.NO_SENDER, event(sourceNumber=None, sourceUuid="00000000-0000-0000-0000-000000000000")),
    (Aside.NO_SENDER, event(sourceNumber=UUID, sourceUuid=ALICE)),
    (Aside.OWN, event(sourceNumber=US, sourceUuid=OUR_UUID)),
    (Aside.GROUP, event(dataMessage=data(groupInfo={"groupId": "Z3JvdXA=", "type": "DELIVER"}))),
    (Aside.GROUP, event(dataMessage=data(groupInfo={}))),
    (Aside.GROUP, event(dataMessage=data(groupV2={"id": "Z3JvdXA="}))),
    (Aside.REACTION, event(dataMessage=data(reaction={"emoji": "👍"}))),
    (Aside.DELETION, event(dataMessage=data(remoteDelete={"timestamp": 1}))),
    (Aside.DELETION, event(dataMessage=data(adminDelete={"timestamp": 1}))),
    (Aside.TIMER, event(dataMessage=data(isExpirationUpdate=True))),
    (Aside.STORY, event(dataMessage=data(storyContext={"author": US}))),
    (Aside.SERVICE, event(dataMessage=data(pollVote={}))),
    (Aside.SERVICE, event(dataMessage=data(pinMessage={}))),
    (Aside.NO_TEXT, event(dataMessage=data(message=None, viewOnce=True))),
    (Aside.NO_TEXT, event(dataMessage=data(message=" \n"))),
    (Aside.NO_TEXT, event(dataMessage=data(message=None, sticker={"packId": "00"}))),
]


@pytest.mark.parametrize(("why", "content"), ASIDE, ids=lambda each: each if isinstance(each, str) else "")
def test_D8_what_is_not_a_new_text_from_a_person_is_left_aside(why: Aside, content: object) -> None:
    assert parsed(content) is why


def test_D8_every_reason_to_leave_an_event_aside_is_shown() -> None:
    assert {why for why, _ in ASIDE} == set(Aside)


def test_D8_our_own_uuid_is_learned_from_what_our_other_devices_do() -> None:
    """Only what comes under our own number tells it: nobody else makes us deaf to somebody."""
    ours = event(sourceNumber=US, sourceUuid=OUR_UUID, syncMessage={}, dataMessage=None)
    own = parse.own_ids(ours, US)

    assert own == {f"uuid:{OUR_UUID}"}
    assert parsed(event(sourceNumber=None, sourceUuid=OUR_UUID), own=own) is Aside.OWN
    assert parse.own_ids(event(syncMessage={}), US) == frozenset()
    assert parse.own_ids(event(sourceNumber=US, sourceUuid=OUR_UUID), US) == frozenset()
    assert parse.own_ids(None, US) == frozenset()


# --- hazards ----------------------------------------------------------------------------------------------------------


@given(content=JSON)
def test_S8_no_json_makes_parsing_raise(content: object) -> None:
    assert isinstance(parsed(content), Aside)


@given(text=st.text(st.characters(categories=None)))
def test_S8_no_text_makes_decoding_raise(text: str) -> None:
    parsed(parse.decode(text))


@given(data=st.data())
def test_S8_no_json_in_any_field_makes_parsing_raise(data: st.DataObject) -> None:
    content = event()
    place = data.draw(
        st.sampled_from([content, content["envelope"], content["envelope"]["dataMessage"]])  # as JSON may have it
    )
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    found = parsed(parse.decode(json.dumps(content)))

    if isinstance(found, DirectMessage):
        assert found.sender in (ALICE, f"uuid:{UUID}")
        json.dumps([found.text, found.name, dict(found.meta)], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "spelled",
    [
        '{"envelope": {"timestamp": NaN}}',
        '{"envelope": ' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"envelope": {"sourceNumber": ' + "9" * 5000 + "}}",
        "",
        "null",
        "hello",
    ],
    ids=["NaN", "open", "deep", "long", "empty", "null", "no json"],
)
def test_S8_hazards_are_malformed(spelled: str) -> None:
    assert parsed(parse.decode(spelled)) is Aside.MALFORMED


def test_S8_a_key_that_is_there_twice_makes_no_message() -> None:
    spelled = json.dumps(event()).replace(
        f'"sourceNumber": "{ALICE}"', f'"sourceNumber": "{ALICE}", "sourceNumber": "+1555"'
    )

    assert parsed(parse.decode(spelled)) is Aside.MALFORMED


def test_S8_lone_surrogates_are_replaced() -> None:
    found = message(parse.decode(json.dumps(event(dataMessage=data(message="a\ud800b"), sourceName="\udc00"))))

    assert (found.text, found.name) == ("a�b", "�")


@pytest.mark.parametrize("number", ["+١٥٥٥٠٠٠١١١١", "+1_555_000_1111", "+1555\u202e0001111", "+0555"])
def test_S8_only_digits_of_ascii_are_a_number(number: str) -> None:
    found = message(event(sourceNumber=number))

    assert found.sender == f"uuid:{UUID}"


def test_S7_names_from_outside_are_shortened() -> None:
    found = message(event(sourceName="A" * 10_000))

    assert len(found.name) == len(found.meta["name"]) == 128
