"""Devices as the reference's files have them: ``devices/paired.json`` and ``devices/pending.json``.

Ours beside are ``approvedBy`` and ``alias`` on a device and ``lastSeenAtMs`` on a request. What cannot be read counts
for nothing, and a token that cannot be read counts as one that was revoked: nothing that is broken opens anything
(threats.md S4, G8).
"""

from dataclasses import replace
from typing import Final

from clawdbot.domain.device_records import About, Device, DeviceRequest, PairedDevice
from clawdbot.domain.identity import PublicKey, read_stored_key
from clawdbot.domain.names import DeviceId, RequestId, Role, Scope
from clawdbot.domain.scopes import normal
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token
from clawdbot.store.base import DeviceKey, Key
from clawdbot.store.entries import Unusable
from clawdbot.store.fields import Fields, Record, own_id, present
from clawdbot.store.register import Kind, Waiting
from clawdbot.store.strict_json import Json, whole

DEAD: Final = Token(Secret(""), (), created_at=0, revoked_at=0)
"""What a token is read as that cannot be read: only a new approval brings its role back."""

_ROLES: Final = {role.value: role for role in Role}

Parts = tuple[PairedDevice | None, DeviceRequest | None]


class Devices(Kind[Device, PairedDevice, DeviceRequest]):
    """How devices are kept."""

    folder = "devices"

    def key(self, id: str) -> Key[Device]:
        return DeviceKey(DeviceId(id))

    def id(self, key: Key[Device]) -> str:
        if not isinstance(key, DeviceKey):
            raise TypeError(f"{type(key).__name__} names no device")
        return key.device

    def state(self, id: str, paired: PairedDevice | None, pending: DeviceRequest | None) -> Device:
        return Device(DeviceId(id), paired, pending)

    def parts(self, state: Device) -> Parts:
        return state.paired, state.pending

    def read_paired(self, id: str, fields: Fields) -> PairedDevice:
        own_id(fields, "deviceId", id)
        role = _role(fields.text("role"))
        roles = _roles(fields) if fields.has("roles") else (role,)
        known = tuple(dict.fromkeys(one for one in roles if one is not None))
        last = role or next(iter(known), None)
        if last is None:
            raise Unusable("it has no role")
        return PairedDevice(
            public_key=_public_key(fields, id),
            about=_about(fields),
            role=last,
            roles=known,
            scopes=_scopes(fields),
            tokens=_tokens(fields),
            created_at=fields.instant("createdAtMs") or 0,
            approved_at=fields.instant("approvedAtMs") or 0,
            alias=fields.text("alias"),
            approved_by=fields.text("approvedBy"),
        )

    def write_paired(self, id: str, paired: PairedDevice) -> Record:
        return present(
            {
                "deviceId": id,
                "publicKey": str(paired.public_key),
                **_told(paired.about),
                "role": paired.role.value,
                "roles": [role.value for role in paired.roles],
                "scopes": _scopes_told(paired.scopes) or None,
                "remoteIp": _whole(paired.about.remote_ip),
                "tokens": {role.value: _token(role, token) for role, token in paired.tokens.items()} or None,
                "createdAtMs": paired.created_at,
                "approvedAtMs": paired.approved_at,
                "approvedBy": _whole(paired.approved_by),
                "alias": _whole(paired.alias),
            }
        )

    def read_pending(self, id: str, fields: Fields) -> Waiting[DeviceRequest]:
        own_id(fields, "requestId", id)
        device = fields.text("deviceId")
        role = _role(fields.text("role"))
        if device is None or role is None:
            raise Unusable("it has no device, or no role")
        asked_at = fields.instant("ts") or 0
        last_seen = fields.instant("lastSeenAtMs")
        request = DeviceRequest(
            id=RequestId(id),
            public_key=_public_key(fields, device),
            about=_about(fields),
            role=role,
            scopes=_scopes(fields),
            asked_at=asked_at,
            last_seen=asked_at if last_seen is None else last_seen,
            repair=bool(fields.flag("isRepair")),
            silent=bool(fields.flag("silent")),
        )
        return Waiting(device, request)

    def write_pending(self, id: str, request: DeviceRequest) -> Record:
        return present(
            {
                "requestId": request.id,
                "deviceId": id,
                "publicKey": str(request.public_key),
                **_told(request.about),
                "role": request.role.value,
                "roles": [request.role.value],
                "scopes": _scopes_told(request.scopes),
                "remoteIp": _whole(request.about.remote_ip),
                "silent": request.silent,
                "isRepair": request.repair,
                "ts": request.asked_at,
                "lastSeenAtMs": None if request.last_seen == request.asked_at else request.last_seen,
            }
        )

    def request_id(self, request: DeviceRequest) -> str:
        return request.id

    def continues(self, old: PairedDevice, new: PairedDevice) -> bool:
        return (old.public_key, old.created_at) == (new.public_key, new.created_at)

    def is_decided(self, paired: PairedDevice | None, request: DeviceRequest) -> bool:
        """A request says whether its device was on record when it asked. If that is different now, or if the device has
        all that it asks for, then an approval or a removal was cut short, and the file of the requests not yet written.
        """
        if paired is None or not request.repair:
            return (paired is not None) is not request.repair
        here = paired.about.platform is None or paired.about.family is request.about.family
        return here and paired.public_key == request.public_key and paired.may(request.role, request.scopes)

    def is_passing(self, old: Device, new: Device) -> bool:
        """When it was last here and what it called itself then; not its platform, by which it is known (G4)."""
        return _stays(old.paired, new.paired) and _waits_on(old.pending, new.pending)


