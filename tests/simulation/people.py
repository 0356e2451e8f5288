"""What people do meanwhile: they edit, remove and restore things in the portal, and replay what failed."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from shared.contract.request import RotationRequest
from shared.core.naming import APPLICATION_TAG, operation_of, vault_secret_name
from shared.model.operation import Operation, State
from tests.fakes.world import World
from tests.simulation.hosts import Hosts

_CLOCKS_DIFFER = timedelta(seconds=10)


class People:
    """Administrators and operators of one run. What they break is theirs to answer for, until a change mends it."""

    def __init__(self, world: World, hosts: Hosts, draw: Random, trace: Callable[[str], None]) -> None:
        self._world = world
        self._hosts = hosts
        self._draw = draw
        self._trace = trace
        self._edits = 0
        self._broken: dict[str, int] = {}
        """How many operations there were when somebody broke it, by uniqueName."""

    def excuse(self, secret_name: str) -> bool:
        """Return whether this vault secret may be missing or unusable: broken by people, mended by no later change."""
        since = self._broken.get(secret_name.partition("--")[0])
        if since is None:
            return False
        later = self._world.operations.all()[since:]
        return not any(each.state is State.COMPLETED and secret_name in _secret_names(each) for each in later)

    def excuse_all(self, unique_name: str) -> bool:
        """Return whether any secret of this app is excused."""
        vault = self._world.vault
        names = [name for name in (*vault.secrets, *vault.deleted) if name.startswith(f"{unique_name}--")]
        return unique_name in self._broken and (not names or any(self.excuse(name) for name in names))

    def have_revoked(self, secret_name: str) -> bool:
        """Return whether the credential that this secret holds was to go at a deadline, with no successor yet."""
        by_now = self._world.clock.now() + _CLOCKS_DIFFER
        return any(
            isinstance(each.request, RotationRequest)
            and each.request.revoke_previous is not None
            and each.accepted_at + each.request.revoke_previous.within <= by_now
            and each.state is not State.COMPLETED
            and secret_name in _secret_names(each)
            for each in self._world.operations.all()
        )

    def let_expire(self) -> None:
        """Time did it: what has expired by now is for a later change, or the rotation, to replace."""
        for name, versions in self._world.vault.secrets.items():
            expires = versions[-1].entry.expires
            if expires is not None and expires <= self._world.clock.now():
                self._break(name.partition("--")[0])

    def do_something(self) -> None:
        """Let somebody do one thing to one of our apps."""
        deed = self._draw.choice(
            (self._edit, self._edit, self._edit, self._remove_secret, self._delete_stored, self._delete_application)
        )
        names = [name for name, app in self._world.directory.applications.items() if APPLICATION_TAG in app.state.tags]
        if names:
            deed(self._draw.choice(names))

    def undo_something(self) -> None:
        """Let somebody restore one thing that somebody deleted."""
        directory, vault = self._world.directory, self._world.vault
        ours = [name for name, versions in vault.deleted.items() if versions[-1].entry.tags.get("managedBy")]
        if directory.deleted_names:
            name = self._draw.choice(sorted(directory.deleted_names))
            self._trace(f"somebody restores {name}")
            directory.restore(name)
        elif ours:
            name = self._draw.choice(ours)
            self._trace(f"somebody recovers {name} in the vault")
            vault.restore(name)

    def replay(self) -> None:
        """An operator has a failed request, or all of one reason, tried again."""
        failed = [each for each in self._world.operations.all() if each.state is State.FAILED and each.answered_at]
        if not failed:
            return
        operation = self._draw.choice(failed)
        if self._draw.random() < 0.5:
            self._hosts.run("replay", lambda host: host.replays.replay(operation.id))
        else:
            self._hosts.run("replay all", lambda host: host.replays.replay_all(operation.reason or ""))

    def _edit(self, name: str) -> None:
        self._edits += 1
        self._trace(f"somebody edits {name}")
        self._world.directory.edit_in_portal(name, f"edit-{self._edits}")

    def _remove_secret(self, name: str) -> None:
        app = self._world.directory.applications[name]
        ours = [key for key, each in app.passwords.items() if operation_of(each.credential.display_name) is not None]
        if ours:
            key_id = self._draw.choice(ours)
            self._trace(f"somebody removes a secret of {name}")
            self._break(name)
            self._world.directory.remove_by_hand(name, key_id)

    def _delete_stored(self, name: str) -> None:
        vault = self._world.vault
        ours = [each for each, kept in vault.secrets.items() if kept[-1].entry.tags.get("uniqueName") == name]
        if ours:
            secret_name = self._draw.choice(ours)
            self._trace(f"somebody deletes {secret_name} from the vault")
            self._break(name)
            vault.delete(secret_name)

    def _delete_application(self, name: str) -> None:
        self._trace(f"somebody deletes {name}")
        self._break(name)
        self._world.directory.delete(name)

    def _break(self, unique_name: str) -> None:
        self._broken[unique_name] = len(self._world.operations.rows)


def _secret_names(operation: Operation) -> list[str]:
    request = operation.request
    names = [request.credential] if isinstance(request, RotationRequest) else [c.name for c in request.credentials]
    return [vault_secret_name(operation.unique_name, name) for name in names]
