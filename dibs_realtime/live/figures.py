"""What /metrics tells of the sockets. No label holds an id: there are too many, and they are nobody's business."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class LiveFigures:
    """Counters of one node."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connections = Gauge("dibs_live_connections", "Open connections.", ["caller"], registry=registry)
        self.messages = Counter("dibs_live_messages", "Messages from clients.", ["name"], registry=registry)
        self.sent = Counter("dibs_live_sent", "Messages before fan-out.", ["name"], registry=registry)
        self.deliveries = Counter("dibs_live_deliveries", "Messages times recipients.", registry=registry)
        self.gaps = Counter("dibs_live_gaps", "Gaps in a feed that were healed from PostgreSQL.", registry=registry)
        self.jumps = Counter(
            "dibs_live_jumps", "Feeds that began anew: another epoch, or too far behind.", registry=registry
        )
        self.cut = Counter("dibs_live_cut", "Connections cut, by reason.", ["reason"], registry=registry)
        self.bus_sent = Counter("dibs_live_bus_sent", "Parcels given to Redis.", registry=registry)
        self.bus_dropped = Counter(
            "dibs_live_bus_dropped", "Parcels that Redis did not take; the ledger has them.", registry=registry
        )
        self.bus_restarts = Counter("dibs_live_bus_restarts", "Subscriptions begun anew.", registry=registry)
