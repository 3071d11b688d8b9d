"""The alarm of a rule on a subject before anything happened."""

from isthmus.alerting.domain.alarms.alarm import REPORTS, Alarm, alarm_id
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.domain.rules.subject import Subject

ASSETS = "inventory.assets.v1"
"""The stream of the alarms on assets."""
GROUPS_PARTITION = 0
"""Groups span all partitions; who owns this one of the reports judges them."""


def on_source(source: Source, rule: Rule) -> Alarm:
    """On a source of reports."""
    return _blank(
        rule,
        source.name,
        site=source.site,
        path=source.path,
        partition=source.partition,
        asset_class=source.asset_class,
    )


def on_asset(asset: Subject, rule: Rule, partition: int) -> Alarm:
    """On an asset."""
    return _blank(
        rule,
        asset.id,
        site=asset.site,
        path=asset.path,
        partition=partition,
        stream=ASSETS,
        asset_class=asset.asset_class,
    )


def on_group(name: str, site: str, rule: Rule) -> Alarm:
    """On a group of alarms."""
    path = name if name.count("/") > 1 else ""
    return _blank(rule, name, site=site, path=path, partition=GROUPS_PARTITION)


def again(alarm: Alarm, rule: Rule) -> Alarm:
    """On what `alarm` is on."""
    return _blank(
        rule,
        alarm.subject,
        site=alarm.site,
        path=alarm.path,
        partition=alarm.partition,
        stream=alarm.stream,
        asset_class=alarm.asset_class,
    )


def _blank(
    rule: Rule,
    subject: str,
    *,
    site: str,
    path: str,
    partition: int,
    stream: str = REPORTS,
    asset_class: str = "",
) -> Alarm:
    return Alarm(
        id=alarm_id(rule.name, subject),
        rule=rule.name,
        subject=subject,
        site=site,
        path=path,
        priority=rule.priority,
        first_action=rule.first_action,
        watches=rule.watches,
        partition=partition,
        stream=stream,
        rule_version=rule.version,
        consequence=rule.harm,
        runbook=rule.runbook,
        asset_class=asset_class,
    )
