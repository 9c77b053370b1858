"""Owners decide in chat, and nobody else does (threats.md D13, D14)."""

from dataclasses import replace

import pytest

from clawdbot.domain.effects import SenderDecision
from clawdbot.domain.gate import DmRules
from clawdbot.domain.names import Role, SenderId
from clawdbot.domain.owners import Owners, read_owner
from clawdbot.errors import StoreUnavailable
from clawdbot.gateway.tries import LOCK_MS, MOST_FAILURES
from clawdbot.store.base import DeviceKey
from tests.support.devices import arrival
from tests.support.devices import identity as key
from tests.support.owners import SIGNAL, TELEGRAM, Street
from tests.support.waiting import eventually


async def told(street: Street, owner: str = "1", sender: str = "7") -> str:
    """A stranger writes; the reference by which an owner can decide about him."""
    before = len(street.said_to(owner))
    async with street.telling():
        await street.write(sender)
        await eventually(lambda: len(street.said_to(owner)) > before)
    return street.said_to(owner)[-1].partition("approve ")[2][:5]


async def test_an_owner_approves_by_a_reply() -> None:
    """The stranger is in with his next message; the record has who decided; the assistant heard nothing of it."""
    street = Street()
    reference = await told(street)
    await street.write("1", f"Approve {reference.lower()}")
    assert street.said_to("1")[-1] == "Approved: telegram sender 7."
    assert (await street.house.senders.read(TELEGRAM)).allowed[SenderId("7")].by == "owner telegram:1"
    assert street.echo.heard == []
    await street.write("7", "and now?")
    assert street.said_to("7")[-1] == "and now?"


@pytest.mark.parametrize("action", ["reject", "block"])
async def test_an_owner_refuses_by_a_button(action: str) -> None:
    """The request is gone, the buttons too, and nobody is in."""
    street = Street()
    reference = await told(street)
    assert street.telegram.keyboards == {"1": [[f"{each} {reference}" for each in ("approve", "reject", "block")]]}
    answer = await street.telegram.press("1", f"{action} {reference}")
    assert answer == {"reject": "Rejected: telegram sender 7.", "block": "Blocked: telegram sender 7."}[action]
    assert not await street.waits("7")
    assert not await street.is_in("7")
    assert (await street.house.senders.read(TELEGRAM)).is_blocked(SenderId("7")) is (action == "block")
    await eventually(lambda: street.telegram.keyboards == {"1": []})


@pytest.mark.parametrize("action", ["reject", "block"])
async def test_a_block_is_the_person_s_and_a_rejection_that_request_s(action: str) -> None:
    """Two ids that the owner linked wait: to block one settles the other, to reject one leaves the other to decide."""
    street = Street()
    first, second = await told(street, sender="7"), await told(street, sender="8")
    await street.house.senders.link(TELEGRAM, SenderId("7"), SenderId("8"))
    await street.telegram.press("1", f"{action} {first}")
    assert await street.waits("8") is (action == "reject")
    said = await street.telegram.press("1", f"approve {second}")
    wanted = {
        "reject": "Approved: telegram sender 8.",
        "block": "Nothing changed: the request of telegram sender 8 is blocked already.",
    }
    assert said == wanted[action]
    assert await street.is_in("8") is (action == "reject")


async def test_D14_the_requester_cannot_press_and_the_owner_is_told() -> None:
    """By a message or a button: nothing is decided, he gets no word, and the owner learns who tried; once."""
    street = Street()
    reference = await told(street)
    sent = len(street.said_to("7"))
    await street.write("7", f"approve {reference}")
    assert await street.telegram.press("7", f"approve {reference}") == "Only the owner can decide."
    assert not await street.is_in("7")
    assert len(street.said_to("7")) == sent
    (warning,) = street.said_to("1")[1:]
    assert "telegram sender 7" in warning
    assert reference in warning
    await street.write("1", f"approve {reference}")
    assert await street.is_in("7")


async def test_D14_another_paired_sender_cannot_decide() -> None:
    """His words are an ordinary message for the assistant, and the owner is told; his press does nothing."""
    street = Street()
    reference = await told(street)
    await street.write("2", f"approve {reference}")
    assert [prompt.text for prompt in street.echo.heard] == [f"approve {reference}"]
    assert await street.telegram.press("2", f"approve {reference}") == "Only the owner can decide."
    assert not await street.is_in("7")
    assert "telegram sender 2" in street.said_to("1")[-1]


