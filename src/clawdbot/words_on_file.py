"""Whether a text holds the word of an invite that is on file, for whichever account it is (threats.md D18)."""

from clawdbot.domain import invites
from clawdbot.store.base import SendersKey, Store


async def holds_a_word(store: Store, text: str) -> bool:
    """Whether it does; good or used up. Hardly any text looks as if, and for no other is anything read.

    Raises:
        StoreError: the invites of some account cannot be read, so that nobody can know.
    """
    words = frozenset(invites.within(text))
    if not words:
        return False
    everybody = await store.read_all(SendersKey)
    return any(not words.isdisjoint(known.invites) for known in everybody.values())
