"""``clawdbot pairing``: who may write to the bot.

The commands work on the state files, whether or not a gateway runs; a running one sees the change with the next
message. None of them imports a channel or a network library, but ``approve`` where the sender is to be told.
"""

import click

from clawdbot.cli.lazy_group import LazyGroup

COMMANDS = {
    "allowlist": ("pairing_lists:allowlist_command", "Show who is in, and who is blocked."),
    "approve": ("pairing_codes:approve_command", "Let in the sender whom a code belongs to."),
    "block": ("pairing_senders:block_command", "Silence for a sender."),
    "expect": ("pairing_senders:expect_command", "Announce a person."),
    "extend": ("pairing_senders:extend_command", "Extend an approval that ends."),
    "invite": ("pairing_invites:invite_command", "Make a word that lets in who writes it."),
    "invites": ("pairing_invites:invites_command", "Show the invites that are not over."),
    "label": ("pairing_senders:label_command", "Call a person something."),
    "link": ("pairing_link:link_command", "Say that two ids are one person."),
    "list": ("pairing_lists:list_command", "Show who waits for approval."),
    "reject": ("pairing_codes:reject_command", "Dismiss a request, and it alone."),
    "revoke": ("pairing_senders:revoke_command", "Take an approval back."),
    "unblock": ("pairing_senders:unblock_command", "End a block."),
    "uninvite": ("pairing_invites:uninvite_command", "Void an invite."),
    "unlink": ("pairing_link:unlink_command", "Take a link back."),
}


@click.group("pairing", cls=LazyGroup, places=COMMANDS)
def command() -> None:
    """Decide who may write to the bot.

    An unknown sender gets a code of eight characters and waits; codes expire after an hour, and at most three senders
    wait on a channel account.
    """