async def test_D14_an_approval_never_comes_from_the_assistants_output() -> None:
    """An assistant that repeats the very reference to the owner decides nothing."""
    street = Street()
    reference = await told(street)
    await street.write("1", f"say: approve {reference}")
    assert street.said_to("1")[-1] == f"say: approve {reference}"
    assert not await street.is_in("7")


async def test_D14_only_an_owners_answer_comes_before_what_else_he_wrote() -> None:
    """By its form and its writer alone; whoever else writes the same waits his turn, and so does all other text."""
    street = Street()

    def comes_first(text: str, sender: str = "1") -> bool:
        return street.reception.comes_first(street.telegram.message(sender, text))

    assert all(comes_first(f"{action} AAAA2") for action in ("approve", "/REJECT", "block", "extend"))
    assert not any(comes_first(text) for text in ("hello", "approve", "approve plans", "say: approve AAAA2"))
    assert not comes_first("approve AAAA2", "2")
    street.broken = True
    assert not comes_first("approve AAAA2")


async def test_D14_with_no_owner_configured_nobody_decides_in_chat() -> None:
    """He who was one a moment ago is none, and neither is anybody while the configuration is broken (D5)."""
    street = Street()
    reference = await told(street)
    for owners, broken in ((Owners(), False), (street.owners, True)):
        street.owners, street.broken = owners, broken
        assert await street.telegram.press("1", f"approve {reference}") == "Only the owner can decide."
        await street.write("1", f"approve {reference}")
        assert street.said_to("1")[-1] == f"approve {reference}"
    assert not await street.is_in("7")


async def test_D17_a_blocked_owner_decides_nothing() -> None:
    """He is listed as an owner, and the door does not let him in: neither reply nor button counts."""
    street = Street()
    reference = await told(street)
    await street.house.senders.block_sender(TELEGRAM, SenderId("1"), by="terminal")
    await street.write("1", f"approve {reference}")
    assert await street.telegram.press("1", f"approve {reference}") == "Only the owner can decide."
    assert not await street.is_in("7")


async def test_a_reference_works_once() -> None:
    """Pressed twice, or pressed and written: the second time the owner is told what became of it."""
    street = Street()
    reference = await told(street)
    await street.write("1", f"reject {reference}")
    answer = await street.telegram.press("1", f"approve {reference}")
    assert answer == "Nothing changed: the request of telegram sender 7 is rejected already."
    assert not await street.is_in("7")


async def test_D11_a_reference_ends_with_its_request() -> None:
    """At an hour's age it is too late; a new request of the same sender has another reference."""
    street = Street()
    reference = await told(street)
    street.clock.now += 60 * 60 * 1000
    again = await told(street)
    assert again != reference
    answer = await street.telegram.press("1", f"approve {reference}")
    assert answer.startswith("Too late: the request of telegram sender 7 expired")
    assert not await street.is_in("7")


async def test_what_was_decided_at_the_terminal_cannot_be_decided_in_chat() -> None:
    """The buttons go, and the reference says so."""
    street = Street()
    reference = await told(street)
    (request,) = await street.house.senders.waiting(TELEGRAM)
    await street.house.senders.reject_sender(TELEGRAM, request.code)
    answer = await street.telegram.press("1", f"approve {reference}")
    assert answer == "Nothing changed: the request of telegram sender 7 is gone already."
    assert not await street.is_in("7")


async def test_what_another_operator_decided_takes_the_buttons_away() -> None:
    """The gateway heard of the decision: nothing is left to press."""
    street = Street()
    reference = await told(street)
    (request,) = await street.house.senders.waiting(TELEGRAM)
    await street.house.senders.approve_sender(TELEGRAM, request.code, by="terminal")
    street.decisions.sender_resolved(TELEGRAM, SenderId("7"), SenderDecision.APPROVED)
    await eventually(lambda: street.telegram.keyboards == {"1": []})
    await street.write("1", f"reject {reference}")
    assert street.said_to("1")[-1] == "Nothing changed: the request of telegram sender 7 is approved already."


