"""``reply``: what a stranger is answered, on a channel or on one account of it."""

from clawdbot.config.reading import Section
from clawdbot.domain.texts import CODE_PLACE, MAX_REPLY, ReplyMode, ReplyPolicy, is_inert

KEY = "reply"


def read(layers: tuple[Section, ...]) -> ReplyPolicy:
    """The policy of an account: under each key its own word counts before the channel's."""
    mode: ReplyMode | None = None
    text: str | None = None
    for layer in layers:
        section = layer.section(KEY)
        if section is None:
            continue
        section.only(("mode", "text"))
        own_text = _text(section)
        own_mode = section.choice("mode", ReplyMode)
        if own_mode in (ReplyMode.CODE, ReplyMode.SILENT) and own_text is not None:
            section.warn("text", f'is not said while "mode" is "{own_mode}"', 'set "mode" to "full"')
        text = own_text if text is None else text
        mode = mode or own_mode
    return ReplyPolicy(mode or ReplyMode.FULL, text)


def _text(section: Section) -> str | None:
    """The owner's own words; without the code in them nobody could be approved by what he was told."""
    text = section.string("text")
    if text is None:
        return None
    if CODE_PLACE not in text:
        section.error("text", f"does not say {CODE_PLACE}", f"put {CODE_PLACE} on a line of its own: it is copied")
    elif len(text) > MAX_REPLY:
        section.error("text", f"has more than {MAX_REPLY} characters")
    elif not all(one == "\n" or is_inert(one) for one in text):
        section.error("text", "holds characters that are not shown")
    else:
        return text
    return None
