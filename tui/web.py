"""The app in a browser, for those without a terminal: textual-serve, behind a token.

Who may open the page may train on this machine and read its runs, so the page is on loopback unless
somebody says otherwise, and nothing of it is given to anyone without the token: it is in the
address that is printed, and in a cookie from the first visit on.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import secrets
import shlex
import sys
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from tui.exit_codes import DONE, FAILED

REFUSED = "This page needs the token that inkling serve has printed; open the address there.\n"


def is_loopback(host: str) -> bool:
    """Does this address lead nowhere but to this machine?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TokenServer(Server):
    """Serves the app to those who have the token."""

    def __init__(
        self, arguments: Sequence[str], host: str, port: int, token: str | None = None
    ) -> None:
        """`arguments` are those of `inkling`; a token is made if none is given."""
        # -P: a file called queue.py where the server was started is not for the app.
        command = shlex.join([sys.executable, "-P", "-m", "tui.cli", *arguments])
        bracketed = f"[{host}]" if ":" in host else host
        super().__init__(command, host, port, "Inkling", f"http://{bracketed}:{port}")
        self.token = token or secrets.token_urlsafe(16)

    @property
    def address(self) -> str:
        """Where to open it, token included."""
        return f"{self.public_url}/?token={self.token}"

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(self._admit())
        return app

    def _admit(self) -> Middleware:
        cookie = f"inkling-{self.port}"

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self._is_token(request.query.get("token", "")):
                # The address bar, the history and the Referer need not go on knowing it.
                there = web.HTTPSeeOther(request.path)
                there.set_cookie(cookie, self.token, httponly=True, samesite="Strict")
                raise there
            if not self._is_token(request.cookies.get(cookie, "")):
                raise web.HTTPForbidden(text=REFUSED)
            return await handler(request)

        return admit

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def initialize_logging(self) -> None:
        """None: what goes wrong is said in a sentence."""

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002
        print(f"Inkling is at {self.address}")
        if not is_loopback(self.host):
            print(
                "Whoever can reach this address and has the token can train on this machine, and "
                "neither is encrypted on the way: an ssh tunnel to a server on loopback is safer."
            )
        print("Ctrl+C ends the page; runs go on.", flush=True)


def serve(arguments: Sequence[str], host: str, port: int, token: str | None) -> int:
    """Serve the app until Ctrl+C; the exit status."""
    server = TokenServer(arguments, host, port, token)
    # A colour scheme is the browser's, whatever the terminal is that it was started from.
    os.environ.setdefault("COLORTERM", "truecolor")
    try:
        server.serve()
    except OSError as error:
        print(
            f"inkling: The page cannot be at {host}, port {port}: {error.strerror}; "
            "--port or --host names another place.",
            file=sys.stderr,
        )
        return FAILED
    return DONE
