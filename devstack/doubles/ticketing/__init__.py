"""ServiceNow, Jira and a plain receiver of webhooks; and the customer's rules, which tell the registrar of events."""
