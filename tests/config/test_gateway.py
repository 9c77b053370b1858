"""The ``gateway`` section: where it listens, what it asks for, whose word it takes, and what cannot be meant."""

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from clawdbot.config import (
    Bind,
    ConfigFile,
    GatewayMode,
    GatewaySettings,
    RemoteSettings,
    TlsSettings,
)
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError
from tests.support.configs import Desk

TOKEN = "CLAWDBOT_GATEWAY_TOKEN"
PASSWORD = "CLAWDBOT_GATEWAY_PASSWORD"
PORT = "CLAWDBOT_GATEWAY_PORT"
NONE = GatewayAuth(AuthMode.NONE)
MAKE_ONE = '(set one of your own, as from "openssl rand -hex 24")'
PRINT = "ab" * 32


def settings(desk: Desk, text: str, **environ: str) -> GatewaySettings:
    """What a ``gateway`` section says."""
    return desk.config(f"{{gateway: {text}}}", environ).gateway


def asked(mode: AuthMode, secret: str) -> GatewayAuth:
    return GatewayAuth(mode, Secret(secret))


def test_without_a_section_it_is_on_loopback_and_asks_for_nothing(desk: Desk) -> None:
    assert desk.config("{}").gateway == GatewaySettings()
    assert (GatewaySettings().port, GatewaySettings().bind, GatewaySettings().auth) == (18789, Bind.LOOPBACK, NONE)


GOOD: list[tuple[str, GatewaySettings]] = [
    ("{port: 1, mode: 'remote'}", GatewaySettings(port=1, mode=GatewayMode.REMOTE)),
    ("{bind: 'auto'}", GatewaySettings(bind=Bind.AUTO)),
    ("{bind: 'tailnet'}", GatewaySettings(bind=Bind.TAILNET)),
    ("{bind: 'custom', customBindHost: ' FD00::1 '}", GatewaySettings(bind=Bind.CUSTOM, host="fd00::1")),
    (
        "{trustedProxies: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8']}",
        GatewaySettings(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("127.0.0.1"), ip_network("fd00::/8"))),
    ),
    ("{controlUi: {enabled: false}}", GatewaySettings(dashboard=False)),
    ("{controlUi: {enabled: true}}", GatewaySettings()),
    (
        "{controlUi: {allowedOrigins: ['HTTPS://Panel.example/', 'http://[FD00::1]:8080', 'https://x:443']}}",
        GatewaySettings(origins=frozenset({"https://panel.example", "http://[fd00::1]:8080", "https://x"})),
    ),
    (
        "{nodes: {allowCommands: [' sms.send '], denyCommands: ['system.run', 'camera.clip']}}",
        GatewaySettings(allow_commands=frozenset({"sms.send"}), deny_commands=frozenset({"system.run", "camera.clip"})),
    ),
    (
        "{pairing: {silentLocal: false, maxPending: 50, maxPendingPerAddress: 5}}",
        GatewaySettings(silent_local=False, queue=QueueLimits(50, 5)),
    ),
    ("{pairing: {maxPending: 3}}", GatewaySettings(queue=QueueLimits(3, 3))),
    ("{tls: {enabled: true}}", GatewaySettings(tls=TlsSettings(enabled=True))),
    (
        "{tls: {enabled: true, certPath: '/etc/x.pem', keyPath: '~/x.key', autoGenerate: false}}",
        GatewaySettings(
            tls=TlsSettings(enabled=True, cert=Path("/etc/x.pem"), key=Path("/home/ada/x.key"), auto_generate=False)
        ),
    ),
    (
        f"{{remote: {{url: 'wss://gw.example:1', token: 't-1', password: 'p-1', tlsFingerprint: 'sha256:{PRINT}'}}}}",
        GatewaySettings(remote=RemoteSettings("wss://gw.example:1", Secret("t-1"), Secret("p-1"), Fingerprint(PRINT))),
    ),
]


@pytest.mark.parametrize(("text", "expected"), GOOD, ids=[text for text, _ in GOOD])
def test_what_can_be_said(desk: Desk, text: str, expected: GatewaySettings) -> None:
    assert settings(desk, text, HOME="/home/ada") == expected
    assert desk.config("{}").gateway == GatewaySettings()


