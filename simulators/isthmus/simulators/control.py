"""The control endpoint: read the records and the truth, change devices, run events."""

from dataclasses import asdict

from pydantic import Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from isthmus.simulators.devices import FleetError, Strict, one_line
from isthmus.simulators.simulation import Simulation
from isthmus.simulators.state import Scalar, Value


class Order(Strict):
    """Body of `POST /devices/{name}`."""

    silent: bool | None = None
    set: dict[str, Value] = Field(default={})
    truth: dict[str, Scalar] = Field(default={})


ORDER = TypeAdapter(Order)


def application(simulation: Simulation) -> Starlette:
    """The HTTP interface of one simulation."""

    async def record(_: Request) -> JSONResponse:
        return JSONResponse(simulation.records())

    async def truth(_: Request) -> JSONResponse:
        return JSONResponse(simulation.log.as_list())

    async def fleet(_: Request) -> JSONResponse:
        return JSONResponse({"devices": simulation.truth()})

    async def change(request: Request) -> JSONResponse:
        order = ORDER.validate_json(await request.body())
        name = request.path_params["name"]
        await simulation.change(name, silent=order.silent, values=order.set, truth=order.truth)
        return JSONResponse({"device": name})

    async def events(_: Request) -> JSONResponse:
        return JSONResponse(
            {
                name: {**asdict(simulation.progress[name]), "expect": event.expect}
                for name, event in simulation.events.items()
            }
        )

    async def run(request: Request) -> JSONResponse:
        name = request.path_params["name"]
        simulation.run(name)
        return JSONResponse({"event": name}, status_code=202)

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        reason = one_line(error) if isinstance(error, ValidationError) else str(error)
        return JSONResponse({"error": reason}, status_code=422)

    return Starlette(
        routes=[
            Route("/record", record),
            Route("/truth", truth),
            Route("/fleet", fleet),
            Route("/devices/{name}", change, methods=["POST"]),
            Route("/events", events),
            Route("/events/{name}", run, methods=["POST"]),
        ],
        exception_handlers={FleetError: refuse, ValidationError: refuse},
    )
