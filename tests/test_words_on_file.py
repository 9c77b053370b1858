"""The word of an invite on file, whichever account it is for, wherever it stands in a text (threats.md D18)."""

from pathlib import Path

import pytest

from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.errors import StoreCorrupt
from clawdbot.persons_service import PersonsService
from clawdbot.store.files import FileStore
from clawdbot.store.memory import MemoryStore
from clawdbot.words_on_file import holds_a_word

DAY = 24 * 60 * 60 * 1000
SIGNAL, WORK = ChannelAccount(Channel.SIGNAL), ChannelAccount(Channel.TELEGRAM, AccountId("work"))


async def test_D18_words_of_every_account_are_found_and_others_are_not() -> None:
    store = MemoryStore()
    persons = PersonsService(store)
    for account in (SIGNAL, WORK):
        made = await persons.invite(account, within_ms=DAY)
        assert isinstance(made, InviteMade)
        assert await holds_a_word(store, f"she gave me {made.word.grouped()}, is that right?")
    assert not await holds_a_word(store, "AAAA-BBBB-CCCC-DDDD")
    assert not await holds_a_word(store, "hello")


async def test_D18_S4_where_invites_cannot_be_read_nobody_can_know(tmp_path: Path) -> None:
    """For a text that may be a word; every other one needs no look."""
    store = FileStore(tmp_path)
    await PersonsService(store).invite(SIGNAL, within_ms=DAY)
    (tmp_path / "credentials" / "signal-senders.json").write_text("{")
    with pytest.raises(StoreCorrupt):
        await holds_a_word(store, "AAAA-BBBB-CCCC-DDDD")
    assert not await holds_a_word(store, "hello")
    await store.close()
