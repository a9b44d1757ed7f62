"""Scenario files: TOML text -> a checked, frozen scenario, or every diagnostic at once."""