def test_paths_are_found_from_the_configuration(desk: Desk) -> None:
    tls = settings(desk, "{tls: {certPath: 'tls/cert.pem', keyPath: './key.pem'}}").tls
    assert (tls.cert, tls.key) == (desk.path.parent / "tls/cert.pem", desk.path.parent / "key.pem")


# --- what it asks for ------------------------------------------------------------------------------------------------

ASKED: list[tuple[str, dict[str, str], GatewayAuth]] = [
    ("{auth: {}}", {}, NONE),
    ("{auth: {token: 'f1le'}}", {}, asked(AuthMode.TOKEN, "f1le")),
    ("{auth: {password: 'f1le'}}", {}, asked(AuthMode.PASSWORD, "f1le")),
    ("{auth: {token: 't-1', password: 'p-1'}}", {}, asked(AuthMode.PASSWORD, "p-1")),
    ("{auth: {mode: 'token', token: 't-1', password: 'p-1'}}", {}, asked(AuthMode.TOKEN, "t-1")),
    ("{auth: {mode: 'password'}}", {}, GatewayAuth(AuthMode.PASSWORD)),
    ("{auth: {token: '${T}'}}", {"T": "f1lled"}, asked(AuthMode.TOKEN, "f1lled")),
    ("{auth: {token: 'f1le'}}", {TOKEN: "3nv"}, asked(AuthMode.TOKEN, "f1le")),
    ("{}", {TOKEN: " 3nv\n"}, asked(AuthMode.TOKEN, "3nv")),
    ("{}", {PASSWORD: "3nv"}, asked(AuthMode.PASSWORD, "3nv")),
    ("{auth: {token: 't-1'}}", {PASSWORD: "3nv"}, asked(AuthMode.PASSWORD, "3nv")),
    ("{auth: {token: 't-1', mode: 'token'}}", {PASSWORD: "3nv"}, asked(AuthMode.TOKEN, "t-1")),
    ("{auth: {token: 't-1'}}", {PASSWORD: "", TOKEN: " "}, asked(AuthMode.TOKEN, "t-1")),
    ("{}, env: {CLAWDBOT_GATEWAY_TOKEN: 'f1le'}", {TOKEN: " "}, asked(AuthMode.TOKEN, "f1le")),
    ("{}, env: {CLAWDBOT_GATEWAY_TOKEN: 'f1le'}", {TOKEN: "3nv"}, asked(AuthMode.TOKEN, "3nv")),
]


@pytest.mark.parametrize(("text", "environ", "auth"), ASKED, ids=[f"{text} {env}" for text, env, _ in ASKED])
def test_the_file_counts_before_the_environment_and_a_password_before_a_token(
    desk: Desk, text: str, environ: dict[str, str], auth: GatewayAuth
) -> None:
    assert settings(desk, text, **environ).auth == auth


def test_every_secret_is_kept_for_who_asks_otherwise(desk: Desk) -> None:
    found = settings(desk, "{auth: {token: 't-1'}}", **{PASSWORD: "p-1"})
    assert found.secrets == {AuthMode.TOKEN: Secret("t-1"), AuthMode.PASSWORD: Secret("p-1")}


def test_S7_no_secret_shows(desk: Desk) -> None:
    found = settings(desk, "{auth: {token: 'f1le'}, remote: {token: 'f1le', password: 'f1le'}}")
    assert "f1le" not in f"{found} {found!r}"


NO_SECRETS = [
    *((f"'{text}'", "is empty") for text in ("", "  ")),
    *(
        (f"'{text}'", "is a placeholder, not a secret")
        for text in ("undefined", "null", "changeme", "<token>", "$${T}")
    ),
    ("' abc'", "begins or ends with a blank"),
    (f"'{'a1' * 600}'", "is longer than 1024 characters, and no client may send that"),
]


@pytest.mark.parametrize("key", ["auth.token", "auth.password", "remote.token", "remote.password"])
@pytest.mark.parametrize(("text", "problem"), NO_SECRETS)
def test_G15_a_secret_that_is_none_is_an_error(desk: Desk, key: str, text: str, problem: str) -> None:
    """Empty, a word of a programming language, an example, a variable that nobody filled in."""
    part, name = key.split(".")
    assert desk.errors(f"{{\ngateway: {{{part}: {{{name}: {text}}}}}}}") == [f"2: gateway.{key}: {problem} {MAKE_ONE}"]


