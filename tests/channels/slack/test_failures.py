import pytest

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.slack.api import Me, Rejected
from clawdbot.channels.slack.failures import of_channel, of_delivery, switched_off, unfit
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import (
    Banned,
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    RateLimited,
    RecipientRefused,
    TokenRefused,
)

ACCOUNT = ChannelAccount(Channel.SLACK, AccountId("work"))
ALL = frozenset({"chat:write", "im:history", "im:write"})


@pytest.mark.parametrize(
    ("error", "kind", "message", "hint"),
    [
        (Rejected("auth.test", "invalid_auth"), TokenRefused, "does not accept this bot token", "xoxb"),
        (Rejected("auth.test", "token_revoked"), TokenRefused, "the bot token was revoked", "channels add slack"),
        (Rejected("auth.test", "account_inactive"), TokenRefused, "uninstalled", "--account work"),
        (Rejected("auth.test", "not_allowed_token_type"), TokenRefused, "this is no bot token", "OAuth & Permissions"),
        (Rejected("apps.connections.open", "invalid_auth"), TokenRefused, "this app token", "connections:write"),
        (Rejected("apps.connections.open", "missing_scope"), TokenRefused, "the app token lacks", "connections:write"),
        (
            Rejected("auth.test", "missing_scope", needed="im:history"),
            ChannelRefused,
            "the bot token lacks the scope im:history",
            "install the app again",
        ),
        (Rejected("auth.test", "team_disabled"), Banned, "team_disabled", "administrator"),
        (Rejected("apps.connections.open", "link_disabled"), ChannelRefused, "switched off", "Socket Mode on"),
        (Rejected("apps.connections.open", "too_many_websockets"), ChannelFailed, "too many", "an app of its own"),
        (Rejected("auth.test", "ratelimited", retry_after=9), RateLimited, "asks us to wait", ""),
        (Rejected("auth.test", "internal_error"), ChannelFailed, "internal_error", "status.slack.com"),
        (Unreachable("no answer"), ChannelFailed, "no answer", "network"),
    ],
)
def test_a_failure_is_of_the_right_kind_and_says_what_to_do(
    error: ApiError, kind: type[ChannelFailed], message: str, hint: str
) -> None:
    found = of_channel(error, ACCOUNT)
    assert type(found) is kind
    assert message in found.message
    assert hint in found.hint


def test_a_bot_that_would_hear_nothing_is_refused_with_the_scopes_that_it_lacks() -> None:
    refused = unfit(Me("U1", "T1", scopes=frozenset({"chat:write"})), ACCOUNT)
    assert isinstance(refused, ChannelRefused)
    assert refused.message == "the bot token lacks the scope im:history, im:write"
    assert "OAuth & Permissions" in refused.hint


def test_an_app_of_a_whole_organisation_is_refused() -> None:
    refused = unfit(Me("U1", "E1", is_enterprise_install=True, scopes=ALL), ACCOUNT)
    assert "whole organisation" in str(refused)


@pytest.mark.parametrize("scopes", [ALL, ALL | {"users:read"}, None])
def test_a_bot_with_its_scopes_is_fit(scopes: frozenset[str] | None) -> None:
    assert unfit(Me("U1", "T1", scopes=scopes), ACCOUNT) is None


def test_socket_mode_that_is_off_says_where_to_switch_it_on() -> None:
    assert "Socket Mode on" in switched_off().hint


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Rejected("chat.postMessage", "channel_not_found"), RecipientRefused),
        (Rejected("conversations.open", "user_disabled"), RecipientRefused),
        (Rejected("conversations.open", "cannot_dm_bot"), RecipientRefused),
        (Rejected("chat.postMessage", "messages_tab_disabled"), RecipientRefused),
        (Rejected("chat.postMessage", "internal_error"), DeliveryUnknown),
        (Unreachable("no answer", sent=True), DeliveryUnknown),
        (Unreachable("no connection", sent=False), DeliveryFailed),
        (Rejected("chat.postMessage", "ratelimited"), DeliveryFailed),
        (Rejected("chat.postMessage", "invalid_auth"), DeliveryFailed),
        (Rejected("conversations.open", "missing_scope", needed="im:write"), DeliveryFailed),
    ],
)
def test_a_message_that_was_not_sent_fails_in_the_right_way(error: ApiError, kind: type[DeliveryFailed]) -> None:
    found = of_delivery(error, "U1")
    assert type(found) is kind
    assert "U1" in found.message
