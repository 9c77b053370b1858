"""What a stranger's knocks at the running gateway say about it."""

from collections.abc import Iterable, Iterator, Sequence

from clawdbot.audit.findings import Finding, Severity
from clawdbot.audit.knock import Answer, Knock
from clawdbot.config import GatewaySettings
from clawdbot.domain.hosts import is_loopback

THERE = (Answer.REFUSED, Answer.LET_IN)


def check(knocks: Sequence[Knock], settings: GatewaySettings, *, running: bool) -> Iterator[Finding]:
    """Does the gateway do what the configuration says, to those who come from outside?

    Args:
        running: does a gateway run on this state directory?
    """
    answered = [knock for knock in knocks if knock.answer in THERE]
    if not answered:
        yield _silent(knocks, running)
    yield from _open(answered)
    yield from _reachable(answered, settings)


def _silent(knocks: Sequence[Knock], running: bool) -> Finding:
    where = knocks[0].url if knocks else "its address"
    if not running:
        return Finding("gateway.not_running", Severity.INFO, "No gateway runs", f"nobody was there to ask at {where}")
    return Finding(
        "gateway.probe_failed",
        Severity.WARN,
        "A gateway runs, and does not answer where it should",
        f"nobody answered at {where}; was it started with other options, or before the configuration changed?",
        "start it again",
    )


def _open(answered: Iterable[Knock]) -> Iterator[Finding]:
    for knock in answered:
        if knock.answer is not Answer.LET_IN:
            continue
        if knock.page:
            yield Finding(
                "gateway.foreign_pages",
                Severity.CRITICAL,
                "The gateway talks to anybody's pages",
                f"a page of another origin was not turned away at {knock.url}",
                "it may be another version of the gateway; stop it, and start this one",
            )
        else:
            yield Finding(
                "gateway.lets_strangers_in",
                Severity.CRITICAL,
                "The gateway lets strangers in",
                f"without a device, a token or a password at {knock.url}",
                "stop it now; then start this version",
            )


def _reachable(answered: Iterable[Knock], settings: GatewaySettings) -> Iterator[Finding]:
    beyond = [knock for knock in answered if not is_loopback(knock.host) and not knock.page]
    for knock in beyond:
        if not settings.is_exposed:
            yield Finding(
                "gateway.reachable_beyond_loopback",
                Severity.CRITICAL,
                "Other machines can reach the gateway, and the configuration says they cannot",
                f"it answers at {knock.url}",
                "stop what passes it on, or start it again without --bind",
                key="gateway.bind",
            )
        if settings.tls.enabled and not knock.secure:
            yield Finding(
                "gateway.plain_beyond_loopback",
                Severity.CRITICAL,
                "The gateway talks to other machines without TLS, and the configuration says TLS",
                f"it answers at {knock.url}",
                "start it again, without --no-tls",
                key="gateway.tls.enabled",
            )
