"""The commands, as sessions in ``tests/transcripts``: what is typed, and every line and exit code of the answer."""

from pathlib import Path

import pytest

from tests.support import transcript

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, tmp_path: Path) -> None:
    """Each command answers as the transcript says."""
    script = transcript.parse(path.read_text("utf-8"))
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    transcript.lay(script.files, state)
    assert script.steps
    for step in script.steps:
        answer, as_told = transcript.play(step, state)
        assert as_told, f"{path.name}:{step.line}: $ {step.command}\n" + "\n".join(answer)
