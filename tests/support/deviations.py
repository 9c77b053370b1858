"""Where a recorded scene comes out otherwise here, and why: nothing else may (``docs/protocol.md#stricter``)."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Turn = Callable[[Any], Any]
"""From what was recorded, names put in, to what comes here."""


class Stricter(StrEnum):
    """The reasons; each is a line of the table in ``docs/protocol.md#stricter``."""

    NO_SCOPES_BY_DEFAULT = "no scopes by default"
    NONCE_ALWAYS = "nonce always"
    NO_CONNECTION_WITHOUT_IDENTITY = "no connection without a device identity"
    TWO_MINUTES = "signed within two minutes"
    COVERED_SCOPES = "admin and write cover other scopes"
    NO_SILENT_ADMIN = "no silent upgrade to admin"
    TOKEN_TO_ITS_OWNER = "tokens only to their owner"
    REVOKED_IS_OUT = "revoked is out"
    ROLES_AS_APPROVED = "no token for a role that is not approved"
    BOTH_FAMILIES = "both families of client ids"
    LOCAL_BY_HOST = "local needs a local Host"
    NO_INSECURE_PAGES = "no insecure control UI"


@dataclass(frozen=True)
class Deviation:
    """One step that comes out otherwise."""

    why: Stricter
    turn: Turn


@dataclass(frozen=True)
class Deviations:
    """What is otherwise in one scene.

    Attributes:
        steps: by the names of :class:`tests.support.replay.Difference`.
        skipped: steps that cannot be taken, because something before was refused or not told.
        never: events that do not come (:attr:`tests.support.replay.Replay.never`).
    """

    steps: Mapping[str, Deviation] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()


def refused(message: str, code: str = "INVALID_REQUEST", **details: str) -> Turn:
    """A refusal in the place of whatever was recorded."""

    def turn(recorded: Any) -> Any:
        error = {"code": code, "message": message} | ({"details": details} if details else {})
        return {"type": "res", "id": recorded["id"], "ok": False, "error": error}

    return turn


def changed(**places: Any) -> Turn:
    """Other values: ``payload__auth__scopes=[]``; ``None`` takes a property out."""

    def turn(recorded: Any) -> Any:
        here = copy.deepcopy(recorded)
        for place, value in places.items():
            *path, last = place.split("__")
            target = here
            for part in path:
                target = target[int(part)] if isinstance(target, list) else target[part]
            if value is None:
                del target[last]
            else:
                target[last] = value
        return here

    return turn


def instead(value: Any) -> Turn:
    """Something else altogether."""
    return lambda _: value


PAIRING_REQUIRED = refused("pairing required", "NOT_PAIRED", requestId="<uuid>")
IDENTITY_REQUIRED = refused("device identity required", "NOT_PAIRED")
NO_SCOPES = Deviation(Stricter.NO_SCOPES_BY_DEFAULT, changed(payload__auth__scopes=[]))
MAY_NOT_LIST = Deviation(Stricter.NO_SCOPES_BY_DEFAULT, refused("missing scope: operator.pairing"))
NOT_SECURE = "control ui requires HTTPS or localhost (secure context)"
NO_IDENTITY = Deviation(Stricter.NO_CONNECTION_WITHOUT_IDENTITY, IDENTITY_REQUIRED)
CLOSED_WITHOUT_IDENTITY = Deviation(
    Stricter.NO_CONNECTION_WITHOUT_IDENTITY, instead([1008, "device identity required"])
)
EXPIRED = Deviation(Stricter.TWO_MINUTES, refused("device signature expired"))
ONLY_WRITE = Deviation(Stricter.COVERED_SCOPES, changed(payload__auth__scopes=["operator.write"]))


def _one(step: str, why: Stricter, turn: Turn) -> Deviations:
    return Deviations({step: Deviation(why, turn)})


