"""How many cameras one machine carries: a farm of loopback cameras, a real worker with its site, and a budget."""
