"""Double of Azure Key Vault's data plane: secrets in full, certificates as far as credentials need them."""
