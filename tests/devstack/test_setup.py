"""What `make` says on a machine that lacks something: one line, and which."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import pin

REPOSITORY = Path(__file__).resolve().parents[2]
_TOOLS = ("sh", "make", "dirname", "cat", "cksum", "rm")
_OLD_NODE = "#!/bin/sh\necho v18.20.4\n"
_NEW_NODE = "#!/bin/sh\necho v22.3.0\n"
_PYTHON = "#!/bin/sh\nexit 0\n"
_OLD_PYTHON = "#!/bin/sh\nexit 1\n"


class Machine:
    """A checkout on a machine whose PATH holds the basic tools and what a test puts there."""

    def __init__(self, root: Path) -> None:
        self.checkout, self.tools = root / "a checkout", root / "bin"
        self.tools.mkdir()
        for tool in _TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool) or tool)
        for name in ("Makefile", "scripts/setup.sh", "requirements.txt", "requirements-dev.txt", "package-lock.json"):
            target = self.checkout / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, target)

    def install(self, name: str, script: str) -> None:
        file = self.tools / name if "/" not in name else self.checkout / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)

    def make(self, *arguments: str) -> tuple[int, list[str]]:
        """The exit code and the lines on standard error, make's own last word left out."""
        environment = {"PATH": str(self.tools), "HOME": str(self.tools.parent), "LC_ALL": "C"}
        done = subprocess.run(["make", *arguments], cwd=self.checkout, env=environment, capture_output=True, text=True)
        assert done.stdout == ""
        return done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_node_is_missing(machine: Machine) -> None:
    code, lines = machine.make("demo")
    assert code != 0
    assert lines == ["error: Node.js is missing: install version 20 or newer (Azurite runs on it)"]


def test_node_is_too_old(machine: Machine) -> None:
    machine.install("node", _OLD_NODE)
    code, lines = machine.make("demo")
    assert code != 0
    assert lines == ["error: Node.js v18.20.4 is too old: install version 20 or newer"]


def test_python_is_missing(machine: Machine) -> None:
    machine.install("node", _NEW_NODE)
    machine.install("python3", _OLD_PYTHON)
    code, lines = machine.make("test")
    assert code != 0
    assert [line[:31] for line in lines] == ["error: Python 3.13 is missing: "]


def test_npm_is_missing(machine: Machine) -> None:
    machine.install("node", _NEW_NODE)
    machine.install(".venv/bin/python", _PYTHON)
    code, lines = machine.make("up")
    assert code != 0
    assert lines[-1].startswith("error: npm is missing: ")


def test_a_checkout_that_is_set_up_is_left_alone(machine: Machine) -> None:
    machine.install("node", _NEW_NODE)
    machine.install("npm", "#!/bin/sh\nmkdir -p node_modules\n")
    machine.install("mkdir", f'#!/bin/sh\nexec {shutil.which("mkdir")} "$@"\n')
    machine.install(".venv/bin/python", _PYTHON)
    first_code, first = machine.make("setup")
    again_code, again = machine.make("setup")
    assert (first_code, again_code) == (0, 0)
    assert first == ["installing the pinned Python packages", "installing the pinned Node packages"]
    assert again == []


def test_changed_pins_are_installed(machine: Machine) -> None:
    machine.install("node", _NEW_NODE)
    machine.install("npm", "#!/bin/sh\nmkdir -p node_modules\n")
    machine.install("mkdir", f'#!/bin/sh\nexec {shutil.which("mkdir")} "$@"\n')
    machine.install(".venv/bin/python", _PYTHON)
    machine.make("setup")
    with (machine.checkout / "requirements.txt").open("a") as pins:
        pins.write("another==1.0\n")
    assert machine.make("setup") == (0, ["installing the pinned Python packages"])


def test_a_pin_that_cannot_be_installed_is_tried_again(machine: Machine) -> None:
    machine.install("node", _NEW_NODE)
    machine.install(".venv/bin/python", '#!/bin/sh\n[ "$1" = -c ]\n')
    for _ in range(2):
        code, lines = machine.make("setup")
        assert code != 0
        assert lines[-1] == "error: pip install failed, see above"


@pytest.mark.parametrize("installer", ["uv", ".venv/bin/python"])
def test_only_files_whose_hashes_are_known_are_installed(machine: Machine, installer: str) -> None:
    machine.install("node", _NEW_NODE)
    machine.install(".venv/bin/python", _PYTHON)
    machine.install(installer, f'#!/bin/sh\n[ "$1" = -c ] || echo "$@" >"{machine.tools}/asked"\n')
    machine.make("setup")
    assert "--require-hashes" in (machine.tools / "asked").read_text().split()


def test_every_requirement_is_pinned_to_the_hashes_of_its_files() -> None:
    done = subprocess.run([sys.executable, "scripts/pin.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "every requirement is pinned to hashes\n")
    for name in pin.FILES:
        text = (REPOSITORY / name).read_text()
        hashes = {line.partition("==")[0]: pin.HASH.findall(line) for line in pin.logical_lines(text) if "==" in line}
        assert len(hashes) > 40
        assert pin.pinned(text, {pin.normal(each.partition("[")[0]): found for each, found in hashes.items()}) == text


_SOME_HASH = f"--hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "line",
    [
        "requests",
        "requests==2.34.2",
        f"requests>=2.34.2 {_SOME_HASH}",
        f"requests==2.* {_SOME_HASH}",
        "requests==2.34.2 --hash=md5:0123456789abcdef",
        f"requests @ https://contoso.example/requests.whl {_SOME_HASH}",
        f"requests==2.34.2 ; sys_platform == 'win32' {_SOME_HASH}",
        "-e .",
        "--find-links wheels",
        "https://contoso.example/requests.whl",
    ],
)
def test_what_leaves_a_choice_is_not_pinned(line: str) -> None:
    assert pin.not_pinned(f"# a comment\n-r other.txt\n\nrequests[x]==2.34.2 {_SOME_HASH}\n{line}\n") == [line]


def test_no_package_registry_is_named() -> None:
    """The lock says what is installed; where from is the user's own configuration."""
    assert '"resolved"' not in (REPOSITORY / "package-lock.json").read_text()
    assert not (REPOSITORY / ".npmrc").exists() or "registry" not in (REPOSITORY / ".npmrc").read_text()
    for name in pin.FILES:
        text = (REPOSITORY / name).read_text()
        assert not any(word in text for word in ("index", "://", "find-links"))
