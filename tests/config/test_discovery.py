"""``discovery``: how much the gateway says about itself on the local network."""

import pytest

from clawdbot.config.gateway_model import Openness
from tests.support.configs import Desk


@pytest.mark.parametrize(
    ("text", "environ", "openness"),
    [
        ("{}", {}, Openness.MINIMAL),
        ("{discovery: {mdns: {}}}", {}, Openness.MINIMAL),
        ("{discovery: {mdns: {mode: 'off'}}}", {}, Openness.OFF),
        ("{discovery: {mdns: {mode: 'full'}}}", {}, Openness.FULL),
        ("{discovery: {mdns: {mode: 'full'}}}", {"CLAWDBOT_DISABLE_BONJOUR": "1"}, Openness.OFF),
        ("{discovery: {mdns: {mode: 'full'}}}", {"CLAWDBOT_DISABLE_BONJOUR": "0"}, Openness.FULL),
    ],
)
def test_little_is_said_unless_the_owner_wants_more_or_nothing(
    desk: Desk, text: str, environ: dict[str, str], openness: Openness
) -> None:
    """The variable is the reference's, and turns it off whatever the file says."""
    assert desk.config(text, environ).advertised is openness


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{discovery: {mdns: {mode: 'loud'}}}", 'discovery.mdns.mode: "loud" is not one of off, minimal, full'),
        ("{discovery: {mdns: {modes: 'off'}}}", "discovery.mdns.modes: there is no such key"),
        ("{discovery: 'off'}", "discovery: must be an object"),
    ],
)
def test_anything_else_is_an_error(desk: Desk, text: str, error: str) -> None:
    assert any(error in one for one in desk.errors(text)), desk.errors(text)


def test_what_the_reference_does_beyond_the_local_network_is_accepted_and_not_served(desk: Desk) -> None:
    assert desk.config("{discovery: {wideArea: {enabled: true}}}").not_served == ("discovery.wideArea",)
