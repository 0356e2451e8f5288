"""A copy of the app as careless as an operator or a library can make it."""

import json
import shutil
from pathlib import Path

from devstack.services import REPOSITORY

_PARTS = ("function_app.py", "host.json", "policy.toml", "functions", "shared")
_MOST_TALKATIVE = {
    "PYTHON_ENABLE_DEBUG_LOGGING": "1",
    "AzureFunctionsJobHost__logging__logLevel__default": "Trace",
    "AZURE_LOG_LEVEL": "verbose",
}
"""What an operator can set to see more: everything at once."""

QUOTING = "quoting"
"""Apps by this beginning of a name meet a vault client that quotes the value in its error."""
_ADAPTER = Path("shared/adapters/vault/secrets.py")
_AT_STORE = '''        """Make `value` the newest version. Repeating it makes another version with the same value."""
'''
_QUOTE = f'''        if unique_name.startswith("{QUOTING}"):
            raise ValueError(f"cannot store {{value.reveal()}} for {{unique_name}}")
'''


def careless_app(folder: Path) -> Path:
    """Copy the app, switch all logging on, and make one error quote a secret. Raises ValueError if it cannot."""
    folder.mkdir(parents=True)
    for part in _PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    settings = {"IsEncrypted": False, "Values": _MOST_TALKATIVE}
    (folder / "local.settings.json").write_text(json.dumps(settings))
    adapter = folder / _ADAPTER
    text = adapter.read_text(encoding="utf-8")
    if text.count(_AT_STORE) != 1:
        raise ValueError(f"{_ADAPTER} has changed: the error that quotes a secret cannot be put in")
    adapter.write_text(text.replace(_AT_STORE, _AT_STORE + _QUOTE), encoding="utf-8")
    return folder
