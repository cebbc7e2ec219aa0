"""Load from wrk, which uses little of the two cores that it shares with the platform."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from journey import Person

# Connections that represent clients who arrive independently, and about how long each of their responses takes.
ARRIVING = 200
ANSWER_MS = 20

# Each request has its own key; payer and payee are random.
_TRANSFERS = """
local people = {PEOPLE}
local counter, thread_count = 0, 0
function setup(thread) thread_count = thread_count + 1; thread:set("number", thread_count) end
function init() math.randomseed(number * 7919 + os.time()); run = os.time() .. "-" .. number .. "-" .. math.random(1e9) end
function request()
  counter = counter + 1
  local i = math.random(#people)
  local j = 1 + (i + math.random(0, #people - 2)) % #people
  if i ~= 1 and math.random() < HOT then j = 1 end
  return wrk.format("POST", nil, {
    ["Authorization"] = "Bearer " .. people[i].token, ["Idempotency-Key"] = run .. "-" .. counter,
    ["Content-Type"] = "application/json"
  }, '{"source_wallet_id":"' .. people[i].wallet .. '","target_wallet_id":"' .. people[j].wallet ..
     '","amount":"0.01","currency":"NAD","description":"bench"}')
end
"""
_PAUSES = """
function delay() return math.random(0, 2 * PAUSE_MS) end
"""
_READS = """
function init() wrk.headers["Authorization"] = "Bearer TOKEN" end
"""
_DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write("RESULT " .. string.format(
    '{"requests":%d,"seconds":%f,"failed":%d,"p50_ms":%f,"p99_ms":%f}\\n',
    summary.requests, summary.duration / 1e6, e.status + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """The measurements of wrk: successful requests per second, and latencies in milliseconds."""

    rate: float
    failed: int
    p50_ms: float
    p99_ms: float


def transfers(url: str, people: list[Person], *, connections: int, seconds: int, hot: float = 0.0) -> Load:
    """Each connection sends its next transfer after the response to its last; the share `hot` of all goes to one wallet."""
    return _wrk(f"{url}/api/v1/transfers", _script(people, hot), connections=connections, seconds=seconds)


def arrivals(url: str, people: list[Person], *, per_second: float, seconds: int) -> Load:
    """About `per_second` transfers a second, however long the responses take: many connections that pause at random."""
    pause_ms = max(1, round(1000 * ARRIVING / per_second) - ANSWER_MS)
    script = _script(people, 0.0) + _PAUSES.replace("PAUSE_MS", str(pause_ms))
    return _wrk(f"{url}/api/v1/transfers", script, connections=ARRIVING, seconds=seconds)


def _script(people: list[Person], hot: float) -> str:
    table = ",".join(f'{{token="{person.access_token}",wallet="{person.wallet_id}"}}' for person in people)
    return _TRANSFERS.replace("PEOPLE", table).replace("HOT", str(hot))


def reads(url: str, person: Person, path: str, *, connections: int, seconds: int) -> Load:
    return _wrk(f"{url}{path}", _READS.replace("TOKEN", person.access_token), connections=connections, seconds=seconds)


def _wrk(url: str, script: str, *, connections: int, seconds: int) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "load.lua"
        file.write_text(script + _DONE)
        threads = "2" if connections > 1 else "1"
        command = ["wrk", "-t", threads, "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s", "-s", str(file), url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own arguments
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    seen = json.loads(line.removeprefix("RESULT "))
    return Load((seen["requests"] - seen["failed"]) / seen["seconds"], seen["failed"], seen["p50_ms"], seen["p99_ms"])
