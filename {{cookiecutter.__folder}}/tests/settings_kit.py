"""What tests of settings share: settings of a team."""

from app.core.settings import SettingsGroup


class TeamSettings(SettingsGroup):
    """Settings as a team may write them."""

    team_tags: tuple[str, ...] = ()
    team_limit: float = 1.5

    def find_danger(self) -> str | None:
        """A limit of nothing stops all."""
        return "TEAM_LIMIT: in production, allow something" if self.team_limit == 0 else None
