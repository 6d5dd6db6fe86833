"""What orders and trades lean to: order flow, queues, the micro-price, the memory of signs, metaorders' footprints."""
