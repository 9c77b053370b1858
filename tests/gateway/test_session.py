"""What an admitted connection is, and how long its rights last."""

from dataclasses import replace

from clawdbot.domain.connect import ConnectRequest, Credentials
from clawdbot.domain.device_records import PairedDevice
from clawdbot.domain.names import Role
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token, revoke
from clawdbot.gateway.session import NOTHING, Offer, offer
from tests.support.gateways import TEST, identity
from tests.support.sessions import session


def record(of: int, role: Role = Role.OPERATOR, scopes: tuple[str, ...] = ("operator.read",)) -> PairedDevice:
    opened = session(of, *(scope.removeprefix("operator.") for scope in scopes), role=role)
    token = Token(Secret("t"), opened.scopes, created_at=1)
    about = opened.verified.about
    return PairedDevice(opened.public_key, about, role, (role,), opened.scopes, {role: token}, 1, 1)


def test_G8_a_session_is_covered_by_the_record_as_it_is_now() -> None:
    """Not if the device is gone, has another key, lost the role, or what it was approved for."""
    opened, paired = session(1, "read"), record(1)
    assert opened.is_covered_by(paired)
    assert not opened.is_covered_by(None)
    assert not opened.is_covered_by(replace(paired, public_key=identity(2).public_key))
    assert not opened.is_covered_by(replace(paired, roles=(Role.NODE,)))
    assert not opened.is_covered_by(replace(paired, scopes=()))
    dead = {Role.OPERATOR: revoke(paired.tokens[Role.OPERATOR], now=2)}
    assert not opened.is_covered_by(replace(paired, tokens=dead))


def test_G8_what_was_allowed_by_one_record_is_not_by_the_next() -> None:
    """A look at the same record again is a look at which record it is."""
    opened, paired = session(1, "read"), record(1)
    assert opened.is_covered_by(paired)
    assert opened.is_covered_by(paired)
    assert not opened.is_covered_by(replace(paired, scopes=()))
    assert not opened.is_covered_by(None)
    assert opened.is_covered_by(replace(paired, alias="renamed"))


def test_of_what_was_said_the_offer_alone_is_kept() -> None:
    said = ConnectRequest(3, 3, TEST, commands=("system.run",), path_env="/bin", auth=Credentials(token=Secret("t")))
    assert offer(said) == Offer(commands=("system.run",), path_env="/bin")
    assert offer(replace(said, commands=(), path_env=None)) is NOTHING


def test_a_session_knows_how_it_got_in() -> None:
    assert session(1).by_secret
    assert not session(1, token=True).by_secret
    assert session(1, "read").caller.scopes == ("operator.read",)
