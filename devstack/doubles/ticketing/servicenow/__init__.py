"""A stateful double of ServiceNow's Table API: requested items with their variables, approval and journal."""
