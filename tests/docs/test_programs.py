"""Every Python example is a program that runs, with a simulated provider in the place of the real ones."""

import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from solvent.testing import SimulatedProvider

RUNNER = """
import ast, asyncio, inspect, sys
code = compile(sys.stdin.read(), "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
left = eval(code, {"__name__": "__main__"})
if inspect.iscoroutine(left):
    asyncio.run(left)
"""


@pytest.fixture
async def playground(tmp_path):
    """A folder whose settings bring every call to the simulated provider."""
    async with SimulatedProvider() as provider:
        rows = provider.as_providers().items()
        told = [f'[providers.{name}]\nbase_url = "{row.base_url}"\nauth = "none"\n' for name, row in rows]
        (tmp_path / "solvent.toml").write_text("\n".join(told), encoding="utf-8")
        yield tmp_path


async def run(code, folder):
    """Run *code* as a program of its own in *folder*; return its status and what it said."""
    command = (sys.executable, "-W", "error", "-c", RUNNER)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={}, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, error = await process.communicate(code.encode())
    return process.returncode, out.decode(), error.decode()


def makes_a_call(example):
    return "LLMService.open" in example.code


@pytest.fixture
def programs(examples):
    return [example for example in examples if example.language == "python"]


async def test_every_python_example_runs(programs, playground):
    ended = await asyncio.gather(*(run(example.code, playground) for example in programs))
    told = list(zip(programs, ended, strict=True))
    broken = [f"  {example.where}: {error.strip()}" for example, (status, _, error) in told if status]
    assert not broken, "Mend these examples:\n" + "\n".join(broken)
    silent = [example.where for example, (_, out, _) in told if makes_a_call(example) and not out.strip()]
    assert not silent, f"These examples make a call and show nothing: {silent}"


async def test_an_example_that_fails_is_caught(playground):
    status, _, error = await run("from solvent import LLMService\nawait LLMService.nothing()", playground)
    assert status == 1
    assert "AttributeError" in error


def test_calls_are_shown_with_and_without_asyncio(programs):
    shown = [example.code for example in programs if makes_a_call(example)]
    assert any("asyncio.run" in code for code in shown)
    assert any("solvent.sync" in code for code in shown)
