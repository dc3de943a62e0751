# Three ways to count the directions of a change
from demos.change import numerical_rank
from demos.gauges import effective_rank, stable_rank
from demos.probe import measure

print(f"{'':12}{'numerical':>10}{'stable':>8}{'effective':>10}")
for method in ("lora", "loha", "lokr", "miss", "randlora", "vera", "fourierft", "oft"):
    change = measure(method, {})
    stable, effective = stable_rank(change)["value"], effective_rank(change)["value"]
    print(f"{method:12}{numerical_rank(change):10}{stable:8.1f}{effective:10.1f}")
