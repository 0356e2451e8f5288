"""Certificates as such: made from a policy, or read from what a client imports. No vault in here."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from pydantic import BaseModel, ConfigDict, Field

from devstack.doubles.keyvault import errors

PFX, PEM = "application/x-pkcs12", "application/x-pem-file"
_DAYS_PER_MONTH = 30.44


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class KeyProperties(_Part):
    """What kind of key."""

    kty: Literal["RSA"] = "RSA"
    key_size: Literal[2048, 3072, 4096] = 2048


class SecretProperties(_Part):
    """How the secret of the same name holds the key."""

    contentType: Literal["application/x-pkcs12", "application/x-pem-file"] = PFX  # noqa: N815  as on the wire


class CertificateProperties(_Part):
    """What stands in the certificate."""

    subject: str = ""
    validity_months: Annotated[int, Field(ge=1)] = 12


class Issuer(_Part):
    """Who signs; `Self`, or `Unknown` for an imported certificate."""

    name: Literal["Self", "Unknown"] = "Unknown"


class Policy(_Part):
    """A certificate policy as far as this double follows it; the rest is kept as it came."""

    key_props: KeyProperties = KeyProperties()
    secret_props: SecretProperties = SecretProperties()
    x509_props: CertificateProperties = CertificateProperties()
    issuer: Issuer = Issuer()


@dataclass(frozen=True)
class Material:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        """The public part, as Graph's keyCredentials take it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def thumbprint(self) -> str:
        """SHA-1 in base64url, the `x5t`."""
        return base64.urlsafe_b64encode(hashlib.sha1(self.der).digest()).decode().rstrip("=")  # noqa: S324

    def exported(self, content_type: str) -> str:
        """Certificate and key as the secret of the same name holds them: base64 PFX without password, or PEM."""
        none = serialization.NoEncryption()
        if content_type == PEM:
            key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none)
            return (key + self.certificate.public_bytes(serialization.Encoding.PEM)).decode()
        pfx = pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, None, none)
        return base64.b64encode(pfx).decode()


def self_signed(policy: Policy, now: datetime) -> Material:
    """A certificate by a policy whose issuer is `Self`. Raises KeyVaultError 400 for another or a bad subject."""
    if policy.issuer.name != "Self":
        raise errors.invalid_value("policy.issuer.name")
    try:
        subject = x509.Name.from_rfc4514_string(policy.x509_props.subject)
    except ValueError as error:
        raise errors.invalid_value("policy.x509_props.subject") from error
    key = rsa.generate_private_key(public_exponent=65537, key_size=policy.key_props.key_size)
    lifetime = timedelta(days=round(policy.x509_props.validity_months * _DAYS_PER_MONTH))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC))
        .not_valid_after(now.astimezone(UTC) + lifetime)
        .sign(key, hashes.SHA256())
    )
    return Material(certificate, key)


def signing_request(material: Material) -> str:
    """The certificate signing request that a pending operation shows, in base64."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(material.certificate.subject)
    request = builder.sign(material.key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.DER)).decode()


def imported(value: object, password: str | None) -> Material:
    """The certificate in base64 PFX or in PEM. Raises KeyVaultError 400 when it cannot be read."""
    try:
        text = str(value)
        if "-----BEGIN" in text:
            key: object = serialization.load_pem_private_key(text.encode(), None)
            certificate = x509.load_pem_x509_certificate(text.encode())
        else:
            raw = base64.b64decode(text)
            key, certificate, _ = pkcs12.load_key_and_certificates(raw, (password or "").encode() or None)
    except (ValueError, TypeError, binascii.Error) as error:
        raise errors.bad_parameter("The specified X.509 certificate content can not be read.") from error
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
        raise errors.bad_parameter("The specified X.509 certificate content has no RSA private key.")
    return Material(certificate, key)
