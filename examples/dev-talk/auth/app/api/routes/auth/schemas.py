"""What clients send and receive about users."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from app.api.exceptions import BLANK
from app.api.views import Form, ProfileView, Text, refuse_control
from app.utils.base_model import Model

LONGEST_NAME = 50
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1_000
LONGEST_ADDRESS = 254
# It stands in paths: nothing that would have to be written differently there.
NAME = re.compile(r"[\w.-]+")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
# Control and format characters, halves of pairs, private and unassigned ones, and separators:
# what cannot be seen in an address makes another one that looks the same.
UNSEEN = "CZ"


def check_name(name: str) -> str:
    """Refuse a name that is too long or has characters that names have not."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"is too long (at most {LONGEST_NAME} characters)")
    if not NAME.fullmatch(name) or not name.strip("."):
        raise ValueError("may hold letters, digits, points, hyphens and underscores only")
    return name


def check_address(address: str) -> str:
    """Refuse what is no address of mail."""
    is_seen = all(unicodedata.category(each)[0] not in UNSEEN for each in address)
    if len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(address) or not is_seen:
        raise ValueError("is invalid")
    return address


def check_password(password: str) -> str:
    """Refuse a password that is easily guessed, or of no reasonable length."""
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"is too short (at least {SHORTEST_PASSWORD} characters)")
    if len(password) > LONGEST_PASSWORD:
        raise ValueError(f"is too long (at most {LONGEST_PASSWORD} characters)")
    return password


def empty_to_none(value: Any) -> Any:
    """Take an empty text for none."""
    return None if value == "" else value


Username = Annotated[Text, AfterValidator(check_name)]
Address = Annotated[Text, AfterValidator(check_address)]
Password = Annotated[Text, AfterValidator(check_password)]
Bio = Annotated[Annotated[str, Field(max_length=5_000)] | None, BeforeValidator(empty_to_none)]
ImageUrl = Annotated[str, Field(max_length=2_000), AfterValidator(refuse_control)]
Image = Annotated[ImageUrl | None, BeforeValidator(empty_to_none)]


class Credentials(Form):
    """How somebody logs in."""

    email: Text = Field(examples=["ann@example.com"])
    password: Text = Field(examples=["correct horse"])


class Login(Form):
    """A login."""

    user: Credentials


class NewUser(Form):
    """Who wants to register."""

    username: Username = Field(examples=["ann"])
    email: Address = Field(examples=["ann@example.com"])
    password: Password = Field(examples=["correct horse"])


class Registration(Form):
    """A registration."""

    user: NewUser


class UserChange(Form):
    """What becomes of a user; what is missing stays."""

    username: Username = Field(default_factory=str, examples=["ann"])
    email: Address = Field(default_factory=str, examples=["ann@example.com"])
    password: Password = Field(default_factory=str, examples=["correct horse"])
    bio: Bio = None
    image: Image = None

    @model_validator(mode="after")
    def refuse_nothing(self) -> "UserChange":
        """Refuse a change of nothing."""
        if not self.model_fields_set:
            raise ValueError(BLANK)
        return self


class UserUpdate(Form):
    """A change of the user who is logged in."""

    user: UserChange


class Refresh(Form):
    """What gets another access token."""

    refresh_token: Text = Field(alias="refreshToken")


class RoleUpdate(Form):
    """The roles that a user is to have."""

    roles: list[Text] = Field(max_length=10, examples=[["moderator"]])


class RolesView(Model):
    """The roles that a user has."""

    roles: list[str]


class UserView(Model):
    """The user who is logged in."""

    email: str
    token: str
    username: str
    bio: str | None
    image: str | None


class SessionUserView(UserView):
    """The user who has just logged in."""

    refresh_token: str = Field(alias="refreshToken", description="+ For POST /users/refresh, once.")


class UserAnswer(Model):
    """The user who is logged in."""

    user: UserView


class SessionAnswer(Model):
    """The user who has just logged in."""

    user: SessionUserView


class ProfileAnswer(Model):
    """A user as others see them."""

    profile: ProfileView


class KeysView(Model):
    """The public keys of access tokens (RFC 7517)."""

    keys: list[dict[str, str]]