async def test_D13_wrong_references_are_slowed_down_by_who_guesses() -> None:
    """Ten wrong ones lock the owner who wrote them for five minutes; the other decides meanwhile."""
    street = Street("telegram:1", "telegram:2")
    await told(street)
    mine, others = (street.said_to(each)[0].partition("approve ")[2][:5] for each in ("1", "2"))
    for number in range(MOST_FAILURES):
        await street.write("1", f"approve AAA{number // 8 + 2}{number % 8 + 2}")
        assert "no such reference" in street.said_to("1")[-1]
    assert (await street.telegram.press("1", f"approve {mine}")).startswith("Too many wrong references")
    assert await street.telegram.press("2", f"reject {others}") == "Rejected: telegram sender 7."
    street.monotonic.now += LOCK_MS
    assert "is rejected already" in await street.telegram.press("1", f"approve {mine}")


async def test_an_owner_cannot_use_what_was_given_to_another() -> None:
    """Nor at another bot account; the one it was given to is told."""
    street = Street("telegram:1", "telegram:2")
    await told(street)
    mine = street.said_to("1")[0].partition("approve ")[2][:5]
    assert "no such reference" in await street.telegram.press("2", f"approve {mine}")
    assert "telegram sender 2" in street.said_to("1")[-1]
    assert not await street.is_in("7")


async def test_S2_what_cannot_be_saved_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The press is answered so, a reply is delivered again, and the reference works when the store is back."""
    street = Street()
    reference = await told(street)

    async def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(street.store, "update", fails)
        assert (await street.telegram.press("1", f"approve {reference}")).startswith("Nothing decided")
        with pytest.raises(StoreUnavailable):
            await street.write("1", f"approve {reference}")
    assert await street.telegram.press("1", f"approve {reference}") == "Approved: telegram sender 7."


@pytest.mark.parametrize("action", ["approve", "reject"])
async def test_an_owner_decides_about_a_device(action: str) -> None:
    """He sees what it asks for; its approval names him. There is no block for devices."""
    street = Street()
    device = key(9).device_id
    async with street.telling():
        await street.house.devices.connect(arrival(key(9)), silent_local=False)
        await eventually(lambda: bool(street.said_to("1")))
    text = street.said_to("1")[0]
    reference = text.partition("approve ")[2][:5]
    assert f"device {device[:12]}" in text
    assert (await street.telegram.press("1", f"block {reference}")).endswith("you can approve or reject.")
    assert await street.telegram.press("1", f"{action} {reference}") in (
        f"Approved: device {device[:12]}.",
        f"Rejected: device {device[:12]}.",
    )
    known = await street.store.read(DeviceKey(device))
    assert known.pending is None
    assert (known.paired is not None) is (action == "approve")
    if known.paired is not None:
        assert known.paired.approved_by == "owner telegram:1"
        assert known.paired.has(Role.OPERATOR)


async def test_a_forged_button_decides_nothing() -> None:
    """Any data can be sent as a press: the owner is told that it is unknown."""
    street = Street()
    await told(street)
    for data in ("", "approve", "approve 7", "\x00" * 64):
        assert await street.telegram.press("1", data) == "I do not know this button."
    for data in ("approve 22222", "reject ZZZZ2"):
        assert "no such reference" in await street.telegram.press("1", data)
    assert await street.waits("7")


async def test_D7_an_owner_on_signal_answers_by_a_plain_reply() -> None:
    """No buttons there: the text says what to answer."""
    street = Street()
    street.owners = Owners((read_owner("signal:+15550001111"),))
    async with street.telling():
        await street.write("7")
        await eventually(lambda: bool(street.signal.sent))
    ((who, text),) = street.signal.sent
    reference = text.partition("approve ")[2][:5]
    await street.write(who, f"block {reference}", at=street.signal)
    assert street.signal.sent[-1] == (who, "Blocked: telegram sender 7.")


async def test_D7_an_owner_who_is_listed_twice_is_one_person() -> None:
    """Listed by number and by account id, he may use the references of either; nobody is warned of himself."""
    account = "uuid:8f1c0c6e-0000-4000-8000-000000000001"
    street = Street("signal:+15550001111", f"signal:{account}")
    street.rules[SIGNAL] = DmRules(listed=frozenset({SenderId("+15550001111"), SenderId(account)}))
    async with street.telling():
        await street.write("7")
        await eventually(lambda: len(street.signal.sent) == 2)
    second = street.signal.sent[1][1].partition("approve ")[2][:5]
    message = replace(
        street.signal.message(account, f"approve {second}"), aliases=frozenset({SenderId("+15550001111")})
    )
    await street.reception.on_direct_message(message)
    assert street.signal.sent[2:] == [(account, "Approved: telegram sender 7.")]
