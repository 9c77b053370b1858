"""The ``discovery`` section: what the gateway says about itself on the local network."""

from collections.abc import Mapping

from clawdbot.config.gateway_model import Openness
from clawdbot.config.reading import Section

VARIABLE = "CLAWDBOT_DISABLE_BONJOUR"
"""As in the reference: ``1`` is off, whatever the file says."""

_NOT_SERVED = frozenset({"wideArea"})


def read_discovery(root: Section, variables: Mapping[str, str]) -> Openness:
    """How much is said; little, where nothing is written."""
    said = None
    section = root.section("discovery")
    if section is not None:
        section.only(("mdns",), _NOT_SERVED)
        mdns = section.section("mdns")
        if mdns is not None:
            mdns.only(("mode",))
            said = mdns.choice("mode", Openness)
    if variables.get(VARIABLE, "").strip().lower() in ("1", "true", "yes", "on"):
        return Openness.OFF
    return said or Openness.MINIMAL
