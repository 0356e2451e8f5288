"""A stateful double of Jira Cloud: issues with a form, their comments and a workflow with decisions."""
