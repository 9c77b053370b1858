"""The kinds of property that params are made of, each with its bound (threats.md G13).

What is kept in a record has the domain's bound; what only passes through is as long as its frame lets it be. Any
characters are data: ``__proto__``, NUL and bidi marks name what is unknown, and are escaped where they are shown
(threats.md G17, S7).
"""

from collections.abc import Mapping
from typing import Annotated

from clawdbot.domain import bounds
from clawdbot.domain.facts import Kind, Of
from clawdbot.domain.instants import LONGEST_MS
from clawdbot.domain.names import DeviceId, NodeId, RequestId, Scope
from clawdbot.domain.secret import Secret
from clawdbot.wire.plain import MAX_FRAME
from clawdbot.wire.schema import Flag, Hidden, ListOf, MapOf, OneOf, Text, Whole

_KEY = Text(bounds.KEY_LENGTH)
_NAME = Text(bounds.NAME_LENGTH)
_WORD = Text(bounds.WORD_LENGTH)

Id = Annotated[str, _KEY]
DeviceRef = Annotated[DeviceId, _KEY]
NodeRef = Annotated[NodeId, _KEY]
RequestRef = Annotated[RequestId, _KEY]
"""These name something that may not exist."""

Key = Annotated[str, _KEY]
"""A public key, a signature or a nonce, in whatever encoding."""

Name = Annotated[str, _NAME]
"""What people call a thing, or what a version, a platform or a command is called."""

Word = Annotated[str, _WORD]

Scopes = Annotated[tuple[Scope, ...], ListOf(_WORD, bounds.SCOPES)]
Caps = Annotated[tuple[str, ...], ListOf(_WORD, bounds.CAPS)]
Commands = Annotated[tuple[str, ...], ListOf(_NAME, bounds.COMMANDS)]
Permissions = Annotated[Mapping[str, bool], MapOf(Flag(), bounds.PERMISSIONS, bounds.WORD_LENGTH)]

Locale = Annotated[str, Text(bounds.WORD_LENGTH, min_length=0)]
Line = Annotated[str, Text(bounds.SECRET_LENGTH, min_length=0)]
SearchPath = Annotated[str, Text(bounds.PATH_LENGTH, min_length=0)]

Credential = Annotated[Secret, Hidden(Text(bounds.SECRET_LENGTH, min_length=0))]
"""A token or password as somebody presents it; may be empty."""

Token = Annotated[Secret, Hidden(_KEY)]

Code = Annotated[Secret, Hidden(_WORD)]
"""A pairing code as somebody types it."""

Label = Annotated[str, Text(bounds.NAME_LENGTH, min_length=0)]
"""What the owner calls somebody; nothing takes it away."""

Term = Annotated[int, Whole(minimum=60_000, maximum=LONGEST_MS)]
"""Milliseconds from now; not so few that nobody could act on them."""

Passage = Annotated[str, Text(MAX_FRAME)]
Payload = Annotated[str, Text(MAX_FRAME, min_length=0)]
"""JSON as a string, or what claims to be."""

Count = Annotated[int, Whole(minimum=0)]
Version = Annotated[int, Whole(minimum=1)]

EntryNumber = Annotated[int, Whole(minimum=1)]
PageSize = Annotated[int, Whole(minimum=1, maximum=200)]
About = Annotated[str, OneOf(frozenset(Of))]
Kinds = Annotated[tuple[str, ...], ListOf(OneOf(frozenset(Kind)), len(Kind))]
"""Of a page of the history: before which entry, how long, about whom, and what happened."""
