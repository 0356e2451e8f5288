"""The SDKs, each behind the port it implements; no SDK type leaves this package."""
