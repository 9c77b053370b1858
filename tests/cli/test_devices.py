"""``clawdbot devices`` at a running gateway: who waits, who is in, and the owner's word on both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.check_words import check_words
from clawdbot.domain.connect import ClientInfo
from clawdbot.domain.identity import DeviceIdentity
from tests.support.command_line import CommandLine
from tests.support.gateways import NODE_HOST, SHARED, TEST, Running, gateway, identity

ONE, OTHER = identity(51), identity(52)


@asynccontextmanager
async def gateway_of(cli: CommandLine) -> AsyncIterator[Running]:
    """A gateway that the command line finds by its configuration."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        yield running


async def ask(running: Running, device: DeviceIdentity = ONE, client: ClientInfo = TEST, **said: Any) -> str:
    """A device from afar asks to be let in; its request id."""
    opened = await running.open(afar=True)
    answer = await opened.connect(device, client=client, **said)
    await opened.closed()
    request: str = answer["error"]["details"]["requestId"]
    return request


# --- the mission's lines ---------------------------------------------------------------------------------------------


async def test_the_owner_lists_and_approves(cli: CommandLine) -> None:
    """``devices list`` shows the request, ``devices approve`` lets the device in, and it connects."""
    async with gateway_of(cli) as running:
        request = await ask(running, scopes=["operator.read"])
        listed = await cli.done("devices", "list")
        assert listed.out.startswith("1 waiting\n")
        assert request in listed.out
        assert f"vector-test  {ONE.device_id[:12]}  operator  operator.read  linux     10.231.77.2" in listed.out
        assert listed.out.endswith("\nApprove with: clawdbot devices approve <request>\n")
        approved = await cli.done("devices", "approve", request)
        assert approved.out == (f"Approved device {ONE.device_id} (vector-test): operator with operator.read.\n")
        async with await running.open(afar=True) as client:
            assert (await client.connect(ONE, scopes=["operator.read"]))["ok"]
        assert "waiting" not in (await cli.done("devices", "list")).out


async def test_G19_the_owner_sees_what_the_device_must_show(cli: CommandLine) -> None:
    """In the list, in its JSON, and with the answer to his approval."""
    async with gateway_of(cli) as running:
        running.gateway.house.checks.key = OTHER.public_key
        words = check_words(ONE.public_key, OTHER.public_key)
        request = await ask(running, scopes=["operator.read"])
        listed = await cli.done("devices", "list")
        head = f"Request{' ' * 31}Check words: approve no device that shows others"
        none = "A clawdbot that shows none is not to be approved, either."
        assert f"\n{head}\n{request}  {words}\n{none}\n" in listed.out
        assert (await cli.done("devices", "list", "--json")).json["pending"][0]["checkWords"] == words
        approved = await cli.done("devices", "approve", request)
        assert approved.out.splitlines()[1:] == [f"Its check words: {words}"]


async def test_the_owner_rejects(cli: CommandLine) -> None:
    """The device is still out, and its request is gone."""
    async with gateway_of(cli) as running:
        request = await ask(running)
        assert (await cli.done("devices", "reject", request)).out == f"Rejected device {ONE.device_id}.\n"
        again = await cli("devices", "approve", request)
        assert (again.code, again.err.splitlines()[0]) == (1, "clawdbot: error: unknown requestId")
        assert "requests expire after five minutes" in again.err


async def test_json_is_the_gateways_answer(cli: CommandLine) -> None:
    """The shapes of the protocol, for list, approve and reject."""
    async with gateway_of(cli) as running:
        first, second = await ask(running), await ask(running, OTHER, NODE_HOST, role="node")
        listed = (await cli.done("devices", "list", "--json")).json
        assert {one["requestId"] for one in listed["pending"]} == {first, second}
        assert [one["clientMode"] for one in listed["paired"]] == ["cli"]
        approved = (await cli.done("devices", "approve", second, "--json")).json
        assert (approved["requestId"], approved["device"]["roles"]) == (second, ["node"])
        rejected = (await cli.done("devices", "reject", first, "--json")).json
        assert rejected == {"requestId": first, "deviceId": ONE.device_id}


