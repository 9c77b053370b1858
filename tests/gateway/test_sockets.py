"""Sockets to listen on."""

import socket

import pytest

from clawdbot.errors import Refused
from clawdbot.gateway.sockets import listen


def test_both_families_on_one_port() -> None:
    first, *others = listen(["127.0.0.1", "::1"], 0)
    port = first.getsockname()[1]
    assert port
    assert [one.getsockname()[1] for one in others] in ([port], [])
    for one in (first, *others):
        one.close()


def test_an_address_of_another_machine_is_left_out_unless_it_is_the_only_one() -> None:
    (only,) = listen(["127.0.0.1", "192.0.2.1"], 0)
    only.close()
    with pytest.raises(Refused, match=r"192\.0\.2\.1"):
        listen(["192.0.2.1"], 0)


def test_a_port_that_is_taken_is_refused_and_nothing_is_kept() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        with pytest.raises(Refused, match="in use"):
            listen(["127.0.0.1", "127.0.0.2"], taken.getsockname()[1])
        (again,) = listen(["127.0.0.1"], taken.getsockname()[1])
        again.close()
