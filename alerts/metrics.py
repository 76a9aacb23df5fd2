"""What repeats in warning, counted."""

from typing import Final

from prometheus_client import Counter

CLAIMED: Final = Counter("gridwarden_deliveries_claimed", "Deliveries claimed by the dispatcher", ["channel"])
SETTLED: Final = Counter("gridwarden_deliveries_settled", "Outcomes of deliveries", ["channel", "outcome"])
LEASES_LOST: Final = Counter("gridwarden_delivery_leases_lost", "Deliveries queued again because their sender died")
TIMERS_FIRED: Final = Counter("gridwarden_alert_timers_fired", "Escalation timers that fired", ["kind"])
LATE_ENTRANTS: Final = Counter("gridwarden_alert_late_entrants", "People who entered the area of an alert in force")
CASES_OPENED: Final = Counter("gridwarden_rule_cases_opened", "Cases that automatic rules opened", ["kind"])
CAP_FETCHES: Final = Counter("gridwarden_cap_fetches", "Fetches of CAP feeds", ["outcome"])
CAP_MESSAGES: Final = Counter("gridwarden_cap_messages", "CAP messages that feeds led to", ["outcome"])
SMS_SEGMENTS: Final = Counter("gridwarden_sms_segments", "Segments by the operator's answer", ["gateway", "verdict"])
SMS_RECEIPTS: Final = Counter("gridwarden_sms_receipts", "Receipts by what they say", ["gateway", "state"])
SMS_INBOUND: Final = Counter("gridwarden_sms_inbound", "Segments that people wrote", ["gateway"])
SMS_CALLBACKS_REFUSED: Final = Counter(
    "gridwarden_sms_callbacks_refused", "Callbacks of gateways that were refused", ["gateway", "reason"]
)