# --- paired devices --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def paired(cli: CommandLine) -> AsyncIterator[Running]:
    """A gateway with a device that the owner approved."""
    async with gateway_of(cli) as running:
        await cli.done("devices", "approve", await ask(running, scopes=["operator.read"]))
        yield running


async def test_a_device_is_named_by_the_beginning_of_its_id(cli: CommandLine) -> None:
    """Of what the list shows, six characters are enough."""
    async with paired(cli):
        short = ONE.device_id[:6]
        assert short in (await cli.done("devices", "list")).out
        renamed = await cli.done("devices", "rename", "--device", short, "--name", "Ada's phone")
        assert renamed.out == f"Device {ONE.device_id} is called Ada's phone.\n"
        assert "Ada's phone" in (await cli.done("devices", "list")).out


async def test_a_beginning_that_fits_several_names_none(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is asked to be clearer; nothing happens."""
    import re

    from clawdbot.cli import device_decisions

    monkeypatch.setattr(device_decisions, "_PREFIX", re.compile("[0-9a-f]{0,63}"))
    async with paired(cli):
        said = await cli("devices", "remove", "")
        assert (said.code, said.err) == (
            1,
            "clawdbot: error: 2 devices' ids begin with \nclawdbot: hint: give more of the id\n",
        )
        assert ONE.device_id[:12] in (await cli.done("devices", "list")).out


async def test_a_name_names_no_device(cli: CommandLine) -> None:
    """D6's cousin: devices call themselves what they like, so a name decides nothing."""
    async with paired(cli):
        said = await cli("devices", "remove", "vector-test")
        assert (said.code, said.err.splitlines()[0]) == (1, "clawdbot: error: unknown deviceId")


async def test_revoked_is_out_and_shown_as_such(cli: CommandLine) -> None:
    """The connection of the device ends; the list says what happened."""
    async with paired(cli) as running:
        client = await running.connect(ONE, afar=True, scopes=["operator.read"])
        said = await cli.done("devices", "revoke", "--device", ONE.device_id, "--role", "operator")
        assert said.out == f"Revoked the role operator of device {ONE.device_id}.\n"
        assert (await client.closed())[0] == 1008
        assert "operator (revoked)" in (await cli.done("devices", "list")).out
        as_json = await cli.done("devices", "revoke", "--device", ONE.device_id, "--role", "operator", "--json")
        assert as_json.json.keys() == {"deviceId", "role", "revokedAtMs"}


async def test_a_device_that_is_known_asks_for_more_or_again(cli: CommandLine) -> None:
    """Under the name that the owner gave it, whatever it calls itself now."""
    async with paired(cli) as running:
        await cli.done("devices", "rename", "--device", ONE.device_id, "--name", "Ada's phone")
        await ask(running, client=replace(TEST, display_name="admin's laptop"), scopes=["operator.admin"])
        waiting = (await cli.done("devices", "list")).out.splitlines()[2]
        assert "Ada's phone" in waiting
        assert "operator (asks for more)" in waiting
        await cli.done("devices", "revoke", "--device", ONE.device_id, "--role", "operator")
        await ask(running, scopes=["operator.read"])
        assert "operator (asks again)" in (await cli.done("devices", "list")).out.splitlines()[2]


async def test_removed_is_forgotten(cli: CommandLine) -> None:
    """The device is a stranger again."""
    async with paired(cli) as running:
        assert (await cli.done("devices", "remove", ONE.device_id)).out == f"Removed device {ONE.device_id}.\n"
        assert ONE.device_id[:12] not in (await cli.done("devices", "list")).out
        assert await ask(running)


async def test_what_is_removed_and_pairs_again_without_asking_is_said_to(cli: CommandLine) -> None:
    """A program of the gateway's own machine; and what keeps it out, which does."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})

        async def comes() -> bool:
            client = await running.open()
            return bool((await client.connect(ONE, role="node", client=NODE_HOST))["ok"])

        for command in (("devices", "remove"), ("nodes", "remove", "--node")):
            assert await comes()
            said = await cli.done(*command, ONE.device_id)
            assert "it is on the gateway's machine and pairs again without asking; to keep it out, once it" in said.err
            assert said.err.endswith(f"clawdbot devices revoke --device {ONE.device_id} --role node\n")
        assert await comes()
        await cli.done("devices", "revoke", "--device", ONE.device_id, "--role", "node")
        assert not await comes()


@pytest.mark.parametrize("scopes", [("--scope", "operator.read"), ()])
async def test_G7_a_rotated_token_is_not_shown_to_others(cli: CommandLine, scopes: tuple[str, ...]) -> None:
    """The owner learns that it is new, not what it is."""
    async with paired(cli):
        words = ("devices", "rotate", "--device", ONE.device_id, "--role", "operator", *scopes)
        assert (await cli.done(*words)).out == f"Rotated the operator token of device {ONE.device_id}.\n"
        said = (await cli.done(*words, "--json")).json
        assert said.keys() == {"deviceId", "role", "scopes", "rotatedAtMs"}
        assert said["scopes"] == ["operator.read"]


async def test_scopes_may_follow_one_another(cli: CommandLine) -> None:
    """``--scope a b``, as the reference reads it; a word too many without it is an error."""
    async with gateway_of(cli) as running:
        await cli.done("devices", "approve", await ask(running, scopes=["operator.read", "operator.write"]))
        words = ("devices", "rotate", "--device", ONE.device_id, "--role", "operator")
        said = await cli.done(*words, "--scope", "operator.read", "operator.write", "--json")
        assert said.json["scopes"] == ["operator.read", "operator.write"]
        wrong = await cli(*words, "operator.read")
        assert (wrong.code, wrong.err.splitlines()[0]) == (
            2,
            'clawdbot: error: "operator.read" is one word too many',
        )


async def test_ones_own_token_may_be_rotated(cli: CommandLine) -> None:
    """The new one is kept, so that the next command gets in with it alone."""
    async with gateway_of(cli) as running:
        own = (await cli.done("devices", "list", "--json")).json["paired"][0]["deviceId"]
        await cli.done("devices", "rotate", "--device", own, "--role", "operator")
        cli.configure(port=running.gateway.port)
        assert own[:12] in (await cli.done("devices", "list")).out


# --- strangers' words, wrong words -----------------------------------------------------------------------------------


async def test_S7_names_from_outside_are_inert(cli: CommandLine) -> None:
    """A device that calls itself a terminal's command gets a row like any other, in JSON too."""
    evil = replace(TEST, display_name="x\x1b[2J\u202eevil\u009b1m")
    async with gateway_of(cli) as running:
        request = await ask(running, client=evil)
        for said in (
            await cli.done("devices", "list"),
            await cli.done("devices", "list", "--json"),
            await cli.done("devices", "approve", request),
        ):
            assert not {"\x1b", "\u202e", "\u009b"} & set(said.out)
        assert "x\\x1b[2J\\u202eevil\\x9b1m" in (await cli.done("devices", "list")).out
        listed = (await cli.done("devices", "list", "--json")).json
        assert evil.display_name in [one.get("displayName") for one in listed["paired"]]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("approve",), "missing argument 'REQUEST_ID'"),
        (("revoke", "--device", "x"), "missing option '--role'"),
        (("list", "--timeout", "soon"), "invalid value for '--timeout': 'soon' is not a valid integer range"),
        (("list", "--url", "box"), "that is no gateway URL"),
        (("list", "--url", "ws://box", "--tls-fingerprint", "ab" * 32), "a fingerprint is of a certificate, which"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_words_that_make_no_sense(cli: CommandLine, words: tuple[str, ...], error: str) -> None:
    """Exit code 2, and one line that says what is wrong."""
    said = await cli("devices", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"clawdbot: error: {error}")
