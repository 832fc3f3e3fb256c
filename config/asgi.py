"""The ASGI application: HTTP by Django in thread pools, WebSockets by the room server."""

import asyncio
import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django: Any = get_wsgi_application()  # must run before the imports below, which load models

from apps.classroom.realtime.server.app import application as room  # noqa: E402
from apps.classroom.realtime.server.registry import RoomRegistry  # noqa: E402
from apps.common.addresses import TrustedProxies  # noqa: E402
from apps.common.health import HealthApp  # noqa: E402
from apps.common.process_lock import TASK, PostgresLock  # noqa: E402
from apps.common.supervisor import supervise  # noqa: E402
from apps.common.threads import WsgiToAsgi  # noqa: E402
from apps.common.worker import Worker  # noqa: E402
from apps.operations.doctor.probe import DoctorProbe  # noqa: E402
from apps.operations.watching.endpoint import MetricsApp  # noqa: E402
from config.jobs import JOBS  # noqa: E402

health = HealthApp()
http = WsgiToAsgi(django, threads=4)


async def _route(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and health.handles(scope["path"]):
        await health(scope, send)
    elif scope["type"] == "http":
        await http(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await room(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    tasks = [supervise("worker", Worker(JOBS).run)]
    if PostgresLock.current is not None:
        tasks.append(supervise(TASK, PostgresLock.current.keep))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if RoomRegistry.current is not None:
        await RoomRegistry.current.stop()  # stores the last updates
    await send({"type": "lifespan.shutdown.complete"})


_with_clients = TrustedProxies(_route, settings.TRUSTED_PROXIES)
application = DoctorProbe(MetricsApp(_with_clients))
