"""What operators see while it runs: metrics, health and a status page, on loopback only."""
