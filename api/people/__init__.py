"""People: accounts, logins, passwords, what each may do."""