DEVIATIONS: Mapping[str, Deviations] = {
    "01-local-auto-approve-operator": Deviations(
        {"A.c1": NO_SCOPES, "A.r1": MAY_NOT_LIST, "B.c1": NO_SCOPES, "B.r2": MAY_NOT_LIST}
    ),
    "02-local-v1-signature-no-nonce": _one("A.c1", Stricter.NONCE_ALWAYS, refused("device nonce required")),
    "03-token-only-no-device": Deviations({"A.c1": NO_IDENTITY, "R.c1": NO_IDENTITY}, skipped=("A.r1", "R.r2")),
    "08-scope-upgrade": Deviations({"A5.c1": ONLY_WRITE, "A6.c1": ONLY_WRITE}),
    "09-local-silent-upgrade": Deviations(
        {
            "A2.c1": Deviation(Stricter.NO_SILENT_ADMIN, PAIRING_REQUIRED),
            "A3.c1": Deviation(Stricter.NO_SILENT_ADMIN, refused("pairing required", "NOT_PAIRED")),
            "admin hears": Deviation(
                Stricter.NO_SILENT_ADMIN, instead(["device.pair.resolved", "device.pair.requested"])
            ),
        },
        never=frozenset({"admin device.pair.resolved 2", "admin device.pair.resolved 3"}),
    ),
    "21-public-key-encodings": Deviations({"A.c1": NO_SCOPES, "B.c1": NO_SCOPES, "C.c1": NO_SCOPES}),
    "21-skew-inside-window": Deviations({"A.c1": EXPIRED, "B.c1": EXPIRED}),
    "30-wrong-token-no-device": Deviations({"A.c1": NO_IDENTITY, "A closed": CLOSED_WITHOUT_IDENTITY}),
    "32-rotated-and-revoked-token": Deviations(
        {
            "admin.r2": Deviation(Stricter.TOKEN_TO_ITS_OWNER, changed(payload__token=None)),
            "admin.r4": Deviation(Stricter.TOKEN_TO_ITS_OWNER, changed(payload__nodes=[])),
            "admin.r5": Deviation(
                Stricter.TOKEN_TO_ITS_OWNER, changed(payload__paired__0__tokens__0__lastUsedAtMs=None)
            ),
            "N6.c1": Deviation(Stricter.REVOKED_IS_OUT, PAIRING_REQUIRED),
            "admin.r9": Deviation(Stricter.ROLES_AS_APPROVED, refused("unknown deviceId/role")),
            "admin hears": Deviation(
                Stricter.REVOKED_IS_OUT,
                instead(["device.pair.requested", "device.pair.resolved", "device.pair.requested"]),
            ),
        },
        skipped=("N4.c1", "N5.c1"),
    ),
    "40-protocol-range-covers": Deviations({"A.c1": NO_SCOPES}),
    "41-invalid-params-client-id-moltbot": Deviations(
        {
            "A.c1": Deviation(Stricter.BOTH_FAMILIES, refused(NOT_SECURE)),
            "A closed": Deviation(Stricter.BOTH_FAMILIES, instead([1008, NOT_SECURE])),
        }
    ),
    "60-node-pair-legacy": Deviations(
        {
            "admin.q4": Deviation(Stricter.TOKEN_TO_ITS_OWNER, changed(payload__node__token=None)),
            "admin.q14": Deviation(Stricter.TOKEN_TO_ITS_OWNER, changed(payload__paired__0__token=None)),
            "admin.q24": Deviation(Stricter.TOKEN_TO_ITS_OWNER, changed(payload__node__token=None)),
        },
        skipped=("admin.q5",),
    ),
    "72-node-without-device": Deviations(
        {
            "N.c1": NO_IDENTITY,
            "admin.i0": Deviation(Stricter.NO_CONNECTION_WITHOUT_IDENTITY, refused("unknown nodeId")),
        },
        skipped=("N.n1",),
    ),
    "80-foreign-host-header-loopback": _one("A.c1", Stricter.LOCAL_BY_HOST, PAIRING_REQUIRED),
    "80-localhost-host-header": Deviations({"A.c1": NO_SCOPES}),
    "90-password-ok": Deviations({"A.c1": NO_SCOPES, "B.c1": NO_SCOPES}),
    "91-ui-insecure-allowed": Deviations(
        {
            "A.c1": Deviation(Stricter.NO_INSECURE_PAGES, refused(NOT_SECURE)),
            "B.c1": Deviation(Stricter.NO_INSECURE_PAGES, PAIRING_REQUIRED),
        }
    ),
    "92-auth-none": Deviations({"A.c1": NO_SCOPES, "C.c1": NO_IDENTITY}),
}
