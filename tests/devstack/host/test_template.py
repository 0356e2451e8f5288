"""Hosts and workers that are forked: they are told of, and end, as if somebody had started them."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.forked import SETTING, Forked, ForkedChild, Start, is_possible, shared_template

pytestmark = pytest.mark.skipif(not is_possible(Path("/tmp/x")), reason="needs pidfd_open, which Linux alone has")

SLEEPER = "import time; time.sleep(600)"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    path = tmp_path_factory.mktemp("t") / "template.sock"
    command = [sys.executable, "-m", "devstack.template", "--socket", str(path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
        end = time.monotonic() + 60
        while not path.exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        yield path
        process.kill()


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Where a forked process finds a module of the test's own."""
    return tmp_path / "forked_here.py"


def fork(
    template: Path, module: Path, code: str, output: int, *, new_session: bool = False, ends_with: int = 0
) -> Forked:
    module.write_text(f"import sys\n{code}\n")
    bootstrap = {"FOLDER": str(module.parent), "PATH": os.environ["PATH"]}
    start = Start("tests.devstack.host.runs_file", [str(module)], bootstrap, {1: output, 2: output})
    return Forked(template, replace(start, new_session=new_session, ends_with=ends_with))


def test_it_runs_with_its_own_environment_arguments_and_output(template: Path, module: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+b") as output:
        code = "import os; print(sorted(os.environ), os.getpid()); sys.exit(7)"
        process = fork(template, module, code, output.fileno())
        assert process.wait(20) == 7
        assert (tmp_path / "out").read_text() == f"['FOLDER', 'PATH'] {process.pid}\n"


def test_an_error_is_told_of(template: Path, module: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+b") as output:
        assert fork(template, module, "raise ValueError('no')", output.fileno()).wait(20) == 1
        assert "ValueError: no" in (tmp_path / "out").read_text()


def test_what_is_to_end_with_it_is_dead_before_anybody_hears_of_its_end(
    template: Path, module: Path, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("w+b") as output:
        host = fork(template, module, SLEEPER, output.fileno(), new_session=True)
        worker = fork(template, module, SLEEPER, output.fileno(), ends_with=host.pid)
        other = fork(template, module, SLEEPER, output.fileno())
        assert os.getsid(host.pid) == host.pid != os.getsid(worker.pid)
        os.killpg(host.pid, signal.SIGKILL)
        assert host.wait(20) == -signal.SIGKILL
        assert worker.poll() == -signal.SIGKILL
        assert other.poll() is None
        other.kill()
        assert other.wait(20) == -signal.SIGKILL
        with pytest.raises(ProcessLookupError):
            other.kill()


def test_chance_is_not_inherited(template: Path, module: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+b") as output:
        code = "import random; print(random.random())"
        for _ in range(2):
            assert fork(template, module, code, output.fileno()).wait(20) == 0
        first, second = (tmp_path / "out").read_text().split()
        assert first != second


async def test_an_end_that_the_attempt_to_bring_it_about_finds_is_told_of(
    template: Path, module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "out").open("w+b") as output:
        process = fork(template, module, SLEEPER, output.fileno())
        child = ForkedChild(process)
        os.kill(child.pid, signal.SIGKILL)
        select.select([process.fileno()], [], [], 20)  # without a turn for the event loop
        poll, looks = process.poll, iter([True])  # the first look comes just before the news
        monkeypatch.setattr(process, "poll", lambda: None if next(looks, False) else poll())
        with suppress(ProcessLookupError):
            child.kill()
        assert await asyncio.wait_for(child.wait(), 5) == -signal.SIGKILL
        assert not asyncio.get_running_loop().remove_reader(child.descriptor)  # nobody watches it any more


def test_a_stack_shares_a_template_of_its_own_checkout_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert shared_template(tmp_path) is None
    monkeypatch.setenv(SETTING, str(tmp_path / "here" / "stacks"))
    assert shared_template(tmp_path / "here") == tmp_path / "here" / "stacks"
    assert shared_template(tmp_path / "copy") is None
