"""What comes in, over queues and webhooks, parsed and proven."""
