"""Slack's markup in message texts: read as a person sees it, and written so that nothing in it is markup.

Slack escapes three characters and puts what means something between angle brackets
(https://docs.slack.dev/messaging/formatting-message-text). Pure.
"""

import re

from clawdbot.channels.text import well_formed

_LINK = re.compile(r"<((?:https?|mailto|tel):[^<>|]*)(?:\|([^<>]*))?>")
_MENTION = re.compile(r"<([@#!])([^<>|]+)(?:\|([^<>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))


def plain(text: str) -> str:
    """A text as its author typed it: links bare, mentions by name or id, and ``&lt;`` read once."""
    bare = _MENTION.sub(_mentioned, _LINK.sub(_linked, well_formed(text)))
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], bare)


def escaped(text: str) -> str:
    """A text that Slack shows as it is: ``<!channel>`` in it calls nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linked(match: re.Match[str]) -> str:
    """``<https://a.b|a.b>`` is what Slack makes of ``a.b``; other words for a link keep it beside them."""
    link, words = match[1], match[2]
    if not words or link.endswith(words):
        return words or link
    return f"{words} ({link})"


def _mentioned(match: re.Match[str]) -> str:
    """``<@U1|bob>``, ``<#C1|tea>``, and ``<!here>``, whose label is what is shown."""
    sign, name, label = match[1], match[2], match[3]
    if sign == "!":
        return label or f"@{name}"
    return sign + (label or name).removeprefix(sign)