DEVICES: Final = Devices()


def _stays(old: PairedDevice | None, new: PairedDevice | None) -> bool:
    if old is None or new is None or old.about.platform != new.about.platform:
        return old is new
    if old.tokens.keys() != new.tokens.keys():
        return False
    unused = {role: replace(token, last_used_at=old.tokens[role].last_used_at) for role, token in new.tokens.items()}
    return old == replace(new, about=old.about, role=old.role, tokens=unused)


def _waits_on(old: DeviceRequest | None, new: DeviceRequest | None) -> bool:
    if old is None or new is None:
        return old is new
    return old == replace(new, last_seen=old.last_seen)


# --- reading ---------------------------------------------------------------------------------------------------------


def _public_key(fields: Fields, device: str) -> PublicKey:
    """The key must be the device's own, whatever the record says (threats.md G1)."""
    key = read_stored_key(fields.text("publicKey") or "")
    if key is None or key.device_id != device:
        raise Unusable('its "publicKey" is not the key of this device')
    return key


def _role(text: str | None) -> Role | None:
    return _ROLES.get(text or "")


def _roles(fields: Fields) -> tuple[Role | None, ...]:
    roles = tuple([_role(text) for text in fields.texts("roles") or ()])
    if None in roles:
        fields.odd.append('an unknown role in its "roles"')
    return roles


def _scopes(fields: Fields) -> tuple[Scope, ...]:
    return tuple([Scope(text) for text in fields.texts("scopes") or ()])


def _about(fields: Fields) -> About:
    return About(
        display_name=fields.text("displayName"),
        platform=fields.text("platform"),
        client_id=fields.text("clientId"),
        client_mode=fields.text("clientMode"),
        remote_ip=fields.text("remoteIp"),
    )


def _tokens(fields: Fields) -> dict[Role, Token]:
    raw = fields.raw.get("tokens")
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise Unusable('its "tokens" is no object')
    tokens: dict[Role, Token] = {}
    for name, entry in raw.items():
        role = _role(name)
        if role is None:
            fields.odd.append("a token for an unknown role")
            continue
        tokens[role] = _read_token(role, entry, fields.odd)
        if tokens[role] is DEAD:
            fields.odd.append(f"its {role} token cannot be read, and counts as revoked")
    return tokens


def _read_token(role: Role, raw: Json, odd: list[str]) -> Token:
    if not isinstance(raw, dict):
        return DEAD
    fields = Fields(raw)
    secret, of = raw.get("token"), raw.get("role")
    if not isinstance(secret, str) or not secret or whole(secret) != secret or of not in (None, role.value):
        return DEAD
    token = Token(
        secret=Secret(secret),
        scopes=normal(_scopes(fields)),
        created_at=fields.instant("createdAtMs") or 0,
        rotated_at=fields.instant("rotatedAtMs"),
        revoked_at=(fields.instant("revokedAtMs") or 0) if fields.has("revokedAtMs") else None,
        last_used_at=fields.instant("lastUsedAtMs"),
    )
    odd += [f"its {role} token: {complaint}" for complaint in fields.odd]
    return token


# --- writing ---------------------------------------------------------------------------------------------------------


def _told(about: About) -> dict[str, Json]:
    return {
        "displayName": _whole(about.display_name),
        "platform": _whole(about.platform),
        "clientId": _whole(about.client_id),
        "clientMode": _whole(about.client_mode),
    }


def _token(role: Role, token: Token) -> Record:
    return present(
        {
            "token": token.secret.reveal(),
            "role": role.value,
            "scopes": _scopes_told(token.scopes),
            "createdAtMs": token.created_at,
            "rotatedAtMs": token.rotated_at,
            "revokedAtMs": token.revoked_at,
            "lastUsedAtMs": token.last_used_at,
        }
    )


def _scopes_told(scopes: tuple[Scope, ...]) -> list[Json]:
    return [whole(scope) for scope in scopes]


def _whole(text: str | None) -> str | None:
    return None if text is None else whole(text)
