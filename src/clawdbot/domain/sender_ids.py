"""How owners and files spell a sender's id, and the one exact string that the gate compares (threats.md D6).

    channel    canonical             also read (any case, spaces around)
    telegram   123456789             telegram:  tg:
    discord    123456789             discord:  user:  <@…>  <@!…>
    slack      U012AB3CD, W012AB3CD  slack:  user:  <@…>  <@…|name>  lower case
    signal     +15550001111          signal:  spaces, brackets and dashes  no +
               uuid:8f1c0c6e-…-…-…-… signal:  no uuid:  no hyphens  upper case
    whatsapp   +15550001111          whatsapp:  spaces, brackets and dashes  no +  …@s.whatsapp.net
               lid:123456789         whatsapp:  …@lid
    imessage   +15550001111          imessage:  sms:  auto:  tel:  spaces, brackets and dashes
               262966                a short code: at most six digits without a +
               user@example.com      imessage:  sms:  auto:  mailto:  upper case

What can pass to somebody else (names, usernames, tags) and what names a conversation (groups, chats) is refused with
advice; so is whatever could be read in two ways. An id is text from end to end: no number, no Unicode digit and no
leading zero ever becomes one.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from clawdbot.domain.names import Channel, SenderId

MAX_LENGTH = 256
"""No platform's id comes near; longer text is not looked at."""

Reader = Callable[[str], str | None]


def normalise(channel: Channel, text: str) -> SenderId:
    """Read a sender's id as an owner types it or as a file holds it.

    Its own answers read as themselves. The message of the error never repeats the text, which may come from anywhere.

    Raises:
        ValueError: this is not the id of one person on that channel; the message says why and what to write instead.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError("too long for a sender id")
    spelled = text.strip()
    if any(unicodedata.category(char).startswith("C") for char in spelled):
        raise ValueError("invisible characters in it; type it by hand")
    spelling = _SPELLINGS[channel]
    bare = spelling.prefix.sub("", spelled, count=1)
    if not bare:
        raise ValueError("empty")
    if bare == "*":
        raise ValueError('"*" names nobody; to let everybody in, put it in the configured allowlist')
    for read in spelling.readers:
        sender = read(bare)
        if sender is not None:
            return SenderId(sender)
    raise ValueError(next((why for pattern, why in spelling.refusals if pattern.fullmatch(bare)), spelling.advice))


# --- readers: one form of id each, and None for whatever is not that form --------------------------------------------

_PHONE = re.compile(r"\(?\+?[0-9](?:[\s()\u2010-\u2015-]*[0-9])*")
_JID = re.compile(r"([1-9][0-9]{0,14})(?::[0-9]{1,5})?@(?:s\.whatsapp\.net|hosted)", re.I | re.A)
_LID = re.compile(r"lid:([1-9][0-9]{0,19})|([1-9][0-9]{0,19})(?::[0-9]{1,5})?@(?:hosted\.)?lid", re.I | re.A)
_UUID = re.compile(
    r"(?:uuid:\s*)?([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})", re.I | re.A
)
_NIL_UUID = "uuid:00000000-0000-0000-0000-000000000000"
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MEMBER = re.compile(r"[UW][A-Z0-9]+|[uw](?=[a-z]*[0-9])[a-z0-9]+", re.A)
_MENTION = re.compile(r"<@!?([^|>]+)(?:\|[^>]*)?>")
_SHORT_CODE_DIGITS = 6
_E164_DIGITS = 15


def _digits(limit: int) -> Reader:
    """A positive decimal number up to ``limit``, in its one spelling."""

    def read(text: str) -> str | None:
        return text if re.fullmatch(r"[1-9][0-9]{0,19}", text) and int(text) <= limit else None

    return read


def _mentioned(read: Reader) -> Reader:
    """What ``read`` reads, as it is or in a mention: ``<@123>``, ``<@!123>``, ``<@U123|name>``."""

    def unwrap(text: str) -> str | None:
        mention = _MENTION.fullmatch(text)
        return read(mention[1] if mention else text)

    return unwrap


def _member(text: str) -> str | None:
    """A Slack member id. Lower-case letters alone are read as a name: ``ursula`` is not ``URSULA``."""
    return text.upper() if _MEMBER.fullmatch(text) else None


def _phone(text: str) -> str | None:
    """An international number. No dots are read in it: a number that passed through a float ends in ``.0``."""
    digits = re.sub(r"[^0-9]", "", text)
    if not _PHONE.fullmatch(text) or digits.startswith("0") or len(digits) > _E164_DIGITS:
        return None
    return f"+{digits}"


def _short_code(text: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", text)
    return digits if _PHONE.fullmatch(text) and "+" not in text and len(digits) <= _SHORT_CODE_DIGITS else None


def _email(text: str) -> str | None:
    return text.lower() if _EMAIL.fullmatch(text) else None


def _uuid(text: str) -> str | None:
    """A Signal account. The nil one is Signal's word for "unknown", which is nobody."""
    match = _UUID.fullmatch(text)
    account = "uuid:" + "-".join(match.group(1, 3, 4, 5, 6)).lower() if match else _NIL_UUID
    return None if account == _NIL_UUID else account


