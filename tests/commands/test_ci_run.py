"""What CI runs: a browser is installed where possible, and then everything is tested, installed or not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import ROOT

_TOOLS = ("sh", "dirname", "env", "chmod", "rm")
_MAKE = '#!/bin/sh\necho "make $* with CI=$CI"\n'
_ROOT, _SOMEBODY = "#!/bin/sh\necho 0\n", "#!/bin/sh\necho 1000\n"
_DPKG = """#!/bin/sh
here=$(dirname "$0")
echo "dpkg $*" >>"$here/log"
rm -f "$here/broken-off"
"""
_APT = """#!/bin/sh
here=$(dirname "$0")
echo "apt-get $*" >>"$here/log"
if [ -e "$here/broken-off" ]; then echo "dpkg was interrupted" >&2; exit 100; fi
case "$1" in install) : >"$here/chromium"; chmod +x "$here/chromium" ;; esac
"""
_SUDO = '#!/bin/sh\necho "sudo $1" >>"$(dirname "$0")/log"\nshift\nexec "$@"\n'
_FAILS = "#!/bin/sh\necho 'no network' >&2\nexit 100\n"
NO_BROWSER = "NO BROWSER: the tests of the report in a browser are skipped, or fail where CI is set"
INSTALLED = [
    "dpkg --configure -a",
    "apt-get update -qq",
    "apt-get install -y -qq --no-install-recommends chromium",
]


class Machine:
    """A machine whose PATH holds the basic tools, a make that says how it was called, and what a test puts there."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools
        for tool in _TOOLS:
            (tools / tool).symlink_to(shutil.which(tool) or tool)
        self.install("make", _MAKE)
        self.install("id", _ROOT)
        self.install("dpkg", _DPKG)

    def install(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def run(self, **variables: str) -> tuple[str, str, list[str]]:
        """What it says on its two outputs, and what was asked of apt and sudo."""
        done = subprocess.run(
            [ROOT / ".ci" / "run"],
            env={"PATH": str(self.tools), **variables},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        log = self.tools / "log"
        return done.stdout, done.stderr, log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_browser_is_installed_where_there_is_none(machine: Machine) -> None:
    machine.install("apt-get", _APT)
    assert machine.run() == ("make test with CI=1\n", "", INSTALLED)


def test_without_root_sudo_is_used_and_asks_no_questions(machine: Machine) -> None:
    machine.install("apt-get", _APT)
    machine.install("id", _SOMEBODY)
    machine.install("sudo", _SUDO)
    assert machine.run()[2] == [line for command in INSTALLED for line in ("sudo -n", command)]


def test_an_installation_that_was_broken_off_is_finished_first(machine: Machine) -> None:
    machine.install("apt-get", _APT)
    (machine.tools / "broken-off").touch()
    assert machine.run() == ("make test with CI=1\n", "", INSTALLED)


@pytest.mark.parametrize("browser", ["chromium", "chromium-browser", "google-chrome"])
def test_an_installed_browser_is_used(machine: Machine, browser: str) -> None:
    machine.install("apt-get", _APT)
    machine.install(browser, _FAILS)
    assert machine.run(CI="true") == ("make test with CI=true\n", "", [])


@pytest.mark.parametrize(
    ("failing", "why"), [("dpkg", "no network"), ("apt-get", "no network"), ("sudo", "sudo: not found")]
)
def test_a_failed_installation_is_told_and_everything_else_is_tested(machine: Machine, failing: str, why: str) -> None:
    machine.install("apt-get", _APT)
    if failing == "sudo":
        machine.install("id", _SOMEBODY)
    else:
        machine.install(failing, _FAILS)
    said, warned, asked = machine.run()
    assert (said, [command for command in asked if "install" in command]) == ("make test with CI=\n", [])
    first, *reason, last = warned.splitlines()
    assert (first, last) == ("chromium could not be installed:", NO_BROWSER)
    assert "".join(reason).endswith(why)


def test_without_a_browser_and_apt_the_word_of_the_environment_counts(machine: Machine) -> None:
    """Where it says that this is CI, the tests in a browser fail."""
    assert machine.run(CI="true") == ("make test with CI=true\n", f"{NO_BROWSER}\n", [])
