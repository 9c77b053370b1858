"""How often a code that a platform did not take is tried again."""

from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_records import TTL_MS
from clawdbot.domain.unsent import TRY_AGAIN_MS, Unsent

NOW = 1_795_367_603_000
ANNE = (ChannelAccount(Channel.TELEGRAM), SenderId("7"))


def test_who_got_his_code_is_not_sent_another() -> None:
    assert not Unsent().may_be_tried(ANNE, now=NOW)


def test_D10_a_second_try_at_once_and_then_one_a_minute() -> None:
    unsent = Unsent()
    unsent.failed(ANNE, now=NOW, again=unsent.settled(ANNE))
    assert unsent.may_be_tried(ANNE, now=NOW)
    unsent.failed(ANNE, now=NOW, again=unsent.settled(ANNE))
    assert not unsent.may_be_tried(ANNE, now=NOW + TRY_AGAIN_MS - 1)
    assert unsent.may_be_tried(ANNE, now=NOW + TRY_AGAIN_MS)
    unsent.failed(ANNE, now=NOW + TRY_AGAIN_MS, again=unsent.settled(ANNE))
    assert not unsent.may_be_tried(ANNE, now=NOW + 2 * TRY_AGAIN_MS - 1)


def test_S6_a_clock_that_was_set_back_delays_nothing() -> None:
    unsent = Unsent()
    unsent.failed(ANNE, now=NOW, again=True)
    assert unsent.may_be_tried(ANNE, now=NOW - 86_400_000)


def test_D1_another_account_s_code_is_another() -> None:
    unsent = Unsent()
    unsent.failed(ANNE, now=NOW, again=False)
    assert not unsent.may_be_tried((ChannelAccount(Channel.TELEGRAM, AccountId("work")), ANNE[1]), now=NOW)


def test_what_is_settled_or_expired_is_forgotten() -> None:
    """Strangers who come and go leave nothing behind."""
    unsent = Unsent()
    for number in range(1, 100):
        unsent.failed((ANNE[0], SenderId(str(number))), now=NOW + number * TTL_MS, again=False)
    assert len(unsent) == 1
    assert unsent.settled((ANNE[0], SenderId("99")))
    assert len(unsent) == 0
