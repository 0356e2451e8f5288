"""Permissions that lead to control of the tenant, as data: families with a reason, a rule for names, and known ids.

*Never given* is what grants roles, credentials, consents or policy, and every path that leads directly to Global
Administrator. *By name only, with approval* are the paths that lead there by way of something else.

Ids and names are facts that Microsoft publishes (the Microsoft Graph permissions reference and its permission
descriptions; the built-in ids of Exchange Online and SharePoint Online). Whatever a public tiering of application
permissions calls tier 0 is in one of the two groups; `tests/unit/policy/test_permission_groups.py` holds every known
name.
"""
