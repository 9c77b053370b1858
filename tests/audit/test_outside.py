"""What knocks say: refusals are fine, everything else is a finding."""

from dataclasses import replace

import pytest

from clawdbot.audit.knock import Answer, Knock
from clawdbot.audit.outside import check
from clawdbot.config import Bind, GatewaySettings, TlsSettings

HERE = Knock("127.0.0.1", 18789, False, Answer.REFUSED)
OUT = replace(HERE, host="192.168.1.10")
LOOPBACK = GatewaySettings()
LAN = GatewaySettings(bind=Bind.LAN)
TLS = GatewaySettings(bind=Bind.LAN, tls=TlsSettings(enabled=True))


def found(knocks: list[Knock], settings: GatewaySettings, *, running: bool = True) -> list[str]:
    return [f"{finding.severity} {finding.id}" for finding in check(knocks, settings, running=running)]


def answered(knock: Knock, answer: Answer) -> Knock:
    return replace(knock, answer=answer)


@pytest.mark.parametrize(
    ("knocks", "settings"),
    [
        ([HERE, replace(HERE, page=True), answered(OUT, Answer.NOBODY)], LOOPBACK),
        ([HERE, answered(OUT, Answer.SOMETHING_ELSE)], LOOPBACK),
        ([HERE, OUT], LAN),
        ([replace(HERE, secure=True), replace(OUT, secure=True), answered(OUT, Answer.NOBODY)], TLS),
    ],
)
def test_a_gateway_that_does_what_it_should(knocks: list[Knock], settings: GatewaySettings) -> None:
    assert found(knocks, settings) == []


def test_whoever_is_let_in_is_a_finding() -> None:
    let_in = answered(HERE, Answer.LET_IN)
    assert found([let_in], LOOPBACK) == ["critical gateway.lets_strangers_in"]
    assert found([HERE, replace(let_in, page=True)], LOOPBACK) == ["critical gateway.foreign_pages"]


def test_what_can_be_reached_against_the_configuration() -> None:
    assert found([HERE, OUT, replace(OUT, page=True)], LOOPBACK) == ["critical gateway.reachable_beyond_loopback"]
    assert found([replace(OUT, secure=True), OUT], TLS) == ["critical gateway.plain_beyond_loopback"]


def test_silence() -> None:
    silent = [answered(HERE, Answer.NOBODY)]
    assert found(silent, LOOPBACK, running=False) == ["info gateway.not_running"]
    assert found(silent, LOOPBACK) == ["warn gateway.probe_failed"]
    assert found([], LOOPBACK, running=False) == ["info gateway.not_running"]
