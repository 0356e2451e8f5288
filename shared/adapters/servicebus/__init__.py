"""Azure Service Bus, for deployments that choose it as the broker. Imported by nobody else: the client is large."""
