"""Devices and this machine's own identity, out of OpenClaw's tables into the reference's files (threats.md G4, G7).

Every record is read as one of our own files would be and spelled anew: nothing comes in that was not understood. What
OpenClaw would not let in is not let in here either: a role without a token of its own, for one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from clawdbot.backup.snapshot import Files
from clawdbot.backup.sqlite_source import Tables, Value
from clawdbot.backup.successor_rows import Notes, Row, Shape, shape
from clawdbot.domain.device_records import PairedDevice
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import DeviceId, Role
from clawdbot.store.device_rows import DEVICES
from clawdbot.store.entries import Unusable
from clawdbot.store.fields import Fields, Record, present
from clawdbot.store.strict_json import Json, dumps

PAIRED: Final = "device_pairing_paired"
PENDING: Final = "device_pairing_pending"
IDENTITIES: Final = "device_identities"
TOKENS: Final = "device_auth_tokens"

_TOLD: Final = "display_name platform device_family client_id client_mode browser_origin remote_ip"
SHAPES: Final[Mapping[str, Shape]] = {
    PAIRED: shape(
        "device_id public_key role roles_json scopes_json approved_scopes_json tokens_json created_at_ms",
        f"{_TOLD} operator_label approved_via node_surface_json pending_node_surface_json approved_at_ms "
        "last_seen_at_ms last_seen_reason",
    ),
    PENDING: shape(
        "request_id device_id public_key role scopes_json ts", f"{_TOLD} roles_json silent is_repair refreshed_at_ms"
    ),
    IDENTITIES: shape("identity_key device_id private_key_pem created_at_ms", "public_key_pem updated_at_ms"),
    TOKENS: shape("device_id role token scopes_json updated_at_ms"),
}

MINE: Final = "primary"
"""Under which key a machine's own identity is kept."""

_ROLES: Final = frozenset(role.value for role in Role)
_TOKEN: Final = frozenset(("token", "role", "scopes", "createdAtMs", "rotatedAtMs", "revokedAtMs", "lastUsedAtMs"))
_KINDS: Final = frozenset((None, "owner", "silent", "trusted-cidr", "trusted-proxy", "ssh-verified", "bootstrap"))
"""How an approval came about that lasts until it is taken back."""
_PAGES: Final = frozenset({"openclaw-control-ui", "webchat-ui"})


def files(tables: Tables, notes: Notes) -> Files:
    """The files that can be made of the tables; none of what they are silent about."""
    found: dict[str, Record] = {
        "devices/paired.json": _paired(tables, notes),
        "devices/pending.json": _pending(tables, notes),
        **_identity(tables, notes),
    }
    return {name: dumps(document) for name, document in found.items() if document}


def _paired(tables: Tables, notes: Notes) -> Record:
    records: Record = {}
    for called, values in _rows(tables, PAIRED, "device_id"):
        with notes.about(called):
            row = Row(values, SHAPES[PAIRED])
            id = row.text("device_id")
            if row.text_or_none("approved_via") not in _KINDS:
                raise Unusable("how it was approved is not known here")
            raw = present(
                {
                    **_told(row),
                    "roles": row.json("roles_json"),
                    "scopes": _approved(row),
                    "tokens": _tokens(row, called, notes),
                    "createdAtMs": row.number("created_at_ms"),
                    "approvedAtMs": row.number("approved_at_ms"),
                    "alias": row.text_or_none("operator_label"),
                }
            )
            with _read(raw, called, notes) as fields:
                records[id] = DEVICES.write_paired(id, _with_tokens(DEVICES.read_paired(id, fields)))
            if row.text_or_none("node_surface_json") or row.text_or_none("pending_node_surface_json"):
                notes.count(
                    f"{PAIRED} node_surface_json", "what nodes may be asked is up to gateway.nodes; see docs/config.md"
                )
    return records


def _pending(tables: Tables, notes: Notes) -> Record:
    records: Record = {}
    for called, values in _rows(tables, PENDING, "request_id"):
        with notes.about(called):
            row = Row(values, SHAPES[PENDING])
            id = row.text("request_id")
            raw = present(
                {
                    "requestId": id,
                    **_told(row),
                    "scopes": row.json("scopes_json"),
                    "silent": bool(row.number("silent")),
                    "isRepair": bool(row.number("is_repair")),
                    "ts": row.number("ts"),
                    "lastSeenAtMs": row.number("refreshed_at_ms"),
                }
            )
            with _read(raw, called, notes) as fields:
                waiting = DEVICES.read_pending(id, fields)
                records[id] = DEVICES.write_pending(waiting.id, waiting.request)
    return records


