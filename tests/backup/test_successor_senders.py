"""Who is in and who waits, out of OpenClaw's tables."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.backup import successor_senders
from clawdbot.backup.successor_rows import Notes
from clawdbot.backup.successor_senders import ALLOWED, WAITING
from clawdbot.domain.codes import ALPHABET, LENGTH, PairingCode
from clawdbot.domain.instants import iso
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_ids import normalise
from clawdbot.domain.senders import Approval, Request, Senders
from clawdbot.store.documents import decode
from clawdbot.store.layout import Part, file_name
from tests.support.openclaw import allows, tables, waits


def read(*, allowed: list[dict[str, Any]] = [], waiting: list[dict[str, Any]] = []) -> tuple[dict[str, Any], list[str]]:  # noqa: B006
    """The files that come of these rows, and what was left out."""
    notes = Notes()
    files = successor_senders.files(tables({ALLOWED: allowed, WAITING: waiting}), notes)
    found = {name: json.loads(content) for name, content in files.items()}
    return found, [f"{called}: {why}" for called, why in notes.left_out().items()]


def test_who_is_in_is_in_the_order_of_the_list() -> None:
    rows = [allows("8", sort_order=1), allows("tg:7", sort_order=0), allows("9", account="work")]
    assert read(allowed=rows) == (
        {
            "credentials/telegram-allowFrom.json": {"version": 1, "allowFrom": ["tg:7", "8"]},
            "credentials/telegram-work-allowFrom.json": {"version": 1, "allowFrom": ["9"]},
        },
        [],
    )


def test_D1_whose_request_it_is_the_row_says() -> None:
    """What the platform said beside it may be of another account; what is no text is nothing."""
    meta = json.dumps({"accountId": "work", "username": "ada", "age": 7})
    found, left_out = read(waiting=[waits("7", meta_json=meta)])
    (name,) = found
    (request,) = found[name]["requests"]
    assert (name, left_out) == ("credentials/telegram-pairing.json", [])
    assert request["meta"] == {"username": "ada"}


def test_D4_everybody_never_comes_in() -> None:
    for everybody in ("*", " * ", "telegram:*"):
        found, left_out = read(allowed=[allows(everybody), allows("7")])
        assert found["credentials/telegram-allowFrom.json"]["allowFrom"] == ["7"]
        assert '"*" names nobody' in left_out[0]


@pytest.mark.parametrize(
    "entry",
    ["@ada", "007", "", None, 7, b"7", "٧", "7\u202e", "-100123", "7" * 300],
    ids=lambda entry: ascii(entry)[:20],
)
def test_D6_what_names_no_person_does_not_come_in(entry: object) -> None:
    found, left_out = read(allowed=[allows(entry)])
    assert (found, len(left_out)) == ({}, 1)


def test_channels_that_are_not_here_are_counted() -> None:
    rows = [allows("29:a", "msteams"), allows("29:b", "msteams"), allows("7", None), allows("7", "Telegram")]
    found, left_out = read(allowed=rows)
    assert found == {}
    assert left_out == [
        f"{ALLOWED} {kind}: there is no such channel here" for kind in ("msteams (2)", "None (1)", "Telegram (1)")
    ]


@pytest.mark.parametrize("account", ["Work", "a b", "../x", "", None, "default ", "x" * 65, "__proto__/"])
def test_S5_an_account_keeps_its_name_or_stays_away(account: object) -> None:
    """What would first have to be made a name here could be the name of another one."""
    found, left_out = read(allowed=[allows("7", account=account)])
    assert (found, len(left_out)) == ({}, 1)


@pytest.mark.parametrize(
    "odd",
    [{"code": " - "}, {"code": None}, {"request_id": "@ada"}, {"created_at": None}, {"meta_json": "{"}, {"x": 1}],
)
def test_S4_a_request_that_makes_no_sense_is_left_out_alone(odd: dict[str, object]) -> None:
    """The other one is there, and no line shows a code (threats.md S7)."""
    rows = [waits("7", **odd), waits("8", "JHVGNPZV")]
    found, left_out = read(waiting=rows)
    (request,) = found["credentials/telegram-pairing.json"]["requests"]
    assert request["id"] == "8"
    assert len(left_out) == 1
    assert not any(code in left_out[0] for code in ("JHVGNPZU", "JHVGNPZV"))


# --- there and back --------------------------------------------------------------------------------------------------

ACCOUNTS = st.sampled_from(
    [
        ChannelAccount(Channel.TELEGRAM),
        ChannelAccount(Channel.TELEGRAM, AccountId("work")),
        ChannelAccount(Channel.DISCORD),
    ]
)
INSTANTS = st.integers(0, 4_000_000_000_000)
IDS = st.integers(1, 99).map(lambda number: SenderId(str(number)))
CODES = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH).map(PairingCode)
META = st.dictionaries(st.sampled_from(["username", "firstName"]), st.text(st.characters(codec="utf-8")), max_size=2)
REQUESTS = st.builds(Request, IDS, CODES, INSTANTS, INSTANTS, META)


@given(
    st.dictionaries(
        ACCOUNTS,
        st.tuples(
            st.sets(IDS),
            st.lists(REQUESTS, max_size=5, unique_by=(lambda one: one.sender, lambda one: one.code.reveal())),
        ),
    )
)
def test_every_state_comes_over_as_it_is(state: dict[ChannelAccount, tuple[set[SenderId], list[Request]]]) -> None:
    """For any accounts with anybody in them: what their files say in the end is what the tables said."""
    allowed, waiting = [], []
    for account, (ids, requests) in state.items():
        whose = {"channel_key": account.channel.value, "account_id": account.account}
        allowed += [{**whose, "entry": id, "sort_order": place} for place, id in enumerate(ids)]
        waiting += [
            {
                **whose,
                "request_id": one.sender,
                "code": one.code.reveal(),
                "created_at": iso(one.created_at),
                "last_seen_at": iso(one.last_seen),
                "meta_json": json.dumps({**one.meta, "accountId": account.account}),
            }
            for one in requests
        ]
    notes = Notes()
    files = successor_senders.files(tables({ALLOWED: allowed, WAITING: waiting}), notes)
    assert notes.left_out() == {}
    for account, (ids, requests) in state.items():
        texts = {part: files.get(f"credentials/{file_name(account, part)}") for part in Part}
        found = decode(texts, partial(normalise, account.channel)).senders
        assert found == Senders(
            requests={one.sender: one for one in requests}, allowed={id: Approval(id) for id in ids}
        )
