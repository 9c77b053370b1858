"""``clawdbot devices pair``: this machine becomes an operator of another machine's gateway, by a setup code."""

import asyncio
import os

import click

from clawdbot.cli import context, pasted_code
from clawdbot.cli.output import as_json, say
from clawdbot.client import address as addresses
from clawdbot.client.address import Address
from clawdbot.client.connector import Connector
from clawdbot.client.hello import Grant
from clawdbot.client.identity_file import load_or_create
from clawdbot.client.introduction import Introduction, program
from clawdbot.client.refusals import code_not_taken
from clawdbot.client.setup_code import SetupCode
from clawdbot.client.token_file import TokenFile
from clawdbot.config import GatewaySettings
from clawdbot.config.gateway_model import GatewayMode
from clawdbot.config.remote import name_remote
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Role
from clawdbot.domain.scopes import PAIRING, covers
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError, ConnectRefused, InvalidFrame, PairingRequired, Refused, UsageError

APART = 'to have both: "clawdbot --profile NAME devices pair -"; to give that one up here: --force'


@click.command("pair")
@click.argument("code", metavar="CODE|-")
@click.option("--force", is_flag=True, help="Also where commands on this machine are for another gateway.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def pair_command(code: str, force: bool, json_: bool) -> None:
    """Make this machine an operator of a gateway, by a setup code.

    The code comes from "clawdbot qr --role operator --scope …" on the gateway's machine. From then on commands here
    talk to that gateway (gateway.mode and gateway.remote in the configuration), by a device token of their own. With
    "-" the code is taken from $CLAWDBOT_SETUP_CODE, or asked for.
    """
    said = pasted_code.read(code)
    if said.role is not Role.OPERATOR:
        raise UsageError(
            "that setup code is for a node, not for an operator", hint='on this machine: "clawdbot node run --pair -"'
        )
    paths = context.paths()
    identity = load_or_create(paths.state_dir, now=context.now())
    tokens = TokenFile(paths.state_dir, identity.device_id)

    def agreed(settings: GatewaySettings) -> None:
        if not force:
            _stay_with(settings, said.address, tokens)

    agreed(context.config().gateway)
    grant = asyncio.run(_redeem(said, identity))
    try:
        name_remote(paths.config_path, said.address.url, said.address.fingerprint, os.environ, agreed=agreed)
    except ConfigError as error:
        raise ConfigError(
            f"the gateway let this machine in, but that could not be noted: {error.message}",
            hint=f"{error.hint}; then take another code" if error.hint else "",
        ) from None
    tokens.keep(Role.OPERATOR, grant.token, grant.scopes, now=context.now())
    if json_:
        as_json(
            {
                "url": said.address.url,
                "fingerprint": said.address.fingerprint,
                "deviceId": identity.device_id,
                "scopes": grant.scopes,
            }
        )
        return
    say(f"Paired: this machine is an operator of {said.address} with {visible(' '.join(grant.scopes), 300)}.")
    say(f"Commands here talk to that gateway now; {paths.config_path} says so.")
    say(f"Try it: clawdbot {'devices list' if covers(grant.scopes, [PAIRING]) else 'nodes status'}")


def _stay_with(settings: GatewaySettings, wanted: Address, tokens: TokenFile) -> None:
    """See that no other gateway loses this machine's commands. Raises Refused, before the code is used.

    There is one place for a gateway, and one for its token: who takes both from another one has to say so.
    """
    from clawdbot.gateway import instance

    if settings.mode is GatewayMode.REMOTE and settings.remote.url is not None:
        known = addresses.read(settings.remote.url)
        if (known.host, known.port) != (wanted.host, wanted.port):
            raise Refused(f"commands on this machine are for another gateway, {known}", hint=APART)
        if settings.remote.tls_fingerprint != wanted.fingerprint:
            raise Refused(
                f"commands on this machine know the gateway at {known} by another certificate",
                hint="somebody else may answer there; if its owner gave you this code, and a new certificate: --force",
            )
    elif instance.find(context.paths().state_dir) is not None:
        raise Refused("commands on this machine are for its own gateway, which runs", hint=APART)
    elif tokens.get(Role.OPERATOR) is not None:
        raise Refused("commands on this machine are paired with its own gateway", hint=APART)


async def _redeem(code: SetupCode, identity: DeviceIdentity) -> Grant:
    """Use the code. Nothing else that is known here is shown to that gateway (threats.md G18)."""
    introduction = Introduction(program("cli", "cli"), scopes=code.scopes)
    try:
        async with await Connector(code.address, identity, introduction).redeeming(code.word).connect() as connection:
            grant = connection.hello.grant
    except ConnectRefused as refused:
        if refused.code == PairingRequired.code or refused.is_unauthorized:
            raise code_not_taken("clawdbot qr --role operator --scope …") from None
        raise
    if grant is None:
        raise InvalidFrame("the gateway let this machine in and gave it no device token")
    return grant
