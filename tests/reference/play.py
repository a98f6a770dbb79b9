"""Plays scenarios on the reference and on an engine, compares every answer, and makes what differs small."""

import copy
import json
import sys

from answers import Answers
from compare import compare
from model import World
from sums import Sums

# Plays spent on making one difference small.
PATIENCE = 600


def judge(scenario):
    """The reference's answers to the questions of a scenario, in their order."""
    world = World(scenario["start"], scenario["offset"], scenario["sites"])
    answers = []
    for step in scenario["steps"]:
        if "record" in step:
            world.take(step["site"], step["record"])
        elif "clock" in step:
            world.set_offset(step["clock"])
        else:
            world.advance(step["second"])
            asked = step["ask"]
            site = world.sites[step["site"]]
            if asked["what"] == "history":
                answers.append(Sums(site, asked).answer())
            else:
                answers.append(Answers(site, asked.get("filter", {})).answer(asked["what"]))
    return answers


def differences(scenario, player):
    """(label, words, number of the question) of everything that differs."""
    found = []
    is_, should = player(scenario), judge(scenario)
    asked = [step for step in scenario["steps"] if "ask" in step]
    if len(is_) != len(asked):
        return [("player", f"{len(is_)} answers to {len(asked)} questions: {is_}", 0)]
    identities = [{} for _ in scenario["sites"]]
    for n, (step, answer, expected) in enumerate(zip(asked, is_, should)):
        for label, words in compare(step["ask"], answer, expected, identities[step["site"]]):
            found.append((label, words, n))
    return found


def shrink(scenario, label, player):
    """The least that still shows a difference of this label."""
    plays = 0

    def shows(candidate):
        nonlocal plays
        plays += 1
        return any(d[0] == label for d in differences(candidate, player))

    def less(steps, keep):
        """Leaves out ever smaller runs of the steps that need not be kept."""
        nonlocal scenario
        size = max(1, len(steps) // 2)
        while size and plays < PATIENCE:
            at = 0
            while at < len(scenario["steps"]) and plays < PATIENCE:
                cut = [s for n, s in enumerate(scenario["steps"]) if not (at <= n < at + size and not keep(s))]
                candidate = dict(scenario, steps=cut)
                if len(cut) < len(scenario["steps"]) and shows(candidate):
                    scenario = candidate
                else:
                    at += size
            size //= 2

    # Questions first: mostly the one that differs is enough.
    found = next((n for l, _, n in differences(scenario, player) if l == label), None)
    asked = [n for n, s in enumerate(scenario["steps"]) if "ask" in s]
    if found is not None:
        only = [s for n, s in enumerate(scenario["steps"][:asked[found] + 1]) if "ask" not in s or n == asked[found]]
        if shows(dict(scenario, steps=only)):
            scenario = dict(scenario, steps=only)
    less(scenario["steps"], keep=lambda s: "ask" in s)
    less(scenario["steps"], keep=lambda s: "record" in s)
    for n in range(len(scenario["sites"])):
        for member in ("goals", "exclude_paths", "exclude_ips", "exclude_countries", "only_countries", "exclude_bots"):
            candidate = copy.deepcopy(scenario)
            if candidate["sites"][n].pop(member, None) is not None and shows(candidate):
                scenario = candidate
    for step in scenario["steps"]:
        for member in list(step.get("ask", {}).get("filter", {})):
            value = step["ask"]["filter"].pop(member)
            if not shows(scenario):
                step["ask"]["filter"][member] = value
    return scenario


def told(scenario):
    """A scenario in words, for people; the middle of a long one is left out."""
    lines = [f"seed {scenario['seed']}, start {scenario['start']}, offset {scenario['offset']}"]
    lines += [f"site {n}: " + json.dumps({k: v for k, v in site.items() if k not in ("hosts", "home")})
              for n, site in enumerate(scenario["sites"])]
    for step in scenario["steps"]:
        if "record" in step:
            record = step["record"]
            fields = {k: v for k, v in record["fields"].items() if k != "agent"}
            flags = " ".join(record["flags"])
            lines.append(f"+{record['second'] - scenario['start']} site {step['site']} {record['kind']} view {record['view']} "
                         f"n={record['sequence']} {record['peer']} {flags} {json.dumps(fields)} "
                         f"{record['fields'].get('agent', '')[:60]!r}")
        elif "clock" in step:
            lines.append(f"clock: offset {step['clock']}")
        else:
            lines.append(f"+{step['second'] - scenario['start']} site {step['site']} asked {json.dumps(step['ask'])}")
    return "\n".join(lines if len(lines) <= 30 else [*lines[:12], f"… {len(lines) - 24} more …", *lines[-12:]])


def over_pipes(scenario):
    """A player at the other end of standard output and input: a scenario a line, its answers a line."""
    print(json.dumps({"play": scenario}), flush=True)
    line = sys.stdin.readline()
    if not line:
        sys.exit("the player is gone")
    return json.loads(line)["answers"]


def itself(scenario):
    """The reference as its own player: nothing may differ."""
    asked = [step["ask"]["what"] for step in scenario["steps"] if "ask" in step]
    answers = []
    for what, answer in zip(asked, copy.deepcopy(judge(scenario))):
        for n, row in enumerate(answer.get("visitors", []) if what == "visitors" else []):
            row["id"] = str(row["_key"])
        for row in answer.get("events", []):
            row["visitor"] = str(row["_key"]) if row["_key"] else ""
        for row in answer.get("groups", []) if what == "errors" else []:
            row["page"] = min(row["_pages"])
        if what == "pages":
            answer["pages"].sort(key=lambda r: -r["active"])
        answers.append({"ok": True, what: answer})
    return answers
