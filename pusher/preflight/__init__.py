"""What is looked at before a push sends anything: token, scopes, accounts, event sources, role and clock."""
