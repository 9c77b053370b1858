import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage, Press
from clawdbot.channels.discord import parse
from clawdbot.channels.discord.parse import Aside, Pressed
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId

ACCOUNT = ChannelAccount(Channel.DISCORD, AccountId("work"))
BOT_ID = "123456789012345678"
ALICE = "80351110224678912"
DM = "319674150115610528"
MESSAGE = "175928847299117063"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def author(**more: object) -> dict[str, Any]:
    return {"id": ALICE, "username": "alice", "discriminator": "0", "global_name": "Alice", "avatar": None} | more


def text_from_alice(**more: object) -> dict[str, Any]:
    message = {"id": MESSAGE, "channel_id": DM, "author": author(), "content": "hello", "type": 0, "flags": 0}
    return message | {"timestamp": "2016-04-30T11:18:25.796000+00:00", "edited_timestamp": None} | more


def read(**more: object) -> DirectMessage | Aside:
    return parse.direct_message(text_from_alice(**more), ACCOUNT, BOT_ID)


def test_a_new_text_from_a_person_is_a_direct_message() -> None:
    assert read() == DirectMessage(
        account=ACCOUNT,
        sender=SenderId(ALICE),
        message_id=MESSAGE,
        conversation=DM,
        text="hello",
        sent_at=1_462_015_105_796,  # as the timestamp says
        id_line=f"Your Discord user id: {ALICE}",
        name="Alice",
        meta={"tag": "alice", "name": "alice"},
    )


@pytest.mark.parametrize(
    "more",
    [
        {"channel_type": 1},
        {"type": 19, "referenced_message": {"id": "5", "author": {"bot": True}}},
        {"edited_timestamp": "2016-04-30T11:19:00+00:00"},
        {"attachments": [{"id": "5", "url": "https://x.invalid"}]},
        {"flags": 4, "embeds": [{}], "mentions": [author()], "poll": {}, "new_in_2030": {}},
        {"nonce": 5, "activity": None, "webhook_id": None, "guild_id": None},
    ],
    ids=["said to be direct", "a reply", "edited while we were away", "with a file", "decorated", "with nulls"],
)
def test_what_else_a_message_may_have_makes_no_difference(more: dict[str, object]) -> None:
    assert read(**more) == read()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"guild_id": "41771983423143937"}, Aside.SERVER),
        ({"member": {"roles": []}}, Aside.SERVER),
        ({"guild_id": 0}, Aside.SERVER),
        ({"channel_type": 3}, Aside.GROUP),
        ({"channel_type": 0}, Aside.GROUP),
        ({"channel_type": 11}, Aside.GROUP),
        ({"author": author(id=BOT_ID)}, Aside.OWN),
        ({"author": author(bot=True)}, Aside.BOT),
        ({"author": author(system=True)}, Aside.BOT),
        ({"webhook_id": "5"}, Aside.BOT),
        ({"type": 6}, Aside.NOTICE),
        ({"type": 20}, Aside.NOTICE),
        ({"application_id": "5"}, Aside.NOTICE),
        ({"interaction": {"id": "5"}}, Aside.NOTICE),
        ({"interaction_metadata": {"id": "5"}}, Aside.NOTICE),
        ({"content": ""}, Aside.NO_TEXT),
        ({"content": " \n"}, Aside.NO_TEXT),
    ],
)
def test_D8_what_is_not_a_new_text_from_a_person_is_left_aside(more: dict[str, object], why: Aside) -> None:
    assert read(**more) == why


@pytest.mark.parametrize("place", ["id", "channel_id", "author"])
@pytest.mark.parametrize(
    "id",
    [
        *(None, 5, 5.0, True, float("nan"), [], ""),
        *("0", "05", "-5", "+5", " 5", "5\n", "5.0", "1e3", "1_000", "٥", "5" * 21, "18446744073709551616", "alice"),
    ],
)
def test_S8_D6_an_id_is_a_string_of_digits_and_nothing_else(place: str, id: object) -> None:
    assert read(**{place: author(id=id) if place == "author" else id}) == Aside.MALFORMED


@pytest.mark.parametrize("place", ["id", "channel_id", "author", "type"])
def test_S8_without_what_every_message_has_it_is_none(place: str) -> None:
    message = text_from_alice()
    del message[place]

    assert parse.direct_message(message, ACCOUNT, BOT_ID) == Aside.MALFORMED


