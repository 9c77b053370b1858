import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.telegram import parse
from clawdbot.channels.telegram.parse import Aside
from clawdbot.domain.names import AccountId, Channel, ChannelAccount

ACCOUNT = ChannelAccount(Channel.TELEGRAM, AccountId("work"))
BOT_ID = "123456789"
SAMPLES = Path(__file__).parents[2] / "samples" / "telegram"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def samples(kind: str) -> list[Any]:
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(SAMPLES.glob("*.json"))}
    return [pytest.param(sample, id=name) for name, sample in found.items() if kind in sample]


def text_from_alice(**more: object) -> dict[str, Any]:
    message = {
        "message_id": 1,
        "from": {"id": 777, "is_bot": False, "first_name": "Alice"},
        "chat": {"id": 777, "type": "private"},
        "date": 1_790_000_000,
        "text": "hello",
    }
    return {"update_id": 5, "message": message | more}


@pytest.mark.parametrize("sample", samples("message"))
def test_a_new_text_from_a_person_is_a_direct_message(sample: Mapping[str, Any]) -> None:
    message = parse.direct_message(sample["update"], ACCOUNT, BOT_ID)

    assert isinstance(message, DirectMessage), sample["shows"]
    found = asdict(message)
    assert found.pop("account") == ACCOUNT
    assert found == sample["message"] | {"aliases": frozenset(), "late": False, "own": False}


@pytest.mark.parametrize("sample", samples("aside"))
def test_D8_what_is_not_a_new_text_from_a_person_is_left_aside(sample: Mapping[str, Any]) -> None:
    assert parse.direct_message(sample["update"], ACCOUNT, BOT_ID) == Aside(sample["aside"]), sample["shows"]


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel", "", "Private", "private "])
def test_D2_only_a_private_chat_counts_whoever_writes_elsewhere(kind: str) -> None:
    elsewhere = text_from_alice(chat={"id": 777, "type": kind})

    assert parse.direct_message(elsewhere, ACCOUNT, BOT_ID) == Aside.NOT_PRIVATE


def test_D8_every_reason_to_leave_an_update_aside_has_a_sample() -> None:
    reasons = {param.values[0]["aside"] for param in samples("aside")}

    assert reasons == set(Aside)


@given(update=JSON)
def test_S8_no_json_makes_parsing_raise(update: object) -> None:
    parse.update_id(update)
    assert isinstance(parse.direct_message(update, ACCOUNT, BOT_ID), Aside)


@given(data=st.data())
def test_S8_no_json_in_any_field_makes_parsing_raise(data: st.DataObject) -> None:
    update = text_from_alice()
    place = data.draw(
        st.sampled_from([update, update["message"], update["message"]["from"], update["message"]["chat"]])
    )
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    parsed = parse.direct_message(update, ACCOUNT, BOT_ID)

    if isinstance(parsed, DirectMessage):
        assert parsed.sender == parsed.conversation == "777"
        json.dumps([parsed.text, parsed.name, dict(parsed.meta)], ensure_ascii=False).encode()


def test_S8_deep_nesting_in_what_nobody_reads_does_no_harm() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]

    assert isinstance(parse.direct_message(text_from_alice(entities=deep), ACCOUNT, BOT_ID), DirectMessage)


def test_S7_names_from_outside_are_shortened() -> None:
    sender = {"id": 777, "is_bot": False, "first_name": "A" * 10_000, "username": "b" * 10_000}
    message = parse.direct_message(text_from_alice(**{"from": sender}), ACCOUNT, BOT_ID)

    assert isinstance(message, DirectMessage)
    assert len(message.name) == len(message.meta["firstName"]) == len(message.meta["username"]) == 128


@pytest.mark.parametrize(
    ("update", "number"),
    [
        ({"update_id": 7}, 7),
        ({"update_id": 7, "message": "nonsense"}, 7),
        ({"update_id": "7"}, None),
        ({"update_id": True}, None),
        ({"update_id": 7.0}, None),
        ({"update_id": -7}, None),
        ({"update_id": 2**63}, None),
        ({}, None),
        ([7], None),
        (None, None),
    ],
)
def test_the_number_of_an_update_is_known_however_odd_the_rest_is(update: object, number: int | None) -> None:
    assert parse.update_id(update) == number
