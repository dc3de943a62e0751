# A rotation of the inputs keeps every angle between neurons
from demos.gauges import angle_change, gram_change
from demos.probe import measure

for method in ("oft", "boft", "goft", "hra", "ether", "lora"):
    change = measure(method, {})
    cosine, gram = angle_change(change)["value"], gram_change(change)["value"]
    print(
        f"{method:>6}: largest change of a cosine {cosine:8.1e}, of the Gram matrix {gram:8.1e} %"
    )
