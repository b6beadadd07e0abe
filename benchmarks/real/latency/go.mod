module latency

go 1.21
