"""A small catalogue for tests: vendors and families of its own, the rules that come with us."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml

from isthmus.normalizer.adapters import catalog as adapter
from isthmus.normalizer.adapters.patterns import compiled, united
from isthmus.normalizer.domain.catalog import Catalog, DeviceClass, Row, Traps, Vendor
from isthmus.normalizer.domain.families import Families, Family, Recogniser

RULES = ("attributes", "classes", "keys", "metrics", "parts", "ranges", "traps")
NO_TRAPS = Traps(
    serials=frozenset(),
    texts=frozenset(),
    uuids=frozenset(),
    mac_prefixes=(),
    card_makers=frozenset(),
    engine_ids=frozenset(),
    application_uris=(),
    hostnames=frozenset(),
)
VENDORS = """
- {name: ABB, aliases: [ABB Ability], version_words: [RobotWare]}
- {name: Cisco, aliases: [Cisco Systems], pens: [9], versions: cisco}
- {name: Danfoss}
- {name: Diebold Nixdorf, pens: [3586]}
- {name: Grundfos}
- {name: Juniper, pens: [2636], versions: junos}
- {name: Lufft, aliases: [G. Lufft]}
- {name: Microsoft, pens: [311]}
- {name: Moxa, pens: [8691], cip: [991], bacnet: [661]}
- {name: Raritan, pens: [13742]}
- {name: Schneider Electric, aliases: [Modicon, Telemecanique], pens: [3833], versions: digits}
- {name: Siemens, pens: [4329], uris: [siemens.com], serial_prefixes: ["S C-"]}
- {name: WAGO, aliases: [WAGO Kontakttechnik], pens: [13576], uris: [wago.com]}
"""
FAMILIES = r"""
- name: cisco-catalyst-9300
  vendor: Cisco
  family: Catalyst 9300
  class: switch
  recognise:
    - {model: '^C9300'}
    - {sysDescr: '^Cisco IOS Software.*CAT9K.*Version (?P<software>[^,]+)'}
  oids: {1.3.6.1.4.1.9.1.2494: C9300-24T}
  cpe: 'o:cisco:ios_xe'
  examples:
    - {says: {vendor: Cisco, model: C9300-48P}}
    - says: {sysDescr: 'Cisco IOS Software [Gibraltar], CAT9K_IOSXE, Version 16.12.5b, X'}
      gives: {software: 16.12.5b}
- name: cisco-ios
  vendor: Cisco
  family: IOS device
  class: router
  oids: {1.3.6.1.4.1.9: ''}
  examples: [{says: {sysObjectID: 1.3.6.1.4.1.9.1.99}}]
- name: danfoss-vlt
  vendor: Danfoss
  family: VLT
  class: drive
  recognise: [{model: '^FC-\d{3}', alone: true}]
  examples: [{says: {model: FC-302}}]
- name: diebold-opteva
  vendor: Diebold Nixdorf
  family: Opteva
  class: atm
  oids: {1.3.6.1.4.1.3586.1: ''}
  examples: [{says: {sysObjectID: 1.3.6.1.4.1.3586.1.2}}]
- name: microsoft-sql-server
  vendor: Microsoft
  family: SQL Server
  class: database
  recognise:
    - {hrSWInstalledName: '^Microsoft SQL Server (?P<model>\d{4}).* (?P<software>\d+\.[\d.]+)'}
  examples: [{says: {hrSWInstalledName: Microsoft SQL Server 2019 (64-bit) 15.0.2000}}]
- name: net-snmp
  family: net-snmp
  class: server
  generic: true
  recognise: [{sysDescr: '^Linux '}]
  oids: {1.3.6.1.4.1.8072.3.2.10: ''}
  examples: [{says: {sysDescr: Linux host 5.10}}]
- name: schneider-m340
  vendor: Schneider Electric
  family: Modicon M340
  class: plc
  recognise: [{order_code: '^BMX ?P34'}, {model: '^BMX ?P34'}, {profile: schneider-m340}]
  cpe: 'o:schneider-electric:modicon_m340_firmware'
  examples:
    - {says: {vendor: Schneider Electric, order_code: BMXP342020}}
    - {says: {vendor: Schneider Electric, model: BMX P34 2020}}
    - {says: {profile: schneider-m340}}
