"""Prometheus metrics of the service. Labels are closed lists; no text, id or number of a resident is ever a label."""

from prometheus_client import Counter, Gauge, Histogram

TURNS = Counter("yinfawen_turns_total", "Answered turns.", ["channel", "status", "reason", "engine"])
TURN_SECONDS = Histogram(
    "yinfawen_turn_seconds",
    "Seconds from the stored question to the stored answer.",
    ["channel"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
ENGINE_FAILURES = Counter("yinfawen_engine_failures_total", "Turns the dialogue engine did not answer.", ["reason"])
UNSTORED = Counter("yinfawen_unstored_total", "Answers given although the database failed.")
SHED = Counter("yinfawen_shed_total", "Messages answered with the hotlines only, because too many came at once.")
REQUESTS = Counter("yinfawen_http_requests_total", "HTTP requests.", ["route", "method", "code"])
RATE_LIMITED = Counter("yinfawen_rate_limited_total", "Requests refused because of a rate limit.", ["limit"])
CLOCK_DOUBTED = Gauge("yinfawen_clock_doubted", "1 while the clock leapt and old conversations are not erased.")
RELEASE = Gauge("yinfawen_release_info", "1 for the knowledge release in use.", ["release"])
WECHAT_REPLIES = Counter(
    "yinfawen_wechat_replies_total",
    "Deliveries from WeChat: passive, none, repeated, held, late (a link), after (answered later), refused, clock (dated otherwise than ours).",
    ["how"],
)
WECHAT_CALLS = Counter("yinfawen_wechat_calls_total", "Calls to WeChat's interface by errcode.", ["call", "code"])
