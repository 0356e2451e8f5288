"""The shipped policy, opened as far as tests need it: hosts of https redirect URIs, implicit grants, bounds."""

from functools import cache
from pathlib import Path

from shared.policy.policy_file import Flows, Limits, Policy, RedirectUriRules, load_policy

SHIPPED = Path(__file__).parents[1] / "policy.toml"
HOSTS = ("*.contoso.example",)
_OPENED = (
    ("https_hosts = []", 'https_hosts = ["*.contoso.example"]'),
    ("implicit_id_tokens = false", "implicit_id_tokens = true"),
    ("implicit_access_tokens = false", "implicit_access_tokens = true"),
    # A few people of the tests make hundreds of apps, on stacks whose days are short.
    ("apps_per_owner = 100\n", ""),
    ("credentials_per_owner = 200\n", ""),
    ("requests_per_requester_and_day = 200\n", "requests_per_requester_and_day = 2000\n"),
)


@cache
def opened_policy() -> Policy:
    """Return the shipped policy, opened."""
    rules, flows = RedirectUriRules(https_hosts=HOSTS), Flows(implicit_id_tokens=True, implicit_access_tokens=True)
    limits = Limits(requests_per_requester_and_day=2000)
    return load_policy(SHIPPED).model_copy(update={"redirect_uris": rules, "flows": flows, "limits": limits})


def opened_text(*changes: tuple[str, str]) -> str:
    """Return the text of the shipped file, opened, with further replacements of what stands there once."""
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in (*_OPENED, *changes):
        if text.count(old) != 1:
            raise ValueError(f"{old!r} does not stand in policy.toml just once")
        text = text.replace(old, new)
    return text


def opened_settings(folder: Path, *changes: tuple[str, str]) -> dict[str, str]:
    """Write the opened policy into a folder, and return the setting that has a host read it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "policy.toml"
    file.write_text(opened_text(*changes), encoding="utf-8")
    return {"POLICY_FILE": str(file)}
