#!/usr/bin/env python3
"""Compares an engine with the slow reference on random scenarios; see README.md.

    run.py --seed 7 --count 100     the player is at the other end of standard output and input
    run.py --itself                 the reference plays against itself
    run.py --tell --seed 7          a scenario and the answers it should get, as JSON
"""

import argparse
import json

from play import differences, itself, judge, over_pipes, shrink, told
from scenario import scenario


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="scenarios")
    parser.add_argument("--kinds", type=int, default=12, help="kinds of differences that are made small and told")
    parser.add_argument("--without", nargs="*", default=[], choices=["lost", "late", "rough"],
                        help="events lost, drained late, any trouble of the network")
    parser.add_argument("--only", default="", help="tell differences whose label begins so")
    parser.add_argument("--itself", action="store_true")
    parser.add_argument("--tell", action="store_true")
    asked = parser.parse_args()
    options = {"instants": 9}
    if "lost" in asked.without:
        options["lost"] = 0
    if "late" in asked.without:
        options["late"] = False
    if "rough" in asked.without:
        options["rough"] = 0
    if asked.tell:
        print(json.dumps({"scenario": scenario(asked.seed, options), "answers": judge(scenario(asked.seed, options))},
                         default=str))
        return
    player = itself if asked.itself else over_pipes
    compared, wrong, kinds, counts = 0, 0, {}, {}
    for seed in range(asked.seed, asked.seed + asked.count):
        played = scenario(seed, options)
        compared += sum("ask" in step for step in played["steps"])
        found = differences(played, player)
        wrong += bool(found)
        for label in {d[0] for d in found}:
            counts[label] = counts.get(label, 0) + 1
            if label.startswith(asked.only) and label not in kinds and len(kinds) < asked.kinds:
                small = shrink(played, label, player)
                words = next((w for l, w, _ in differences(small, player) if l == label), "not seen again")
                kinds[label] = f"{words}\n{told(small)}"
    print(json.dumps({"done": {"scenarios": asked.count, "answers": compared, "wrong": wrong, "counts": counts,
                               "differences": list(kinds.values())}}))


if __name__ == "__main__":
    main()
