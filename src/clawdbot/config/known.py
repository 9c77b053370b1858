"""Names of the reference's keys: a configuration may be carried over with them in it.

They are facts about the reference 2026.1.24-3, as its own ``gateway call config.schema`` prints them, less what is
served here. They are accepted and listed (:attr:`~clawdbot.config.model.Config.not_served`), and what they hold is not
looked at; any other unknown key is an error.
"""

from clawdbot.domain.names import Channel


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BOOKKEEPING = _words("$schema meta wizard")
"""Top-level keys that ask for nothing."""

SECTIONS = _words(
    "agents approvals audio auth bindings broadcast browser canvasHost commands cron diagnostics hooks"
    " logging media messages models nodeHost plugins session skills talk tools ui update web"
)

OTHER_CHANNELS = _words(
    "defaults bluebubbles googlechat line matrix mattermost msteams nextcloud-talk nostr tlon zalo zalouser"
)

_EVERY_CHANNEL = _words(
    "blockStreaming blockStreamingCoalesce capabilities chunkMode configWrites dmHistoryLimit dms groupPolicy heartbeat"
    " historyLimit markdown mediaMaxMb textChunkLimit"
)

CHANNEL_KEYS = {
    Channel.TELEGRAM: _EVERY_CHANNEL
    | _words(
        "actions commands customCommands draftChunk groupAllowFrom groups linkPreview proxy reactionLevel"
        " reactionNotifications replyToMode retry streamMode timeoutSeconds webhookPath webhookSecret webhookUrl"
    ),
    Channel.WHATSAPP: _EVERY_CHANNEL
    | _words("ackReaction actions debounceMs groupAllowFrom groups messagePrefix sendReadReceipts"),
    Channel.SIGNAL: _EVERY_CHANNEL
    | _words(
        "actions groupAllowFrom ignoreAttachments ignoreStories reactionAllowlist reactionLevel reactionNotifications"
        " receiveMode sendReadReceipts"
    ),
    Channel.IMESSAGE: _EVERY_CHANNEL | _words("groupAllowFrom groups includeAttachments remoteHost"),
    Channel.DISCORD: _EVERY_CHANNEL
    | _words("actions allowBots commands execApprovals guilds maxLinesPerMessage replyToMode retry"),
    Channel.SLACK: _EVERY_CHANNEL
    | _words(
        "actions allowBots channels commands mode reactionAllowlist reactionNotifications replyToMode"
        " replyToModeByChatType requireMention signingSecret slashCommand thread userToken userTokenReadOnly"
        " webhookPath"
    ),
}
"""What may stand in a channel's section or in one of its accounts."""

DM_KEYS = _words("groupChannels groupEnabled replyToMode")
"""What may stand in the ``dm`` object of Discord and Slack."""

GATEWAY_KEYS = {
    "gateway": _words("http reload tailscale"),
    "auth": _words("allowTailscale"),
    "controlUi": _words("allowInsecureAuth basePath"),
    "nodes": _words("browser"),
    "remote": _words("sshIdentity sshTarget transport"),
    "tls": _words("caPath"),
}
"""What may stand in ``gateway`` and in its objects."""
