from jupyter_server.auth.decorator import authorized
from tornado import web

from mandrake_jupyter.extend import MandrakeHandler, StreamHandler


class LengthHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, session):
        async with self.registry.get_session_coordinator_for_request("default", session) as chat:
            self.answer({"messages": len(await chat.messages())})


class GrowthHandler(StreamHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, session):
        await self.length(session)  # an unknown chat is a 404 here, before the first byte
        await self.stream(self.growth(session))

    async def growth(self, session):
        async for event in self.registry.hub.watch():
            if event is None:
                yield None  # a heartbeat
            elif event["type"] == "hello" or event.get("session_id") == session:
                yield {"type": "length", "messages": await self.length(session)}

    async def length(self, session):
        async with self.registry.get_session_coordinator_for_request("default", session) as chat:
            return len(await chat.messages())


def _load_jupyter_server_extension(serverapp):
    root = serverapp.web_app.settings["base_url"] + r"chat-lengths/([\w-]+)"
    serverapp.web_app.add_handlers(".*", [(root, LengthHandler), (root + "/growth", GrowthHandler)])
