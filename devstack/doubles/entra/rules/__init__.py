"""Who may sign in, with which proof, for which resource."""
