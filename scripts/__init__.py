"""Scripts that set up the checkout, maintain pins and tables, and configure a tenant."""
