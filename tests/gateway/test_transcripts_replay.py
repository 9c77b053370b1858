"""Every scene recorded from the reference comes out the same here, or otherwise for a reason that is written down."""

from pathlib import Path

import pytest

from clawdbot.gateway.server import Pace
from clawdbot.store.files import FileStore
from clawdbot.store.memory import MemoryStore
from tests.support.deviations import DEVIATIONS, Deviations, Stricter
from tests.support.gateways import gateway
from tests.support.recorded import TRANSCRIPTS
from tests.support.replay import Replay, Scene

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"


@pytest.mark.parametrize("engine", ["memory", "files"])
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_recorded_scene_comes_out_as_recorded(path: Path, engine: str, tmp_path: Path) -> None:
    """Answers, close codes and events are those of the record, but for the steps in the table of deviations."""
    scene = Scene.read(path)
    expected = DEVIATIONS.get(scene.name, Deviations())
    hears = {step.split()[0]: one.turn(None) for step, one in expected.steps.items() if step.endswith(" hears")}
    pace = Pace(handshake=0.3) if scene.name == "45-handshake-timeout" else Pace()
    store = MemoryStore() if engine == "memory" else FileStore(tmp_path)
    async with gateway(store, scene.settings, pace=pace) as running:
        replay = Replay(scene, running, never=expected.never, hears=hears)
        await replay.play()
    assert {one.step: one.here for one in replay.differences} == {
        one.step: expected.steps[one.step].turn(one.recorded)
        for one in replay.differences
        if one.step in expected.steps
    }
    assert {one.step for one in replay.differences} == set(expected.steps)
    assert tuple(replay.skipped) == expected.skipped


def test_every_deviation_is_of_a_scene_and_written_down() -> None:
    """The table names recorded scenes only, and the document tells of every reason."""
    assert set(DEVIATIONS) <= {path.stem for path in TRANSCRIPTS}
    used = {step.why for deviations in DEVIATIONS.values() for step in deviations.steps.values()}
    assert used == set(Stricter)
    text = PROTOCOL.read_text("utf-8")
    assert [why for why in Stricter if f"**{why}**" not in text] == []
