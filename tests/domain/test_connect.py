"""What a client says about itself."""

import pytest

from clawdbot.domain.connect import ClientInfo, ConnectRequest, Credentials
from clawdbot.domain.secret import Secret
from tests.support.devices import CLI


@pytest.mark.parametrize(
    ("id", "is_page"),
    [("clawdbot-control-ui", True), ("moltbot-control-ui", True), ("webchat-ui", False), ("cli", False)],
)
def test_both_families_of_control_pages_are_known(id: str, is_page: bool) -> None:
    assert ClientInfo(id=id, version="1", platform="linux", mode="ui").is_control_ui is is_page


def test_S7_a_request_does_not_print_its_credentials() -> None:
    request = ConnectRequest(3, 3, CLI, auth=Credentials(Secret("s3cret"), Secret("passw0rd")))
    assert "s3cret" not in repr(request)
    assert "passw0rd" not in repr(request)
