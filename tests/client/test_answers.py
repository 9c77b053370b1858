"""Answers about devices and nodes, as the reference gave them and as a strange gateway might."""

import json
from pathlib import Path

import pytest

from clawdbot.client import answers
from clawdbot.errors import InvalidFrame

RECORDED = Path(__file__).parents[1] / "vectors" / "clients"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("devices-list", answers.Devices),
        ("nodes-status", answers.Nodes),
        ("gateway-call-node-list", answers.Nodes),
        ("nodes-describe", answers.Node),
    ],
)
def test_recorded_answers_are_read(name: str, kind: type) -> None:
    """Everything that the reference's gateway answered."""
    assert answers.read(kind, json.loads(json.loads((RECORDED / f"{name}.json").read_text())["stdout"]))


def test_an_answer_may_say_more_or_less() -> None:
    """What we do not show is not looked at; what is missing is not shown."""
    found = answers.read(answers.Devices, {"paired": [{"deviceId": "d", "colour": "red"}], "blue": 1})
    assert found.paired[0].device_id == "d"
    assert found.paired[0].all_roles == ()
    assert answers.read(answers.PairedDevice, {"deviceId": "d", "role": "node"}).all_roles == ("node",)


@pytest.mark.parametrize("answer", [None, [], "x", {"paired": {}}, {"paired": [{}]}, {"paired": [{"deviceId": 5}]}])
def test_an_answer_that_is_none(answer: object) -> None:
    """It is refused without being repeated."""
    with pytest.raises(InvalidFrame, match=r"^the gateway's answer cannot be read$"):
        answers.read(answers.Devices, answer)
