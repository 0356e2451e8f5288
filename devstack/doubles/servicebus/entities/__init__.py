"""What a namespace holds: queues, topics, subscriptions, and the messages in them. No protocol, no waiting, no clock.

Times are milliseconds since 1970 on whatever clock the caller reads; every call that depends on the time is given it.
"""
