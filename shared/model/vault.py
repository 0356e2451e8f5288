"""A version of a secret or certificate, as Key Vault shows it."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.core.naming import CERTIFICATE_CONTENT_TYPE
from shared.model.directory import CredentialType


@dataclass(frozen=True)
class VaultEntry:
    """A secret's version as the vault lists it: properties and tags, never its value."""

    uri: str
    """Without a version, as clients use it."""
    version: str
    enabled: bool
    created: datetime | None
    expires: datetime | None
    content_type: str | None
    tags: dict[str, str]
    thumbprint: str = ""
    """Of a certificate's public part, SHA-1 in upper-case hex; empty for a client secret."""
    updated: datetime | None = field(default=None, compare=False)
    """When its attributes or tags were last changed."""

    @property
    def type(self) -> CredentialType:
        """The kind of credential in it: the secret of a Key Vault certificate includes the private key."""
        return "certificate" if self.content_type == CERTIFICATE_CONTENT_TYPE else "secret"

    @property
    def name(self) -> str:
        """The secret's name."""
        return self.uri.rpartition("/")[2]
