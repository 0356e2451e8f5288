"""Permissions that lead to control of the tenant, as data: families with a reason, a rule for names, and known ids.

*Never granted* is what grants roles, credentials, consents or policy, and every path that leads directly to Global
Administrator. *By name only, with approval* are the paths that lead there indirectly.

Ids and names are published by Microsoft (the Microsoft Graph permissions reference and its permission descriptions; the
built-in ids of Exchange Online and SharePoint Online). Every permission in tier 0 of a public tiering of application
permissions is in one of the two groups; `tests/unit/policy/test_permission_groups.py` lists every known name.
"""
