"""What clients can ask for besides sending and receiving: a module per noun.

Those on an entity's `$management` are in "AMQP 1.0 in Azure Service Bus: request-response-based operations" (Microsoft
Learn), here in the form in which the Python and the Node client ask.
"""
