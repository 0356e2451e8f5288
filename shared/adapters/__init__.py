"""The SDKs, each behind the port it fills; nothing of an SDK crosses upward."""
