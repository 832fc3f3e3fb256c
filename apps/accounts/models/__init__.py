from apps.accounts.models.user import User, known_time_zones, validate_time_zone

__all__ = ["User", "known_time_zones", "validate_time_zone"]
