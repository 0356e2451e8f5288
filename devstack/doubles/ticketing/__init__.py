"""ServiceNow, Jira and a plain receiver of webhooks; and the customer's rules, which tell the app of events.

Each system is a double of its own, in a folder; what they share lies here. `flow` posts events, `control` is what the
control plane can do with tickets.
"""