- name: siemens-s7-1500
  vendor: Siemens
  family: SIMATIC S7-1500
  class: plc
  recognise:
    - {order_code: '^6ES7 ?51\d', alone: true}
    - {sysDescr: 'SIMATIC S7, CPU ?(?P<model>15\S+ ?\S*), (?P<order_code>6ES7 [\w-]+)'}
  examples:
    - {says: {order_code: 6ES7 513-1AL02-0AB0}}
    - says: {sysDescr: 'Siemens, SIMATIC S7, CPU1513-1 PN, 6ES7 513-1AL02-0AB0, HW: 3'}
      gives: {model: 1513-1 PN, order_code: 6ES7 513-1AL02-0AB0}
- name: wago-pfc200
  vendor: WAGO
  family: PFC200
  class: plc
  recognise: [{model: '^750-82'}]
  examples: [{says: {vendor: WAGO, model: 750-8214}}]
"""
LIFECYCLE = r"""
- {family: schneider-m340, state: supported_no_date, released: 2007}
- {family: schneider-m340, when: {firmware: '^2\.'}, state: known, end_of_support: 2026-12-31}
- {family: cisco-catalyst-9300, state: known, released: 2017-06, end_of_sale: 2030-10-31}
"""
HEALTH = """
- {name: state, values: {run: normal, ok: normal, stop: check_function, error: failure}}
- {name: state, vendor: Lufft, values: {ok: normal, service_needed: maintenance_required}}
- {name: DeviceHealth, protocol: opcua, values: {0: normal, 1: failure}}
- {name: upsBatteryStatus, protocol: snmp, values: {2: normal, 3: off_spec, 4: failure}}
- {name: shortAlarmStatus, protocol: snmp, bits: {7: failure, 5: off_spec}, otherwise: normal}
- {name: hrDeviceStatus, protocol: snmp, values: {2: normal, 3: maintenance_required}}
- {name: hrPrinterStatus, protocol: snmp, values: {3: normal}}
- name: hrPrinterDetectedErrorState
  protocol: snmp
  octets: {2: maintenance_required, 5: failure}
  otherwise: normal
"""


def sourced(entries: str) -> str:
    """Entries of YAML, each with the page where its facts stand."""
    found = yaml.safe_load(entries)
    return yaml.safe_dump(
        [{**e, "sources": ["a page"], "checked": date(2026, 3, 1)} for e in found]
    )


def written(folder: Path) -> Path:
    """The small catalogue as files in `folder`, a new one."""
    folder.mkdir()
    for name in RULES:
        shutil.copy(adapter.SHIPPED / f"{name}.yaml", folder)
    (folder / "health.yaml").write_text(HEALTH)
    for part, text in (("vendors", VENDORS), ("families", FAMILIES), ("lifecycle", LIFECYCLE)):
        (folder / part).mkdir()
        (folder / part / "all.yaml").write_text(sourced(text))
    return folder


@lru_cache
def small() -> Catalog:
    """The small catalogue, read once."""
    with tempfile.TemporaryDirectory() as folder:
        return adapter.load(written(Path(folder) / "catalog"))


def recogniser(*, alone: bool = False, profile: str = "", **says: str) -> Recogniser:
    """Patterns by the name of what says them."""
    return Recogniser({n: compiled(text) for n, text in says.items()}, alone, profile)


def families(*these: Family) -> Families:
    """Families of a test's own."""
    return Families(these, united)


def bare(
    *these: Family,
    vendors: Iterable[Vendor] = (),
    sources: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
) -> Catalog:
    """A catalogue that knows only these."""
    return Catalog(
        vendors=tuple(vendors),
        classes={"plc": DeviceClass("1", "high"), "switch": DeviceClass("3", "high")},
        sources=sources or {"part": {"vendor": ("vendor",), "model": ("model",)}},
        rows={"chassis": Row("entPhysicalClass", 3)},
        families=families(*these),
        lifecycles={},
        keys=(),
        parts=(),
        health=(),
        metrics=(),
        ranges={},
        traps=NO_TRAPS,
        organisation=lambda mac: "",
    )