def _jid(text: str) -> str | None:
    match = _JID.fullmatch(text)
    return f"+{match[1]}" if match else None


def _lid(text: str) -> str | None:
    match = _LID.fullmatch(text)
    return f"lid:{match[1] or match[2]}" if match else None


# --- what each channel reads, and why it refuses the rest ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Spelling:
    prefix: re.Pattern[str]
    readers: tuple[Reader, ...]
    refusals: tuple[tuple[re.Pattern[str], str], ...]
    advice: str


def _spelling(prefixes: str, *readers: Reader, advice: str, **refusals: str) -> _Spelling:
    """Prefixes parted by ``|``; each refusal is the name of a pattern below and the reason given to what matches it."""
    return _Spelling(
        prefix=re.compile(rf"^(?:(?:{prefixes})\s*:\s*)+", re.I | re.A),
        readers=readers,
        refusals=tuple((_REFUSED[kind], why) for kind, why in refusals.items()),
        advice=advice,
    )


_REFUSED = {
    "negative": re.compile(r"-[0-9]+"),
    "number": re.compile(r"[0-9].*"),
    "conversation": re.compile(
        r"chat(?:_?id|_?guid|_?ident(?:ifier)?)?:.*|guid:.*"
        r"|.*@(?:g\.us|broadcast|status|newsletter)|group[.:].*|<#.*>|<@&.*>",
        re.I | re.A,
    ),
    "slack_conversation": re.compile(r"[CDG](?=[A-Z]*[0-9])[A-Z0-9]+"),
}
_PHONE_ADVICE = "write the number with + and the country code, as in +15550001111"
_NOT_PEOPLE = "ids of chats and groups name no person; "

_SPELLINGS = {
    Channel.TELEGRAM: _spelling(
        "telegram|tg",
        _digits(2**63 - 1),
        negative=_NOT_PEOPLE + "use the numeric id of the person, which is positive",
        number="not the numeric id as telegram gives it: digits alone, without a leading zero",
        advice="usernames can change hands; use the numeric id",
    ),
    Channel.DISCORD: _spelling(
        "discord|user",
        _mentioned(_digits(2**64 - 1)),
        conversation=_NOT_PEOPLE + "use the numeric user id",
        number="not the numeric user id as discord gives it: digits alone, without a leading zero",
        advice="usernames and tags can change hands; use the numeric user id",
    ),
    Channel.SLACK: _spelling(
        "slack|user",
        _mentioned(_member),
        slack_conversation=_NOT_PEOPLE + "use the member id, which begins with U or W",
        advice="names and e-mail addresses can change hands; use the member id, which begins with U or W",
    ),
    Channel.SIGNAL: _spelling(
        "signal",
        _uuid,
        _phone,
        conversation=_NOT_PEOPLE + _PHONE_ADVICE,
        advice=f"neither a uuid nor an international number; {_PHONE_ADVICE}",
    ),
    Channel.WHATSAPP: _spelling(
        "whatsapp",
        _jid,
        _lid,
        _phone,
        conversation=_NOT_PEOPLE + _PHONE_ADVICE,
        advice=f"not an international number; {_PHONE_ADVICE}",
    ),
    Channel.IMESSAGE: _spelling(
        "imessage|sms|auto|tel|mailto",
        _short_code,
        _phone,
        _email,
        conversation=_NOT_PEOPLE + "use the person's number or e-mail address",
        advice="anybody can send under a name; use a number with + and the country code, or an e-mail address",
    ),
}