@pytest.mark.parametrize("text", ["null", "123456", "['a']"])
def test_S7_a_secret_of_another_kind_is_an_error_and_not_shown(desk: Desk, text: str) -> None:
    (error,) = desk.errors(f"{{gateway: {{auth: {{token: {text}}}}}}}")
    assert error.startswith("1: gateway.auth.token: must be a string, not ")
    assert "123456" not in error


@pytest.mark.parametrize("variable", [TOKEN, PASSWORD])
@pytest.mark.parametrize(
    ("text", "problem"), [("", "is empty"), (" \n", "is empty"), ("undefined", "is a placeholder")]
)
def test_G15_so_is_one_in_the_environment(desk: Desk, variable: str, text: str, problem: str) -> None:
    """Also an empty one: whoever passes a variable on meant to ask for something."""
    (error,) = desk.errors("{}", {variable: text})
    assert error.startswith(f"${variable} {problem}")
    assert error.endswith(", or unset it)")


def test_G15_a_variable_of_the_file_that_is_not_set_is_an_error(desk: Desk) -> None:
    (error,) = desk.errors("{gateway: {auth: {token: '${CLAWDBOT_GATEWAY_TOKEN}'}}}")
    assert error.startswith("1: gateway.auth.token: the environment variable CLAWDBOT_GATEWAY_TOKEN is not set")


# --- the port --------------------------------------------------------------------------------------------------------


def test_the_variable_counts_before_the_file(desk: Desk) -> None:
    assert settings(desk, "{port: 1000}", **{PORT: " 2000 "}).port == 2000
    assert settings(desk, "{port: 1000}", **{PORT: ""}).port == 1000
    assert settings(desk, "{}, env: {CLAWDBOT_GATEWAY_PORT: '3000'}").port == 3000


@pytest.mark.parametrize("text", ["0", "65536", "-1", "1e3", "18789x", "١٨", "1_000", "+80", "999999999999"])
def test_S8_a_port_is_plain_digits(desk: Desk, text: str) -> None:
    (error,) = desk.errors("{}", {PORT: text})
    assert error == f"${PORT} must be a whole number from 1 to 65535 (set it right, or unset it)"


def test_a_variable_of_the_file_is_complained_about_as_the_file_s(desk: Desk) -> None:
    """Where the file's own ``env`` sets it, unsetting it in the environment would not help."""
    (error,) = desk.errors("{env: {CLAWDBOT_GATEWAY_PORT: 'abc'}}")
    assert error == f" env: {PORT} must be a whole number from 1 to 65535 (set it right)"


# --- what cannot be meant --------------------------------------------------------------------------------------------

