"""Where ``clawdbot devices`` does its work: at the gateway; on the state files, where that lets nobody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions
from clawdbot.cli.gateway_target import choose, gateway, listens
from clawdbot.cli.output import as_json, hint
from clawdbot.cli.own_device import check_words, is_operator, own_device
from clawdbot.cli.state_access import OnTheState
from clawdbot.client import answers
from clawdbot.client.refusals import approval
from clawdbot.domain.names import RequestId
from clawdbot.errors import CallRefused, ConnectRefused, PairingRequired

T = TypeVar("T")


class DeviceAccess(Protocol):
    """Something that answers the gateway's ``device.*`` and ``node.pair.*`` methods."""

    async def call(self, method: str, params: object, *, within: float) -> object:
        """Call one. Raises CallRefused, as the gateway would have it."""


@asynccontextmanager
async def device_access(options: CallOptions) -> AsyncIterator[DeviceAccess]:
    """The gateway; or this machine's state directory, if its own gateway would be asked and nobody can ask it.

    That is so if none runs; and if the one that runs on the directory wants this machine's device to be approved first,
    as when a node host came first with the same identity: who may write the files may decide about that, too.

    Raises:
        ConnectRefused: the gateway does not let us in, for another reason, or it is another one.
        GatewayUnavailable: there is one, and it cannot be asked.
    """
    async with AsyncExitStack() as stack:
        yield await _access(options, stack)


async def _access(options: CallOptions, stack: AsyncExitStack) -> DeviceAccess:
    target = choose(options)
    if target.is_local and not await listens(target) and _running_url() is None:
        return _on_the_state(options, "no gateway runs", _not_running())
    is_here = target.is_local and _running_url() == target.address.url
    request = await _own_request() if is_here else None
    if request is not None:
        why = "this machine's own device waits for approval"
        return _on_the_state(options, why, CallRefused(why, code=PairingRequired.code, hint=approval(request)))
    try:
        return await stack.enter_async_context(gateway(options))
    except ConnectRefused as refused:
        if not is_here or refused.code != PairingRequired.code:
            raise
        return _on_the_state(options, "the gateway wants this machine's own device to be approved", refused)


def _on_the_state(options: CallOptions, why: str, otherwise: CallRefused) -> OnTheState:
    if not options.json:
        hint(f"{why}; this is the state in {context.paths().state_dir}")
    silent = context.config().gateway.silent_local
    return OnTheState(context.store(), otherwise, silent_local=silent, record=context.record, check_words=check_words)


def _not_running() -> CallRefused:
    return CallRefused(
        "only a running gateway does that", code="UNAVAILABLE", hint='start it with "clawdbot gateway", and try again'
    )


def _running_url() -> str | None:
    """Where the gateway of this state directory says that it listens; ``None`` if none runs."""
    from clawdbot.gateway import instance

    found = instance.find(context.paths().state_dir)
    return None if found is None else found.url


async def _own_request() -> RequestId | None:
    """The request of this machine's own device that connecting as an operator would make void (threats.md G5)."""
    device = await own_device()
    if device is None or is_operator(device):
        return None
    waiting = device.waiting(context.now())
    return None if waiting is None else waiting.id


# --- one call ---------------------------------------------------------------------------------------------------------


def ask(options: CallOptions, method: str, params: object, kind: type[T]) -> T | None:
    """Call one method. With ``--json`` its answer is printed as it is; otherwise it is returned."""

    async def run() -> object:
        async with device_access(options) as access:
            return await access.call(method, params, within=options.within)

    return answer(options, asyncio.run(run()), kind)


def answer(options: CallOptions, said: object, kind: type[T]) -> T | None:
    """Print an answer as it is, if that is what was asked for; otherwise read it."""
    if options.json:
        as_json(said)
        return None
    return answers.read(kind, said)
