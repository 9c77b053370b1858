"""The owner at work on the state directory, under the store's locks, where no gateway can be asked.

Answers have the shape of the gateway's. A gateway that runs on the directory reads what was decided with the next
message, and ends the sessions that it concerns (threats.md G8).
"""

from typing import TYPE_CHECKING, NoReturn, assert_never

from clawdbot.client.refusals import call_hint
from clawdbot.domain.facts import Record, keep_nothing
from clawdbot.domain.names import DeviceId, RequestId
from clawdbot.domain.scopes import OWNER
from clawdbot.errors import CallRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from clawdbot.domain.identity import PublicKey
    from clawdbot.store.base import Store

UNKNOWN_REQUEST = "unknown requestId"
UNKNOWN_DEVICE = "unknown deviceId"


class OnTheState:
    """Answers ``device.pair.*`` and ``node.pair.*``, as far as the owner's commands call them.

    Args:
        otherwise: why everything else cannot be had now.
        silent_local: may programs on this machine pair without asking?
        record: takes down what was decided.
        check_words: makes those of devices.
    """

    def __init__(
        self,
        store: "Store",
        otherwise: CallRefused,
        *,
        silent_local: bool,
        record: Record = keep_nothing,
        check_words: "Callable[[Iterable[PublicKey]], Mapping[PublicKey, str]]" = lambda _: {},
    ) -> None:
        from clawdbot.device_service import DeviceService
        from clawdbot.node_service import NodeService
        from clawdbot.service import wall_clock

        self._devices = DeviceService(store, record=record)
        self._nodes = NodeService(store, record=record)
        self._now = wall_clock
        self._otherwise = otherwise
        self._silent_local = silent_local
        self._check_words = check_words

    async def call(self, method: str, params: object, *, within: float) -> object:
        """Call a method; ``within`` is of no concern here."""
        from msgspec import to_builtins

        return to_builtins(await self._answer(method, params))

    async def _answer(self, method: str, given: object) -> object:
        from clawdbot.wire import params

        match method:
            case params.DevicePairList.method:
                return await self._list_devices()
            case params.DevicePairApprove.method:
                return await self._approve_device(params.read(params.DevicePairApprove, given).request_id)
            case params.DevicePairReject.method:
                return await self._reject_device(params.read(params.DevicePairReject, given).request_id)
            case params.DevicePairRemove.method:
                return await self._remove_device(params.read(params.DevicePairRemove, given).device_id)
            case params.NodePairList.method:
                return await self._list_nodes()
            case params.NodePairApprove.method:
                return await self._approve_node(params.read(params.NodePairApprove, given).request_id)
            case params.NodePairReject.method:
                return await self._reject_node(params.read(params.NodePairReject, given).request_id)
            case _:
                raise self._otherwise

    # --- devices

    async def _list_devices(self) -> object:
        from clawdbot.wire import views

        found = await self._devices.list(OWNER)
        return views.devices(found, self._check_words(request.public_key for _, request in found.pending))

    async def _approve_device(self, request: RequestId) -> object:
        from clawdbot.domain.devices import Approved, Denied
        from clawdbot.wire import views

        answer = await self._devices.approve(request, caller=OWNER)
        match answer:
            case Approved(asked, paired):
                words = self._check_words([asked.public_key])
                return views.approved_device(asked, paired, words.get(asked.public_key))
            case Denied():
                _refuse(UNKNOWN_REQUEST)
            case _:
                assert_never(answer)

    async def _reject_device(self, request: RequestId) -> object:
        from clawdbot.domain.devices import Denied, Rejected

        answer = await self._devices.reject(request, caller=OWNER)
        match answer:
            case Rejected(asked):
                return {"requestId": asked.id, "deviceId": asked.public_key.device_id}
            case Denied():
                _refuse(UNKNOWN_REQUEST)
            case _:
                assert_never(answer)

    async def _remove_device(self, device: DeviceId) -> object:
        from clawdbot.domain.admission import pairs_again
        from clawdbot.domain.devices import Denied, Removed
        from clawdbot.wire import views

        answer = await self._devices.remove(device, caller=OWNER)
        match answer:
            case Removed(paired):
                again = pairs_again(paired, silent_local=self._silent_local)
                return views.RemovedDeviceView(device_id=device, pairs_again=again)
            case Denied():
                _refuse(UNKNOWN_DEVICE)
            case _:
                assert_never(answer)

    # --- nodes of older apps

    async def _list_nodes(self) -> object:
        from clawdbot.wire import views

        return views.nodes(await self._nodes.all(), self._now())

    async def _approve_node(self, request: RequestId) -> object:
        from clawdbot.domain.devices import Denied
        from clawdbot.domain.nodes import Approved
        from clawdbot.wire import views

        node = await self._nodes.who_waits(request)
        if node is None:
            _refuse(UNKNOWN_REQUEST)
        answer = await self._nodes.approve(node, request, caller=OWNER)
        match answer:
            case Approved(asked, paired, token):
                return {"requestId": asked.id, "node": views.node(node, paired, token)}
            case Denied():
                _refuse(UNKNOWN_REQUEST)
            case _:
                assert_never(answer)

    async def _reject_node(self, request: RequestId) -> object:
        from clawdbot.domain.devices import Denied
        from clawdbot.domain.nodes import Rejected

        node = await self._nodes.who_waits(request)
        if node is None:
            _refuse(UNKNOWN_REQUEST)
        answer = await self._nodes.reject(node, request, caller=OWNER)
        match answer:
            case Rejected(asked):
                return {"requestId": asked.id, "nodeId": node}
            case Denied():
                _refuse(UNKNOWN_REQUEST)
            case _:
                assert_never(answer)


def _refuse(message: str) -> NoReturn:
    raise CallRefused(message, code="INVALID_REQUEST", hint=call_hint(message))
