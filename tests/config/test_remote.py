"""Another machine's gateway is written into the configuration, and what was for an earlier one goes with it."""

from pathlib import Path

import pytest

from clawdbot.config import GatewayMode, GatewaySettings, load
from clawdbot.config.remote import name_remote
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.errors import ConfigError, Refused
from tests.support.configs import Desk

URL, PIN, OTHER = "wss://gw.example:18789", Fingerprint("ab" * 32), Fingerprint("cd" * 32)


def write(path: Path, fingerprint: Fingerprint | None = PIN) -> None:
    name_remote(path, URL, fingerprint, {}, agreed=lambda settings: None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "",
            '{\n  "gateway": {\n    "mode": "remote",\n    "remote": {\n'
            f'      "url": "{URL}",\n      "tlsFingerprint": "{PIN}"\n    }}\n  }}\n}}\n',
        ),
        (
            "{ // mine\n  gateway: {\n    port: 5, // own\n  },\n}\n",
            '{ // mine\n  gateway: {\n    port: 5, // own\n    mode: "remote",\n    remote: {\n'
            f'      url: "{URL}",\n      tlsFingerprint: "{PIN}"\n    }},\n  }},\n}}\n',
        ),
    ],
)
def test_it_is_written_beside_what_is_there(desk: Desk, before: str, after: str) -> None:
    """Comments stay, and it is read back as what commands go by."""
    if before:
        desk.write(before)
    write(desk.path)
    assert desk.path.read_text("utf-8") == after
    settings = load(desk.path, {}).gateway
    assert settings.mode is GatewayMode.REMOTE
    assert (settings.remote.url, settings.remote.tls_fingerprint) == (URL, PIN)


def test_G15_a_secret_of_another_gateway_goes(desk: Desk) -> None:
    """It would be shown to the new one."""
    desk.write('{gateway: {mode: "remote", remote: {url: "wss://other", token: "kept-for-other", password: "too"}}}')
    write(desk.path)
    assert "other" not in desk.path.read_text("utf-8")


@pytest.mark.parametrize("pin", [PIN, None])
def test_what_is_known_of_the_same_gateway_stays(desk: Desk, pin: Fingerprint | None) -> None:
    """Where the certificate is the same, or an authority vouched for it and does so now."""
    known = f', tlsFingerprint: "{pin}"' if pin else ""
    desk.write(f'{{gateway: {{remote: {{url: "{URL}", token: "its-own"{known}}}}}}}')
    write(desk.path, fingerprint=pin)
    remote = load(desk.path, {}).gateway.remote
    assert (remote.token.reveal() if remote.token else None, remote.tls_fingerprint) == ("its-own", pin)


@pytest.mark.parametrize(("known", "pin"), [(OTHER, PIN), (None, PIN), (OTHER, None)])
def test_G15_a_secret_goes_with_the_certificate(desk: Desk, known: Fingerprint | None, pin: Fingerprint | None) -> None:
    """Whoever has another one at the same address may be somebody else, and would be shown it."""
    said = f', tlsFingerprint: "{known}"' if known else ""
    desk.write(f'{{gateway: {{remote: {{url: "{URL}", token: "of-another", password: "too"{said}}}}}}}')
    write(desk.path, fingerprint=pin)
    remote = load(desk.path, {}).gateway.remote
    assert (remote.url, remote.tls_fingerprint, remote.token, remote.password) == (URL, pin, None, None)


def test_whoever_does_not_agree_changes_nothing(desk: Desk) -> None:
    """He is asked about what the file says at that very moment."""
    text = desk.write("{gateway: {port: 5}}").read_text("utf-8")
    asked: list[int] = []

    def no(settings: GatewaySettings) -> None:
        asked.append(settings.port)
        raise Refused("no")

    with pytest.raises(Refused):
        name_remote(desk.path, URL, PIN, {}, agreed=no)
    assert asked == [5]
    assert desk.path.read_text("utf-8") == text


def test_a_broken_file_stays_as_it_is(desk: Desk) -> None:
    desk.write("{gateway: {")
    with pytest.raises(ConfigError):
        write(desk.path)
    assert desk.path.read_text("utf-8") == "{gateway: {"
