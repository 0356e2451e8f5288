"""Azure Service Bus over AMQP 1.0: queues, topics, subscriptions, sessions, dead letters, schedules, duplicates."""
