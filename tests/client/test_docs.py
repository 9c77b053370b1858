"""The client's example in docs/library.md, run as it stands at our own gateway."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from clawdbot.client import Address, Role, Scope, SetupCode
from clawdbot.domain.secret import Secret
from tests.support.gateways import SHARED, gateway

LIBRARY = (Path(__file__).parents[2] / "docs" / "library.md").read_text("utf-8")
EXAMPLE, JOINING = (
    block for block in re.findall(r"```python\n(.*?)```", LIBRARY, re.DOTALL) if "clawdbot.client" in block
)


async def printed(example: str, where: Path, *, typed: str = "") -> str:
    """What an example prints when it is run as it stands."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", example, cwd=where, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(typed.encode())
    assert process.returncode == 0
    return output.decode()


@pytest.mark.parametrize(("token", "said"), [(SHARED, "health {'ok': True"), ("wrong", "gateway token mismatch")])
async def test_the_documented_client_runs(tmp_path: Path, token: str, said: str) -> None:
    """It lists the nodes and hears how the gateway is; or it says what is wrong."""
    async with gateway() as running:
        example = EXAMPLE.replace("18789", str(running.gateway.port)).replace("the shared secret", token)
        assert said in await printed(example, tmp_path)
    assert (tmp_path / "client/identity/device.json").stat().st_mode & 0o777 == 0o600


async def test_the_documented_way_with_a_setup_code(tmp_path: Path) -> None:
    """It keeps a token, by which the first example gets in without the shared secret."""
    async with gateway() as running:
        owner = await running.admin()
        made = await owner.call("device.pair.code", role="operator", scopes=["operator.read"])
        address = Address(f"ws://127.0.0.1:{running.gateway.port}")
        code = SetupCode(address, Secret(made["word"]), Role.OPERATOR, (Scope("operator.read"),))
        host = await printed(JOINING, tmp_path, typed=code.text())
        first = EXAMPLE.replace("18789", str(running.gateway.port)).replace("the shared secret", "")
        said = (await printed(first, tmp_path)).splitlines()
    assert host == f"setup code: {owner.hello['server']['host']}\n"
    assert said[-1].startswith("health {'ok': True")
