"""What was said with each sender lately."""

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.assistant.memory import Memory, MemoryLimits, Turn, Who
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId


def who(sender: str, account: str = "default") -> Who:
    return ChannelAccount(Channel.TELEGRAM, AccountId(account)), SenderId(sender)


def turn(number: int) -> Turn:
    return Turn(f"question {number}", f"answer {number}")


def test_each_sender_has_a_memory_of_his_own() -> None:
    """Neither another sender nor the same id on another account sees a conversation."""
    memory = Memory(MemoryLimits())
    memory.remember(who("1"), turn(1))
    assert memory.recall(who("1")) == (turn(1),)
    assert memory.recall(who("2")) == ()
    assert memory.recall(who("1", "work")) == ()


def test_the_oldest_turn_goes_first() -> None:
    """Over the number of turns, the beginning of the conversation is forgotten."""
    memory = Memory(MemoryLimits(turns=2))
    for number in range(4):
        memory.remember(who("1"), turn(number))
    assert memory.recall(who("1")) == (turn(2), turn(3))


def test_bytes_are_bounded_in_utf_8() -> None:
    """Two-byte characters count twice; older turns make room for the newest."""
    memory = Memory(MemoryLimits(size=10))
    memory.remember(who("1"), Turn("éé", "ab"))
    memory.remember(who("1"), Turn("é", "ab"))
    assert memory.recall(who("1")) == (Turn("éé", "ab"), Turn("é", "ab"))
    memory.remember(who("1"), Turn("a", ""))
    assert memory.recall(who("1")) == (Turn("é", "ab"), Turn("a", ""))


def test_a_turn_over_the_limit_leaves_nothing_behind() -> None:
    """A conversation with a hole in its middle would mislead; it starts anew instead."""
    memory = Memory(MemoryLimits(size=20))
    memory.remember(who("1"), Turn("a", "b"))
    memory.remember(who("1"), Turn("a" * 20, "b"))
    assert memory.recall(who("1")) == ()
    assert len(memory) == 0


def test_the_sender_who_was_silent_longest_is_forgotten_first() -> None:
    """Over the number of senders, the one whose last turn is oldest goes."""
    memory = Memory(MemoryLimits(senders=2))
    for sender in ("1", "2", "1", "3"):
        memory.remember(who(sender), turn(0))
    assert [bool(memory.recall(who(sender))) for sender in "123"] == [True, False, True]


@given(
    limits=st.builds(MemoryLimits, turns=st.integers(0, 3), size=st.integers(0, 40), senders=st.integers(0, 3)),
    said=st.lists(st.tuples(st.sampled_from("12345"), st.text(max_size=12), st.text(max_size=12))),
)
def test_the_limits_hold_whatever_is_said(limits: MemoryLimits, said: list[tuple[str, str, str]]) -> None:
    """Turns, bytes and senders stay within their limits, and what is kept is the end of what was said."""
    memory = Memory(limits)
    for sender, asked, answered in said:
        memory.remember(who(sender), Turn(asked, answered))
        kept = memory.recall(who(sender))
        spoken = [Turn(a, b) for name, a, b in said if name == sender]
        assert len(kept) <= limits.turns
        assert sum(each.size for each in kept) <= limits.size
        assert len(memory) <= limits.senders
        assert all(each in spoken for each in kept)
