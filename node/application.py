"""scrapyd's application, which starts only when it is safe to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scrapyd.app import application as scrapyd_application
from scrapyd.exceptions import ConfigError

if TYPE_CHECKING:
    from scrapyd.config import Config
    from twisted.python.components import Componentized

_SECRETS = ("SCRAPYD_USERNAME", "SCRAPYD_PASSWORD")


def application(config: Config) -> Componentized:
    """Build scrapyd's application; named in scrapyd.conf.

    Whoever reaches scrapyd may upload code and have it run, from a page in a browser on the same machine
    too, so it asks for a user and a password wherever it listens. They come from the environment and are
    taken out of it again: a job has no use for them.

    Args:
        config: scrapyd's configuration.

    Raises:
        ConfigError: there is no user or no password, or they stand in a file.
    """
    if config.get("username", "") or config.get("password", ""):
        raise ConfigError(
            "scrapyd: take username and password out of the configuration file and set SCRAPYD_USERNAME and "
            "SCRAPYD_PASSWORD in the environment"
        )
    missing = [name for name in _SECRETS if not os.environ.get(name)]
    if missing:
        address = os.environ.get("SCRAPYD_BIND_ADDRESS") or config.get("bind_address", "127.0.0.1")
        raise ConfigError(
            f"scrapyd: will not listen on {address} without a user and a password, as whoever reaches it can run "
            f"code; set {' and '.join(missing)}"
        )
    built: Componentized = scrapyd_application(config)
    for name in _SECRETS:
        del os.environ[name]
    return built
