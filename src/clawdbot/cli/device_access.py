"""Where ``clawdbot devices`` does its work: at the gateway; on the state files, where none runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn, Protocol, assert_never

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions
from clawdbot.cli.gateway_target import choose, gateway, listens
from clawdbot.cli.output import hint
from clawdbot.client.refusals import call_hint
from clawdbot.domain.names import DeviceId, RequestId
from clawdbot.domain.scopes import OWNER
from clawdbot.errors import CallRefused

if TYPE_CHECKING:
    from clawdbot.device_service import DeviceService


class DeviceAccess(Protocol):
    """Something that answers the gateway's ``device.*`` methods."""

    async def call(self, method: str, params: object, *, within: float) -> object:
        """Call one. Raises CallRefused, as the gateway would have it."""


@asynccontextmanager
async def device_access(options: CallOptions) -> AsyncIterator[DeviceAccess]:
    """This machine's state directory, if its gateway would be asked and none runs; else the gateway.

    Raises:
        ConnectRefused: the gateway does not let us in.
        GatewayUnavailable: there is one, and it cannot be asked.
    """
    target = choose(options)
    if target.is_local and not await listens(target) and _nobody_runs():
        if not options.json:
            hint(f"no gateway runs; this is the state in {context.paths().state_dir}")
        yield OnTheState(_service())
    else:
        async with gateway(options) as connection:
            yield connection


def _nobody_runs() -> bool:
    from clawdbot.gateway import instance

    return instance.running(context.paths().state_dir) is None


def _service() -> "DeviceService":
    from clawdbot.device_service import DeviceService

    return DeviceService(context.store())


class OnTheState:
    """The owner at work on the state directory, under the store's locks. Answers have the shape of the gateway's."""

    def __init__(self, devices: "DeviceService") -> None:
        self._devices = devices

    async def call(self, method: str, params: object, *, within: float) -> object:
        """Call a method; ``within`` is of no concern here."""
        from msgspec import to_builtins

        return to_builtins(await self._answer(method, params))

    async def _answer(self, method: str, given: object) -> object:
        from clawdbot.wire import params

        match method:
            case params.DevicePairList.method:
                return await self._list()
            case params.DevicePairApprove.method:
                return await self._approve(params.read(params.DevicePairApprove, given).request_id)
            case params.DevicePairReject.method:
                return await self._reject(params.read(params.DevicePairReject, given).request_id)
            case params.DevicePairRemove.method:
                return await self._remove(params.read(params.DevicePairRemove, given).device_id)
            case _:
                raise CallRefused(
                    "only a running gateway does that",
                    code="UNAVAILABLE",
                    hint='start it with "clawdbot gateway", and try again',
                )

    async def _list(self) -> object:
        from clawdbot.wire import views

        return views.devices(await self._devices.list(OWNER))

    async def _approve(self, request: RequestId) -> object:
        from clawdbot.domain.devices import Approved, Denied
        from clawdbot.wire import views

        answer = await self._devices.approve(request, caller=OWNER)
        match answer:
            case Approved(asked, paired):
                return {"requestId": asked.id, "device": views.device(paired.public_key.device_id, paired)}
            case Denied():
                _refuse("unknown requestId")
            case _:
                assert_never(answer)

    async def _reject(self, request: RequestId) -> object:
        from clawdbot.domain.devices import Denied, Rejected

        answer = await self._devices.reject(request, caller=OWNER)
        match answer:
            case Rejected(asked):
                return {"requestId": asked.id, "deviceId": asked.public_key.device_id}
            case Denied():
                _refuse("unknown requestId")
            case _:
                assert_never(answer)

    async def _remove(self, device: DeviceId) -> object:
        from clawdbot.domain.devices import Denied, Removed

        answer = await self._devices.remove(device, caller=OWNER)
        match answer:
            case Removed():
                return {"deviceId": device}
            case Denied():
                _refuse("unknown deviceId")
            case _:
                assert_never(answer)


def _refuse(message: str) -> NoReturn:
    raise CallRefused(message, code="INVALID_REQUEST", hint=call_hint(message))