def test_D6_two_people_of_one_name_are_two() -> None:
    other = read(author=author(id="80351110224678913"))

    assert isinstance(other, DirectMessage)
    assert other.sender == "80351110224678913"
    assert not other.aliases


@pytest.mark.parametrize(
    ("names", "name", "meta"),
    [
        ({"global_name": None}, "alice", {"tag": "alice", "name": "alice"}),
        ({"discriminator": "0420"}, "Alice", {"tag": "alice#0420", "name": "alice"}),
        ({"username": "", "discriminator": None, "global_name": " "}, "", {}),
        ({"username": "\ud83d" + "x" * 500}, "Alice", {"tag": "�" + "x" * 127, "name": "�" + "x" * 127}),
    ],
)
def test_S7_names_are_for_show_and_shortened(names: dict[str, object], name: str, meta: dict[str, str]) -> None:
    message = read(author=author(**names))

    assert isinstance(message, DirectMessage)
    assert (message.name, message.meta) == (name, meta)


@given(data=JSON)
def test_S8_no_json_makes_parsing_raise(data: object) -> None:
    parse.message_id(data)
    assert isinstance(parse.direct_message(data, ACCOUNT, BOT_ID), Aside)


@given(data=st.data())
def test_S8_no_json_in_any_field_makes_parsing_raise(data: st.DataObject) -> None:
    message = text_from_alice(channel_type=1, guild_id=None)
    place = data.draw(st.sampled_from([message, message["author"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    parsed = parse.direct_message(message, ACCOUNT, BOT_ID)

    if isinstance(parsed, DirectMessage):
        assert (int(parsed.sender), int(parsed.conversation)) > (0, 0)
        json.dumps([parsed.text, parsed.name, dict(parsed.meta)], ensure_ascii=False).encode()


def test_S8_deep_nesting_in_what_nobody_reads_does_no_harm() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]

    assert isinstance(read(embeds=deep), DirectMessage)


@pytest.mark.parametrize(
    ("data", "number"), [({"id": "7"}, 7), ({"id": "7", "author": 5}, 7), ({"id": 7}, None), ({}, None), (None, None)]
)
def test_the_number_of_a_message_is_known_however_odd_the_rest_is(data: object, number: int | None) -> None:
    assert parse.message_id(data) == number


@pytest.mark.parametrize("instant", [1_420_070_400_000, 1_790_000_000_000])
def test_ids_are_in_the_order_of_time(instant: int) -> None:
    first: Callable[[int], int] = parse.first_at

    assert parse.sent_at(first(instant)) == instant
    assert parse.sent_at(first(instant) - 1) == instant - 1
    assert first(0) == 0


# --- presses ---------------------------------------------------------------------------------------------------------


def press_by_alice(**more: object) -> dict[str, Any]:
    under = {"id": MESSAGE, "channel_id": DM, "author": {"id": BOT_ID, "username": "clawd", "bot": True}, "type": 0}
    press = {"id": "846462639134605312", "application_id": "5", "type": 3, "token": "aW50_ZX-Jh=", "version": 1}
    where = {"channel_id": DM, "channel": {"id": DM, "type": 1}, "message": under, "user": author()}
    return {**press, **where, "data": {"custom_id": "approve K7QXM", "component_type": 2}, **more}


def test_D14_a_press_is_by_whom_discord_says() -> None:
    """With what Discord wants to see when it is answered; its token shows nowhere (threats.md S7)."""
    found = parse.pressed(press_by_alice(), ACCOUNT, BOT_ID)
    press = Press(ACCOUNT, SenderId(ALICE), "approve K7QXM")
    assert found == Pressed(846462639134605312, 5, "aW50_ZX-Jh=", press)
    assert "aW50" not in repr(found)


@given(data=JSON)
def test_S8_no_json_makes_reading_a_press_raise(data: object) -> None:
    assert parse.pressed(data, ACCOUNT, BOT_ID) is None


@given(data=st.data())
def test_S8_D14_no_json_in_any_field_of_a_press_raises_or_hides_who_pressed(data: st.DataObject) -> None:
    press = press_by_alice()
    place = data.draw(st.sampled_from([press, *(press[key] for key in ("data", "message", "channel", "user"))]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    found = parse.pressed(press, ACCOUNT, BOT_ID)

    if found is not None:
        assert found.press.presser == press["user"]["id"]
        found.press.data.encode()
