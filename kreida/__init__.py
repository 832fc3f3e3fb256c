"""The package of the wheel; in it are `apps`, `config`, `deploy` and `locale`, too."""
