"""The scripts behind the recipes of the repository."""
