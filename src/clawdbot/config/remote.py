"""Another machine's gateway for this machine's commands: written when they are paired with it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from clawdbot.config.edit import Changes, revise
from clawdbot.config.gateway_model import GatewayMode, GatewaySettings
from clawdbot.config.load import interpret
from clawdbot.domain.fingerprints import Fingerprint


def name_remote(
    path: Path,
    url: str,
    fingerprint: Fingerprint | None,
    environ: Mapping[str, str],
    *,
    agreed: Callable[[GatewaySettings], None],
) -> None:
    """Have commands talk to a gateway from now on (``gateway.mode``, ``gateway.remote``); comments and all else stay.

    What was configured for another gateway, its secret above all, goes with that one (threats.md G15). At the same
    address with another certificate, or vouched for otherwise, there may be another one.

    Args:
        fingerprint: the one certificate that it may show; ``None`` if an authority vouches for it.
        agreed: is shown what is configured, and raises if that is to stay.

    Raises:
        ConfigError: the file is broken, or cannot be written; it is as it was.
    """

    def choose(content: bytes | None) -> Changes:
        settings = interpret(path, content, environ).gateway
        agreed(settings)
        known = settings.remote
        mode: Changes = {("gateway", "mode"): GatewayMode.REMOTE.value}
        if (known.url, known.tls_fingerprint) == (url, fingerprint):
            return mode
        remote = {"url": url, **({} if fingerprint is None else {"tlsFingerprint": fingerprint})}
        return {**mode, ("gateway", "remote"): remote}

    revise(path, choose)
