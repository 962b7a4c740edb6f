"""The console over HTTP."""

from typing import Any

from litestar import MediaType, Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.console.commands import LoginDesk
from service.console.model import Login
from service.kernel.auth import anyone


@post("/login", operation_id="LogIn", guards=[anyone], status_code=204, media_type=MediaType.TEXT)
async def log_in(data: JSONBody[Login], login_desk: NamedDependency[LoginDesk]) -> Response[None]:
    """Exchange an officer's token for a session, which the browser keeps as a cookie that no script can read."""
    opened = await login_desk.log_in(data.token)
    return Response(None, status_code=204, headers={"Set-Cookie": login_desk.cookie(opened)})


@post("/logout", operation_id="LogOut", guards=[anyone], status_code=204, media_type=MediaType.TEXT)
async def log_out(login_desk: NamedDependency[LoginDesk], request: Request[Any, Any, Any]) -> Response[None]:
    """End the session of this browser, on the server too."""
    await login_desk.log_out(request.scope)
    return Response(None, status_code=204, headers={"Set-Cookie": login_desk.no_cookie()})


router = Router(path="/console", route_handlers=[log_in, log_out], tags=["Console"])
