"""Why aiohttp did not get through, in words that may be shown (threats.md S7)."""

import aiohttp


def told(error: BaseException) -> str:
    """The error's kind; and what it says, if that is which host was not reached and why.

    The words of others may hold a URL, with the password of a proxy or a token in it.
    """
    kind = type(error).__name__
    return f"{kind} ({error})" if isinstance(error, aiohttp.ClientConnectorError) else kind
