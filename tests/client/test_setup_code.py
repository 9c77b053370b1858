"""Setup codes as texts: what is put in comes out, and nothing else is a code."""

import base64
import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.client import setup_code
from clawdbot.client.address import Address
from clawdbot.client.setup_code import PREFIX, SetupCode
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError

PIN = Fingerprint("ab" * 32)
WORD = Secret(base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("="))
CODE = SetupCode(Address("wss://192.168.1.10:18789", PIN), WORD)


def addresses() -> st.SearchStrategy[Address]:
    names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20).map(lambda name: f"gw-{name}")
    hosts = st.one_of(
        names,
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map(lambda one: f"[{one}]"),
        st.just("[fe80::7%eth0]"),
    )
    hosts = hosts.filter(lambda host: host not in ("0.0.0.0", "[::]"))
    pins = st.none() | st.binary(min_size=32, max_size=32).map(lambda raw: Fingerprint(raw.hex()))
    return st.builds(lambda host, port, pin: Address(f"wss://{host}:{port}", pin), hosts, st.integers(1, 65535), pins)


def words() -> st.SearchStrategy[Secret]:
    raw = st.binary(min_size=32, max_size=32)
    return raw.map(lambda word: Secret(base64.urlsafe_b64encode(word).decode().rstrip("=")))


SCOPES = st.lists(st.text(string.ascii_letters + "._:-", min_size=1, max_size=20).map(Scope), max_size=4).map(tuple)
CODES = st.builds(SetupCode, addresses(), words(), st.sampled_from(Role), SCOPES)


def signed(body: bytes) -> str:
    """A code with any body, whose check is right."""
    letters = base64.b32encode(hashlib.sha256(body).digest()[:4] + body).decode().rstrip("=")
    return PREFIX + letters


@given(CODES)
def test_what_is_put_in_comes_out(code: SetupCode) -> None:
    assert setup_code.read(code.text()) == code


@given(CODES, st.data())
def test_copying_does_no_harm(code: SetupCode, data: st.DataObject) -> None:
    """Lower case, line breaks and blanks at any place."""
    text = code.text()
    cut = data.draw(st.integers(0, len(text)))
    assert setup_code.read(f"\n {text[:cut].lower()}\r\n  {text[cut:]}\t") == code


def test_it_is_for_shells_and_for_small_qr_codes() -> None:
    """Nothing to quote, nothing but what QR codes have five bits and a half for, and no wider than a terminal."""
    import segno

    text = CODE.text()
    assert set(text) <= set(string.ascii_uppercase + string.digits + "-")
    qr = segno.make(text, error="l")
    assert qr.mode == "alphanumeric"
    assert qr.symbol_size()[0] <= 50


def test_S7_nothing_that_prints_a_code_prints_its_word() -> None:
    assert WORD.reveal() not in repr(CODE) + str(CODE)


@given(st.text())
def test_junk_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        setup_code.read(text)


@given(st.binary(max_size=200))
def test_junk_behind_a_good_beginning_is_a_usage_error(body: bytes) -> None:
    """Also if its check is right."""
    with pytest.raises(UsageError):
        setup_code.read(PREFIX + base64.b32encode(body).decode())
    with pytest.raises(UsageError):
        setup_code.read(signed(body))


@given(st.data())
def test_a_letter_that_is_wrong_or_missing_is_found(data: st.DataObject) -> None:
    """So that a slip does not count as a wrong try at the gateway."""
    text = CODE.text()
    at = data.draw(st.integers(len(PREFIX), len(text) - 1))
    other = data.draw(st.sampled_from(string.ascii_uppercase + "234567").filter(lambda letter: letter != text[at]))
    for spoiled in (text[:at] + other + text[at + 1 :], text[:at] + text[at + 1 :], text[:at]):
        with pytest.raises(UsageError, match="that is no setup code"):
            setup_code.read(spoiled)


@pytest.mark.parametrize("text", ["", "-", "K7QMRX2D", PREFIX, "A" * 5_000, CODE.text() + "ſ", "\ud800"])
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(UsageError, match="that is no setup code") as refused:
        setup_code.read(text)
    assert "clawdbot qr" in refused.value.hint


def test_a_code_of_another_version() -> None:
    with pytest.raises(UsageError, match="of another version"):
        setup_code.read("clawdbot2-ABC")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("node ws://192.168.1.10:18789", "nobody is paired over ws://"),
        ("node ws://gw.example", "nobody is paired over ws://"),
        ("node wss://me:secret@gw.example", "no user, password, query or fragment"),
        ("node wss://gw.example/?x=1", "no user, password, query or fragment"),
        ("node wss://gw.example/path", "without a path"),
        ("node wss://0.0.0.0:1", "no address that anybody can connect to"),
        ("node wss://[::]:1", "no address that anybody can connect to"),
        ("node http://gw.example", "no gateway URL"),
        ("operator wss://${CLAWDBOT_GATEWAY_TOKEN}.example", "no gateway URL"),
        ("owner wss://gw.example", "no setup code"),
        ("node", "no setup code"),
        ("operator wss://gw.example operator.read|admin", "no setup code"),
        ("operator wss://gw.example  ", "no setup code"),
    ],
)
def test_G18_a_code_leads_nowhere_unsafe(said: str, why: str) -> None:
    """Whoever made it; a secret in it is not repeated."""
    with pytest.raises(UsageError, match=why) as refused:
        setup_code.read(signed(b"\0" + bytes(32) + said.encode()))
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "ws://localhost:1", "ws://[::1]:1", "wss://gw", "wss://gw:1/"])
def test_where_a_code_may_lead(url: str) -> None:
    """In the clear on its own machine alone."""
    assert setup_code.route(url).url == url.rstrip("/")


def test_a_pin_is_of_a_certificate() -> None:
    assert setup_code.route("wss://gw", "AB:" * 31 + "AB") == Address("wss://gw", PIN)
    with pytest.raises(UsageError, match="which only wss:// has"):
        setup_code.route("ws://127.0.0.1:1", PIN)


@pytest.mark.parametrize("word", ["", "short", "ü" * 43, WORD.reveal()[:-1] + "9", WORD.reveal() + "="])
def test_a_word_is_one_of_a_gateway(word: str) -> None:
    with pytest.raises(ValueError, match=r"no word of a gateway|padding|encode"):
        SetupCode(Address("wss://gw"), Secret(word))


def test_a_scope_is_spelled_like_one() -> None:
    with pytest.raises(ValueError, match="no scope"):
        SetupCode(Address("wss://gw"), WORD, Role.OPERATOR, (Scope("a b"),))