NETWORK = "(write it like 192.168.1.10 or 10.0.0.0/8, with no bits set beyond the length)"
ORIGIN = "(write it like https://panel.example.com, without a path)"
COMMAND = "(write it like system.run)"
URL = "(write it like wss://gateway.example.com:18789)"
BAD = [
    ("5", [": must be an object, not a number"]),
    ("{prot: 1}", ['.prot: there is no such key (did you mean "port"?)']),
    ("{port: '18789'}", ['.port: must be a whole number from 1 to 65535, not "18789"']),
    ("{port: 0}", [".port: must be a whole number from 1 to 65535, not 0"]),
    ("{port: true}", [".port: must be a whole number from 1 to 65535, not true"]),
    ("{bind: '0.0.0.0'}", ['.bind: "0.0.0.0" is not one of loopback, auto, lan, tailnet, custom']),
    ("{bind: null}", [".bind: null is not one of loopback, auto, lan, tailnet, custom"]),
    ("{customBindHost: 'box'}", [
        ".customBindHost: must be an IP address of this machine (write it like 192.168.1.10)"
    ]),
    ("{mode: 'locl'}", ['.mode: "locl" is not one of local, remote (did you mean "local"?)']),
    ("{auth: {mode: 'none'}}", ['.auth.mode: "none" is not one of token, password']),
    ("{auth: {tokn: 'x'}}", ['.auth.tokn: there is no such key (did you mean "token"?)']),
    ("{auth: 'token'}", [".auth: must be an object, not a string"]),
    ("{trustedProxies: '10.0.0.1'}", [".trustedProxies: must be a list, not a string"]),
    ("{trustedProxies: [1]}", [".trustedProxies[0]: must be a string, not a number"]),
    ("{trustedProxies: ['10.0.0.1/8']}", [f'.trustedProxies[0]: "10.0.0.1/8" is no IP address or network {NETWORK}']),
    ("{trustedProxies: ['proxy', '010.0.0.1']}", [
        f'.trustedProxies[0]: "proxy" is no IP address or network {NETWORK}',
        f'.trustedProxies[1]: "010.0.0.1" is no IP address or network {NETWORK}',
    ]),
    ("{trustedProxies: ['::ffff:10.0.0.1']}", [
        '.trustedProxies[0]: "::ffff:10.0.0.1" is IPv4 in disguise (write the IPv4 address)'
    ]),
    *(
        (f"{{controlUi: {{allowedOrigins: ['{text}']}}}}", [
            f'.controlUi.allowedOrigins[0]: "{text}" is no origin of a page {ORIGIN}'
        ])
        for text in ("null", "*", "https://*.x", "panel.x", "https://x/y", "https://a@x", "ws://x", "https://x:y", "")
    ),
    ("{nodes: {allowCommands: ['system.*']}}", [f'.nodes.allowCommands[0]: "system.*" is no command {COMMAND}']),
    ("{nodes: {denyCommands: ['']}}", [f'.nodes.denyCommands[0]: "" is no command {COMMAND}']),
    ("{nodes: {denyCommands: 'system.run'}}", [".nodes.denyCommands: must be a list, not a string"]),
    ("{pairing: {silentLocal: 'no'}}", ['.pairing.silentLocal: must be true or false, not "no"']),
    ("{pairing: {maxPending: 0}}", [".pairing.maxPending: must be a whole number from 1 to 10000, not 0"]),
    ("{tls: {enabled: 1}}", [".tls.enabled: must be true or false, not 1"]),
    ("{tls: {certPath: 'x'}}", [".tls.certPath: goes with gateway.tls.keyPath (name both files, or neither)"]),
    ("{tls: {keyPath: 'x'}}", [".tls.keyPath: goes with gateway.tls.certPath (name both files, or neither)"]),
    ("{tls: {certPath: ' ', keyPath: 'x'}}", [".tls.certPath: is no path of a file"]),
    ("{remote: {url: 'https://gw'}}", [f".remote.url: must be a ws or wss URL {URL}"]),
    ("{remote: {url: 'ws://a:b@gw'}}", [
        ".remote.url: holds a user name or password (leave out what stands before the @)"
    ]),
    ("{remote: {tlsFingerprint: 'abc'}}", [
        ".remote.tlsFingerprint: is no SHA-256 fingerprint: 64 hexadecimal digits, with or without colons"
        ' (the gateway prints its own when it starts)'
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "errors"), BAD, ids=[text for text, _ in BAD])
def test_what_cannot_be_meant(desk: Desk, text: str, errors: list[str]) -> None:
    assert desk.errors(f"{{gateway: {text}}}") == [f"1: gateway{error}" for error in errors]


# --- the running gateway ---------------------------------------------------------------------------------------------


def test_a_saved_change_is_seen_at_once_and_a_broken_one_is_an_error(desk: Desk) -> None:
    """What the gateway does with it is its own affair; here is the place where it finds it."""
    file = ConfigFile(desk.write("{gateway: {auth: {token: 'f1rst'}}}"), {})
    first = file.current().gateway
    desk.write("{gateway: {auth: {token: 's3cond'}, nodes: {denyCommands: ['system.run']}}}")
    changed = replace(
        first,
        auth=asked(AuthMode.TOKEN, "s3cond"),
        secrets={AuthMode.TOKEN: Secret("s3cond")},
        deny_commands=frozenset({"system.run"}),
    )
    assert file.current().gateway == changed
    desk.write("{gateway: {auth: {token: 'undefined'}}}")
    with pytest.raises(ConfigError, match=r"gateway\.auth\.token: is a placeholder"):
        file.current()
