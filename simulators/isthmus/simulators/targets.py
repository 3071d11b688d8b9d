"""The files that the fleet hands to the services: the targets of each site, and the credentials."""

from pathlib import Path

import yaml

from isthmus.simulators.fleet import EndpointSpec, Fleet


def connection(endpoint: EndpointSpec, port: int) -> dict[str, object]:
    """The connection settings of one target, without a secret."""
    if endpoint.protocol == "opcua":
        return {"protocol": "opcua", "url": f"opc.tcp://{endpoint.address}:{port}"}
    place: dict[str, object] = {
        "protocol": endpoint.protocol,
        "host": endpoint.address,
        "port": port,
    }
    if endpoint.protocol == "modbus":
        return {**place, "units": sorted(endpoint.units) or [endpoint.unit]}
    return {**place, "version": endpoint.target.version, "credential": endpoint.credential}


def seed(endpoint: EndpointSpec, port: int) -> dict[str, object]:
    """One target as the seed file of its site has it."""
    return {
        "target": endpoint.name,
        "path": endpoint.path,
        "interval_s": endpoint.target.interval_s,
        "profile": endpoint.target.profile,
        "endpoint": connection(endpoint, port),
    }


def write(fleet: Fleet, ports: dict[str, int], folder: Path) -> None:
    """Write `<site>.yaml` for each site, and `credentials.yaml`."""
    folder.mkdir(parents=True, exist_ok=True)
    for site in fleet.sites:
        ours = [seed(e, ports[e.protocol]) for e in fleet.endpoints if e.site == site]
        _dump(folder / f"{site}.yaml", {"targets": ours})
    secrets = {
        name: credential.model_dump(exclude_none=True)
        for name, credential in fleet.credentials.items()
    }
    _dump(folder / "credentials.yaml", secrets)


def _dump(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
