"""A plain receiver of signed webhooks (standardwebhooks.com), and addresses that a careful sender must survive."""