def _approved(row: Row) -> Json:
    """What a device was approved for; databases of earlier releases say it in another column alone."""
    approved = row.json("approved_scopes_json")
    return row.json("scopes_json") if approved is None else approved


def _told(row: Row) -> Record:
    client = row.text_or_none("client_id")
    mode = row.text_or_none("client_mode")
    if row.text_or_none("browser_origin") or mode == "webchat" or client in _PAGES:
        raise Unusable("a page in a browser, which is another one here; it pairs anew")
    return {
        "deviceId": row.text("device_id"),
        "publicKey": row.text("public_key"),
        "displayName": row.text_or_none("display_name"),
        "platform": row.text_or_none("platform"),
        "clientId": client,
        "clientMode": mode,
        "role": row.text_or_none("role"),
        "remoteIp": row.text_or_none("remote_ip"),
    }


def _tokens(row: Row, called: str, notes: Notes) -> Json:
    """The tokens of a device, without those that would be good for more here: of a node of which nobody approved what
    it may be asked, and those that say something about themselves that is not known here, as what they are bound to.
    """
    tokens = row.json("tokens_json")
    if not isinstance(tokens, dict):
        return tokens
    barred = {
        role: "what it says about it is not known here"
        for role, token in tokens.items()
        if isinstance(token, dict) and token.keys() - _TOKEN
    }
    if Role.NODE in tokens and row.has("node_surface_json") and not isinstance(row.json("node_surface_json"), dict):
        barred[Role.NODE] = "nobody approved there what it may be asked"
    for role, why in barred.items():
        notes.add(f"{called} {role} token", f"{why}; it pairs anew for that role")
    return {role: token for role, token in tokens.items() if role not in barred}


def _with_tokens(paired: PairedDevice) -> PairedDevice:
    """A device in the roles that it has a token for: without one, OpenClaw has it pair anew."""
    roles = tuple([role for role in paired.roles if role in paired.tokens])
    if not roles:
        raise Unusable("it has no token; it pairs anew")
    return replace(paired, roles=roles, role=paired.role if paired.role in roles else roles[0])


# --- this machine itself ---------------------------------------------------------------------------------------------


def _identity(tables: Tables, notes: Notes) -> Mapping[str, Record]:
    for called, values in _rows(tables, IDENTITIES, "identity_key"):
        with notes.about(called):
            row = Row(values, SHAPES[IDENTITIES])
            if row.text("identity_key") != MINE:
                raise Unusable("not the identity of this machine")
            identity = DeviceIdentity.from_pem(row.text("private_key_pem"))
            if identity.device_id != row.text("device_id"):
                raise Unusable("its key is not the key of this device")
            document: Record = {
                "version": 1,
                "deviceId": identity.device_id,
                "publicKeyPem": identity.public_key.pem,
                "privateKeyPem": identity.private_pem(),
                "createdAtMs": row.number("created_at_ms"),
            }
            own = _own_tokens(tables, identity.device_id, notes)
            return {"identity/device.json": document, "identity/device-auth.json": own}
    return {}


def _own_tokens(tables: Tables, device: DeviceId, notes: Notes) -> Record:
    """What gateways gave this machine."""
    tokens: Record = {}
    for called, values in _rows(tables, TOKENS, "role"):
        with notes.about(called):
            row = Row(values, SHAPES[TOKENS])
            if row.text("device_id") != device:
                raise Unusable("a token of another device")
            role = row.text("role")
            if role not in _ROLES:
                raise Unusable("there is no such role")
            scopes = row.json("scopes_json")
            if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
                raise Unusable('its "scopes_json" is no list of texts')
            tokens[role] = {
                "token": row.text("token"),
                "role": role,
                "scopes": scopes,
                "updatedAtMs": row.number("updated_at_ms"),
            }
    return {"version": 1, "deviceId": device, "tokens": tokens} if tokens else {}


def _rows(tables: Tables, name: str, key: str) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """The rows of a table, and what to call each."""
    for values in tables[name].rows if name in tables else ():
        yield f"{name} {values[key]!s:.64}", values


@contextmanager
def _read(raw: Record, called: str, notes: Notes) -> Iterator[Fields]:
    """Read a record as one of our files is read, and note what of it makes no sense."""
    fields = Fields(raw)
    yield fields
    if fields.odd:
        notes.add(f"{called}, in part", "; ".join(fields.odd))
